//! Whose code each probe of an image is: of the function that holds it and of those that were put into that one there.
//!
//! Invariant: nothing here goes out of range, whatever a file held, as long as [`Owners::holds`].

use crate::plan::{ColumnReader, ColumnWriter};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, Write};

/// The number that means no set of functions.
const NONE: u32 = u32::MAX;

/// The functions of the probes of an image, both counted from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Ascending probes...
    from: Vec<u32>,
    /// ...and the set of functions whose code all probes are from there up to the next.
    sets: Vec<u32>,
    /// Where the list of each set ends in `members`.
    ends: Vec<u32>,
    members: Vec<u32>,
}

/// Makes [`Owners`], each set once.
#[derive(Debug, Default)]
pub struct OwnersBuilder {
    owners: Owners,
    known: HashMap<Vec<u32>, u32>,
}

impl OwnersBuilder {
    /// From a probe on, which is behind those before, it is the code of these functions, which are sorted.
    pub fn push(&mut self, probe: u32, functions: &[u32]) {
        let set = self.set(functions);
        self.push_set(probe, set);
    }

    /// The number of a set.
    fn set(&mut self, functions: &[u32]) -> u32 {
        let owners = &mut self.owners;
        match (functions, self.known.get(functions)) {
            ([], _) => NONE,
            (_, Some(set)) => *set,
            (_, None) => {
                let set = owners.ends.len() as u32;
                owners.members.extend(functions);
                owners.ends.push(owners.members.len() as u32);
                self.known.insert(functions.to_vec(), set);
                set
            }
        }
    }

    fn push_set(&mut self, probe: u32, set: u32) {
        let owners = &mut self.owners;
        if owners.sets.last().copied().unwrap_or(NONE) != set {
            owners.from.push(probe);
            owners.sets.push(set);
        }
    }

    /// What was made.
    pub fn finish(self) -> Owners {
        self.owners
    }
}

impl Owners {
    /// The functions of a set.
    pub fn members(&self, set: u32) -> &[u32] {
        let Some(&end) = self.ends.get(set as usize) else { return &[] };
        let start = (set as usize).checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.members[start as usize..end as usize]
    }

    /// The first probe of each stretch, the one behind its last, and the set of functions whose code it is.
    pub fn stretches(&self, probes: u32) -> impl Iterator<Item = (u32, u32, u32)> {
        let ends = self.from.iter().skip(1).copied().chain([probes]);
        let stretches = self.from.iter().zip(ends).zip(&self.sets);
        stretches.map(|((&start, end), &set)| (start, end, set)).filter(|(.., set)| *set != NONE)
    }

    /// The set of each probe; one beyond all where it is nobody's code.
    pub fn by_probe(&self, probes: u32) -> Vec<u32> {
        let mut sets = vec![NONE; probes as usize];
        for (start, end, set) in self.stretches(probes) {
            sets[start as usize..end as usize].fill(set);
        }
        sets
    }

    /// The highest number of a function and 1.
    pub fn functions(&self) -> u32 {
        self.members.iter().max().map_or(0, |last| last + 1)
    }

    /// The same for those of the probes only that are kept, and of the functions that `number` gives a new number.
    pub fn narrowed(&self, kept: &[bool], number: impl Fn(u32) -> Option<u32>) -> Owners {
        let mut narrowed = OwnersBuilder::default();
        let mut numbers: Vec<Option<u32>> = vec![None; self.ends.len()];
        let count = |kept: &[bool]| kept.iter().filter(|kept| **kept).count() as u32;
        let before = self.from.first().map_or(0, |first| *first as usize);
        let mut next = count(&kept[..before]);
        let ends = self.from.iter().skip(1).map(|end| *end as usize).chain([kept.len()]);
        for ((&start, end), &set) in self.from.iter().zip(ends).zip(&self.sets) {
            let kept_here = count(&kept[start as usize..end]);
            if kept_here == 0 {
                continue;
            }
            let narrowed_set = match numbers.get(set as usize) {
                None => NONE,
                Some(Some(number)) => *number,
                Some(None) => {
                    let mut functions: Vec<u32> = self.members(set).iter().filter_map(|of| number(*of)).collect();
                    functions.sort_unstable();
                    functions.dedup();
                    let number = narrowed.set(&functions);
                    numbers[set as usize] = Some(number);
                    number
                }
            };
            narrowed.push_set(next, narrowed_set);
            next += kept_here;
        }
        narrowed.finish()
    }

    /// Whether it fits so many probes and functions.
    pub fn holds(&self, probes: usize, functions: usize) -> bool {
        self.from.len() == self.sets.len()
            && self.from.is_sorted_by(|a, b| a < b)
            && self.from.last().is_none_or(|last| (*last as usize) <= probes)
            && self.sets.iter().all(|&set| set == NONE || (set as usize) < self.ends.len())
            && self.ends.is_sorted()
            && self.ends.last().copied().unwrap_or(0) as usize == self.members.len()
            && self.members.iter().all(|&function| (function as usize) < functions)
    }

    /// Writes it as columns of a plan.
    ///
    /// # Errors
    /// Those of what the columns go to.
    pub fn put<W: Write>(&self, columns: &mut ColumnWriter<W>) -> io::Result<()> {
        columns.numbers32(self.from.iter().copied())?;
        columns.numbers32(self.sets.iter().copied())?;
        columns.numbers32(self.ends.iter().copied())?;
        columns.numbers32(self.members.iter().copied())
    }

    /// What was written; it may not hold.
    pub fn taken(columns: &mut ColumnReader<'_>) -> Option<Owners> {
        Some(Owners {
            from: columns.numbers32()?.collect(),
            sets: columns.numbers32()?.collect(),
            ends: columns.numbers32()?.collect(),
            members: columns.numbers32()?.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 8 probes: nobody's, two of 0, one of 0 and 2, two of 0, nobody's, one of 1.
    fn owners() -> Owners {
        let mut builder = OwnersBuilder::default();
        let stretches: [(u32, &[u32]); 6] = [(1, &[0]), (3, &[0, 2]), (4, &[0]), (5, &[0]), (6, &[]), (7, &[1])];
        stretches.iter().for_each(|(probe, functions)| builder.push(*probe, functions));
        builder.finish()
    }

    fn of(owners: &Owners, probes: u32) -> Vec<Vec<u32>> {
        owners.by_probe(probes).into_iter().map(|set| owners.members(set).to_vec()).collect()
    }

    #[test]
    fn each_probe_has_the_functions_whose_code_it_is() {
        let owners = owners();
        assert!(owners.holds(8, 3) && !owners.holds(6, 3) && !owners.holds(8, 2));
        assert_eq!(owners.functions(), 3);
        assert_eq!(of(&owners, 8), [vec![], vec![0], vec![0], vec![0, 2], vec![0], vec![0], vec![], vec![1]]);
        assert_eq!(owners.ends.len(), 3, "each set is there once");
    }

    #[test]
    fn those_that_are_kept_have_new_numbers() {
        let kept = [true, false, true, true, true, false, false, true];
        let number = |function: u32| [Some(5), None, Some(1)][function as usize];
        let narrowed = owners().narrowed(&kept, number);
        assert_eq!(of(&narrowed, 5), [vec![], vec![5], vec![1, 5], vec![5], vec![]]);
        assert_eq!(owners().narrowed(&[false; 8], number), Owners::default());
    }

    #[test]
    fn what_is_damaged_does_not_hold() {
        let mut columns = ColumnWriter::to(Vec::new());
        owners().put(&mut columns).unwrap();
        let bytes = columns.finish().unwrap();
        assert_eq!(Owners::taken(&mut ColumnReader(&bytes)), Some(owners()));
        let broken = [
            Owners { sets: vec![0], ..owners() },
            Owners { from: vec![3, 3, 4, 5, 6], ..owners() },
            Owners { ends: vec![3, 2, 4], ..owners() },
            Owners { ends: vec![], ..owners() },
            Owners { members: vec![0, 0, 2], ..owners() },
        ];
        assert!(broken.iter().all(|owners| !owners.holds(8, 3)));
    }
}
