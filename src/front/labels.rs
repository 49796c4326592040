//! The labels of a run: what is found of where it takes place, and what the user says of it.

use crate::store::LabelValues;
use platform::{Pid, surroundings};

/// The labels of a run that measures these processes. What the user gave wins; what is not the same for all of them is left
/// out.
pub(super) fn labels(given: &LabelValues, pids: &[Pid]) -> LabelValues {
    let found = [
        ("host", surroundings::node_name()),
        ("boot_id", surroundings::boot_id()),
        ("container", common(pids, surroundings::container)),
        ("service", common(pids, surroundings::service)),
    ];
    let found = found.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    found.chain(given.clone()).collect()
}

/// What is found of all processes, if it is the same.
fn common(pids: &[Pid], find: fn(Pid) -> Option<String>) -> Option<String> {
    let (first, others) = pids.split_first()?;
    find(*first).filter(|found| others.iter().all(|pid| find(*pid).as_ref() == Some(found)))
}
