//! The fewest contexts that together ran what all did, as far as a greedy choice finds them.
//!
//! Invariant: what the chosen ones ran, with what ran in none, is what all ran.

use super::shared_sets::{Contexts, SharedSet};
use crate::store::Numbits;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A context that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its position among the contexts.
    pub context: usize,
    /// How many lines it adds to what those before it ran.
    pub adds: u64,
}

/// What a context adds at most, how long it took, and which it is: the greatest comes first.
type Candidate = (u64, Reverse<i64>, Reverse<usize>);

/// Chooses contexts, each time the one that adds most, of several that which takes the least time.
pub fn smallest(contexts: &Contexts) -> Vec<Chosen> {
    let by_context = contexts.by_context();
    let mut covered = vec![Numbits::default(); contexts.files.len()];
    let cover = |covered: &mut Vec<Numbits>, ran: &[(usize, &SharedSet)]| {
        ran.iter().for_each(|(file, set)| covered[*file].union_with(&set.lines));
    };
    let candidate = |context: usize, adds: u64| (adds, Reverse(contexts.rows[context].millis), Reverse(context));
    let mut open: BinaryHeap<Candidate> = BinaryHeap::new();
    for (context, (row, ran)) in contexts.rows.iter().zip(&by_context).enumerate() {
        match row.label.is_empty() {
            // What runs in no context does so whatever is chosen.
            true => cover(&mut covered, ran),
            false => open.push(candidate(context, u64::MAX)),
        }
    }
    let mut chosen = Vec::new();
    while let Some((_, _, Reverse(context))) = open.pop() {
        let ran = &by_context[context];
        let adds = ran.iter().map(|(file, set)| set.lines.difference(&covered[*file]).len()).sum();
        if adds == 0 {
            continue;
        }
        // What it adds may have become less since it was put there, but that of no other has become more.
        let again = candidate(context, adds);
        if open.peek().is_some_and(|next| *next > again) {
            open.push(again);
            continue;
        }
        cover(&mut covered, ran);
        chosen.push(Chosen { context, adds });
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::ContextRow;

    fn contexts(of: &[(&str, i64, &[u32])]) -> Contexts {
        let row = |(label, millis, _): &(&str, i64, &[u32])| ContextRow {
            label: (*label).to_owned(),
            millis: *millis,
            ..ContextRow::default()
        };
        let set = |(number, (_, _, lines)): (u32, &(&str, i64, &[u32]))| SharedSet {
            lines: lines.iter().copied().collect(),
            contexts: vec![number],
            ..SharedSet::default()
        };
        Contexts { rows: of.iter().map(row).collect(), files: vec![(0..).zip(of).map(set).collect()] }
    }

    #[test]
    fn each_choice_adds_most_of_what_is_left() {
        let chosen = |of: &[(&str, i64, &[u32])]| {
            let chosen = smallest(&contexts(of)).into_iter();
            chosen.map(|chosen| (of[chosen.context].0.to_owned(), chosen.adds)).collect::<Vec<_>>()
        };
        let all = [("", 0, &[1, 2][..]), ("a", 9, &[1, 3, 4, 5]), ("b", 9, &[3, 4]), ("c", 9, &[5, 6]), ("d", 9, &[2])];
        assert_eq!(chosen(&all), [("a".to_owned(), 3), ("c".to_owned(), 1)]);
        assert_eq!(chosen(&[("slow", 9, &[1]), ("fast", 1, &[1])]), [("fast".to_owned(), 1)]);
        assert_eq!(chosen(&[("", 0, &[1])]), []);
    }
}
