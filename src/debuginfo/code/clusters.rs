//! Functions that overlap, and what is known of where they jump.
//!
//! Invariant: clusters are disjoint and in order of address, each within one range of the text.

use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::text::{Text, TextRange};
use rayon::slice::ParallelSliceMut;

/// Functions that overlap.
pub(crate) struct Cluster {
    pub(crate) range: TextRange,
    pub(crate) end: Svma,
    /// Where its functions start, sorted without duplicates; the cluster starts with the first.
    pub(crate) starts: Vec<Svma>,
    pub(crate) jumps: Jumps,
}

/// The jumps of a cluster that do not tell where they go.
#[derive(Default)]
pub(crate) struct Jumps {
    /// Whether some go where a variable or a sum says.
    pub(crate) anywhere: bool,
    /// Whether some go where an element of an array of addresses says.
    pub(crate) by_array: bool,
    /// Those of them that go through a register, loaded by the instruction before: who comes in at one of them brings
    /// something else in that register.
    pub(crate) loaded: Vec<Svma>,
}

impl Cluster {
    pub(crate) fn start(&self) -> Svma {
        self.starts[0]
    }

    /// Whether one of `addresses`, which are sorted, is in it and no function's start.
    pub(crate) fn has_one_inside(&self, addresses: &[Svma]) -> bool {
        let first = addresses.partition_point(|address| *address <= self.start());
        let inside = addresses[first..].iter().take_while(|address| **address < self.end);
        inside.into_iter().any(|address| self.starts.binary_search(address).is_err())
    }
}

/// The clusters of functions given as (start, end), in order of address; of those that are not to be kept only their
/// functions, each up to where the next one starts.
pub(crate) fn clusters(
    mut functions: Vec<(Svma, Svma)>,
    text: &Text<'_>,
    is_kept: impl Fn(&Cluster) -> bool,
) -> (Vec<Cluster>, Vec<(Svma, Svma)>) {
    /// No honest function is longer; what lies behind belongs to none.
    const LONGEST: u64 = 1 << 30;
    functions.par_sort_unstable();
    let (mut kept, mut passed) = (Vec::new(), Vec::new());
    let mut finish = |cluster: Cluster| {
        if is_kept(&cluster) {
            kept.push(cluster);
        } else {
            let ends = cluster.starts.iter().skip(1).copied().chain([cluster.end]);
            passed.extend(cluster.starts.iter().copied().zip(ends));
        }
    };
    let mut last: Option<Cluster> = None;
    let mut places = text.ranges().iter().peekable();
    for (start, end) in functions {
        while places.next_if(|place| place.end <= start).is_some() {}
        let Some(place) = places.peek() else { break };
        let end = end.min(place.end).min(Svma(start.0.saturating_add(LONGEST)));
        if start < place.start || end <= start {
            continue;
        }
        match &mut last {
            Some(last) if start < last.end => {
                last.end = last.end.max(end).min(Svma(last.start().0.saturating_add(LONGEST)));
                if last.starts.last() != Some(&start) {
                    last.starts.push(start);
                }
            }
            Some(_) | None => {
                let next = Cluster { range: **place, end, starts: vec![start], jumps: Jumps::default() };
                last.replace(next).into_iter().for_each(&mut finish);
            }
        }
    }
    last.into_iter().for_each(finish);
    (kept, passed)
}
