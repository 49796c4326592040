//! Names of functions and files as formats can hold them.
//!
//! Invariant: of the functions of a source, no two come out with one name.

use crate::store::FunctionFacts;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The functions with names that are theirs alone: where several share one, their lines tell them apart.
///
/// `plain` makes of a name what the format can hold.
pub(super) fn unique_names(
    functions: &BTreeSet<FunctionFacts>,
    plain: impl Fn(&str) -> String,
) -> Vec<(String, &FunctionFacts)> {
    let plain: Vec<String> = functions.iter().map(|function| plain(&function.name)).collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in &plain {
        *uses.entry(name).or_default() += 1;
    }
    // A name that is used once stays, whatever the others are made into.
    let mut taken: HashSet<String> = plain.iter().filter(|name| uses[name.as_str()] == 1).cloned().collect();
    let unique = |(name, function): (&String, &FunctionFacts)| {
        if uses[name.as_str()] == 1 {
            return name.clone();
        }
        let (start, end) = (function.start, function.end);
        let by_line = [format!("{name}@{start}"), format!("{name}@{start}-{end}")];
        let by_number = (2u32..).map(|number| format!("{name}@{start}-{end}#{number}"));
        let mut candidates = by_line.into_iter().chain(by_number);
        candidates
            .find(|candidate| taken.insert(candidate.clone()))
            .expect("invariant: there are more numbers than functions")
    };
    let names: Vec<String> = plain.iter().zip(functions).map(unique).collect();
    names.into_iter().zip(functions).collect()
}

/// A text of one line, whatever a program or a file system made of it.
pub(super) fn without_controls(text: &str) -> String {
    text.replace(char::is_control, "_")
}
