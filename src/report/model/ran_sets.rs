//! What ran of a source in each context, where equal sets of lines and functions are kept once: tests of a suite have much
//! in common.
//!
//! Invariants: a set is kept as long as a context has it; what a context has does not depend on the order in which it came.

use crate::store::{FileFacts, FunctionFacts, Hits, Numbits};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Lines and functions of a source that ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RanSet {
    pub lines: Numbits,
    /// By the numbers that the source gave them.
    pub functions: Numbits,
}

/// What ran of a source, by the number of the context.
#[derive(Clone, Debug, Default)]
pub(super) struct RanOfSource {
    known: HashSet<Arc<RanSet>>,
    by_context: BTreeMap<u32, Arc<RanSet>>,
    /// The numbers of functions, by the line where they start and their names.
    functions: BTreeMap<(u32, String), u32>,
}

/// The numbers that a source gave to the functions that an image has of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    /// Those that the image has itself.
    Same,
    /// By the image's own.
    Other(Vec<u32>),
}

impl RanOfSource {
    /// Gives numbers to the functions that an image has of the source.
    pub(super) fn number(&mut self, facts: &FileFacts) -> Numbering {
        let number = |function: &FunctionFacts| {
            let next = self.functions.len() as u32;
            *self.functions.entry((function.start, function.name.clone())).or_insert(next)
        };
        let numbers: Vec<u32> = facts.functions.iter().map(number).collect();
        if numbers.iter().copied().eq(0..numbers.len() as u32) { Numbering::Same } else { Numbering::Other(numbers) }
    }

    /// The number of a function.
    pub(super) fn number_of(&self, start: u32, name: &str) -> Option<u32> {
        self.functions.get(&(start, name.to_owned())).copied()
    }

    /// Adds what ran in a context.
    pub(super) fn add(&mut self, context: u32, hits: &Hits, numbering: &Numbering) {
        let functions = match numbering {
            Numbering::Same => hits.functions.clone(),
            Numbering::Other(numbers) => {
                hits.functions.iter().filter_map(|number| numbers.get(number as usize).copied()).collect()
            }
        };
        let before = self.by_context.get(&context);
        if before.is_some_and(|set| set.lines.has_all(&hits.lines) && set.functions.has_all(&functions)) {
            return;
        }
        let mut set = before.map_or_else(RanSet::default, |set| (**set).clone());
        set.lines.union_with(&hits.lines);
        set.functions.union_with(&functions);
        let set = match self.known.get(&set) {
            Some(known) => known.clone(),
            None => {
                let set = Arc::new(set);
                self.known.insert(set.clone());
                set
            }
        };
        let of_nobody = |set: &Arc<RanSet>| Arc::strong_count(set) == 2;
        if let Some(before) = self.by_context.insert(context, set).filter(of_nobody) {
            self.known.remove(&before);
        }
    }

    /// What ran in a context.
    pub(super) fn of(&self, context: u32) -> Option<&RanSet> {
        self.by_context.get(&context).map(|set| &**set)
    }

    /// The sets, each with its contexts.
    pub(super) fn sets(&self) -> Vec<(&RanSet, Vec<u32>)> {
        let mut places: HashMap<*const RanSet, usize> = HashMap::new();
        let mut sets: Vec<(&RanSet, Vec<u32>)> = Vec::new();
        for (context, set) in &self.by_context {
            let place = *places.entry(Arc::as_ptr(set)).or_insert(sets.len());
            match sets.get_mut(place) {
                Some((_, contexts)) => contexts.push(*context),
                None => sets.push((set, vec![*context])),
            }
        }
        sets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sample;

    fn hits(lines: &[u32], functions: &[u32]) -> Hits {
        Hits { functions: functions.iter().copied().collect(), ..sample::hits(0, 0, 0, lines) }
    }

    #[test]
    fn equal_sets_are_kept_once_and_only_while_they_are_used() {
        let mut source = RanOfSource::default();
        for (context, lines) in [(7, &[1, 2][..]), (3, &[2]), (5, &[1, 2]), (3, &[1]), (9, &[40]), (9, &[2, 40])] {
            source.add(context, &hits(lines, &[]), &Numbering::Same);
        }
        let sets: Vec<(Vec<u32>, Vec<u32>)> =
            source.sets().into_iter().map(|(set, contexts)| (set.lines.iter().collect(), contexts)).collect();
        assert_eq!(sets, [(vec![1, 2], vec![3, 5, 7]), (vec![2, 40], vec![9])]);
        assert_eq!(source.known.len(), 2, "those of before are gone");
        assert_eq!((source.of(9).unwrap().lines.len(), source.of(1)), (2, None));
    }

    #[test]
    fn functions_of_several_images_have_one_number() {
        let file = |names: &[&str]| {
            let functions = names.iter().zip([4, 8, 9]);
            let function =
                |(name, start): (&&str, u32)| FunctionFacts { start, end: start, name: (*name).to_owned(), told: true };
            let mut file = sample::record().images[0].files[0].clone();
            file.functions = functions.map(function).collect();
            file
        };
        let mut source = RanOfSource::default();
        assert_eq!(source.number(&file(&["one", "two"])), Numbering::Same);
        let other = source.number(&file(&["one", "second", "three"]));
        assert_eq!(other, Numbering::Other(vec![0, 2, 3]));
        source.add(0, &hits(&[4], &[0, 1]), &Numbering::Same);
        source.add(0, &hits(&[4], &[2]), &other);
        assert_eq!(source.of(0).unwrap().functions.iter().collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!((source.number_of(9, "three"), source.number_of(9, "one")), (Some(3), None));
    }
}
