//! Whose code each probe of an image is: of the function that holds it and of those that were put into that one there.
//!
//! Invariant: nothing here goes out of range, whatever a file held, as long as [`Owners::holds`].

use crate::plan::{ColumnReader, ColumnWriter};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// The number that means no set of functions.
const NONE: u32 = u32::MAX;

/// The functions of the probes of an image, both counted from 0. A set of functions is another set and one function more,
/// as functions that were put into one another are: what many sets share is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owners {
    /// Ascending probes...
    from: Vec<u32>,
    /// ...and the set of functions whose code all probes are from there up to the next.
    sets: Vec<u32>,
    /// The set that each set adds a function to, which is before it; [`NONE`] for that of one function.
    outer: Vec<u32>,
    /// The function that each set adds.
    added: Vec<u32>,
}

/// Makes [`Owners`]. Sets of the same functions that are not side by side are not made one: of the millions of functions
/// that are put into others, hardly two are in the same ones.
#[derive(Debug, Default)]
pub struct OwnersBuilder {
    owners: Owners,
    /// The functions that were pushed last, and the set up to each.
    last: Vec<(u32, u32)>,
}

impl OwnersBuilder {
    /// From a probe on, which is behind those before, it is the code of these functions: of each inside the one before.
    pub fn push(&mut self, probe: u32, functions: impl IntoIterator<Item = u32>) {
        let (mut depth, mut set) = (0, NONE);
        for function in functions {
            match self.last.get(depth) {
                Some(&(same, up_to)) if same == function => set = up_to,
                Some(_) | None => {
                    self.last.truncate(depth);
                    set = self.with(set, function);
                    self.last.push((function, set));
                }
            }
            depth += 1;
        }
        self.last.truncate(depth);
        self.push_set(probe, set);
    }

    /// A set and one function more, unless it has that.
    fn with(&mut self, outer: u32, function: u32) -> u32 {
        if self.owners.members(outer).any(|member| member == function) {
            return outer;
        }
        self.owners.outer.push(outer);
        self.owners.added.push(function);
        self.owners.added.len() as u32 - 1
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
    /// The functions of a set, from the innermost outwards.
    pub fn members(&self, set: u32) -> impl Iterator<Item = u32> + Clone {
        let at = |set: u32| Some((set, *self.added.get(set as usize)?));
        std::iter::successors(at(set), move |(set, _)| at(self.outer[*set as usize])).map(|(_, function)| function)
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
        self.added.iter().max().map_or(0, |last| last + 1)
    }

    /// The same for those of the probes only that are kept, and of the functions that `number` gives a new number.
    pub fn narrowed(&self, kept: &[bool], number: impl Fn(u32) -> Option<u32>) -> Owners {
        let mut narrowed = OwnersBuilder::default();
        let count = |kept: &[bool]| kept.iter().filter(|kept| **kept).count() as u32;
        let ends = self.from.iter().skip(1).map(|end| *end as usize).chain([kept.len()]);
        let stretches = self.from.iter().zip(ends).zip(&self.sets);
        let stretches: Vec<(u32, u32)> =
            stretches.map(|((&start, end), &set)| (set, count(&kept[start as usize..end]))).collect();
        let sets = self.renumbered(&stretches, number, &mut narrowed);
        let mut next = count(&kept[..self.from.first().map_or(0, |first| *first as usize)]);
        for (set, kept_here) in stretches.into_iter().filter(|(_, kept_here)| *kept_here > 0) {
            narrowed.push_set(next, sets.get(set as usize).copied().unwrap_or(NONE));
            next += kept_here;
        }
        narrowed.finish()
    }

    /// What the sets are among those of `narrowed`, as far as these stretches need them: a set and a number of probes each.
    fn renumbered(
        &self,
        stretches: &[(u32, u32)],
        number: impl Fn(u32) -> Option<u32>,
        narrowed: &mut OwnersBuilder,
    ) -> Vec<u32> {
        let mut needed = vec![false; self.added.len()];
        for (set, _) in stretches.iter().filter(|(_, kept)| *kept > 0) {
            needed.get_mut(*set as usize).into_iter().for_each(|needed| *needed = true);
        }
        for set in (0..needed.len()).rev().filter(|set| self.outer[*set] != NONE) {
            needed[self.outer[set] as usize] |= needed[set];
        }
        let mut sets: Vec<u32> = Vec::with_capacity(self.added.len());
        for ((&outer, &function), needed) in self.outer.iter().zip(&self.added).zip(needed) {
            let outer = sets.get(outer as usize).copied().unwrap_or(NONE);
            let function = number(function).filter(|_| needed);
            sets.push(function.map_or(outer, |function| narrowed.with(outer, function)));
        }
        sets
    }

    /// Whether it fits so many probes and functions.
    pub fn holds(&self, probes: usize, functions: usize) -> bool {
        self.from.len() == self.sets.len()
            && self.from.is_sorted_by(|a, b| a < b)
            && self.from.last().is_none_or(|last| (*last as usize) <= probes)
            && self.sets.iter().all(|&set| set == NONE || (set as usize) < self.added.len())
            && self.outer.len() == self.added.len()
            && (0..).zip(&self.outer).all(|(set, &outer)| outer == NONE || outer < set)
            && self.added.iter().all(|&function| (function as usize) < functions)
    }

    /// Writes it as columns of a plan.
    ///
    /// # Errors
    /// Those of what the columns go to.
    pub fn put<W: Write>(&self, columns: &mut ColumnWriter<W>) -> io::Result<()> {
        columns.numbers32(self.from.iter().copied())?;
        columns.numbers32(self.sets.iter().copied())?;
        columns.numbers32(self.outer.iter().copied())?;
        columns.numbers32(self.added.iter().copied())
    }

    /// What was written; it may not hold.
    pub fn taken(columns: &mut ColumnReader<'_>) -> Option<Owners> {
        Some(Owners {
            from: columns.numbers32()?,
            sets: columns.numbers32()?,
            outer: columns.numbers32()?,
            added: columns.numbers32()?,
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
        stretches.iter().for_each(|(probe, functions)| builder.push(*probe, functions.iter().copied()));
        builder.finish()
    }

    fn of(owners: &Owners, probes: u32) -> Vec<Vec<u32>> {
        owners.by_probe(probes).into_iter().map(|set| owners.members(set).collect()).collect()
    }

    #[test]
    fn each_probe_has_the_functions_whose_code_it_is() {
        let owners = owners();
        assert!(owners.holds(8, 3) && !owners.holds(6, 3) && !owners.holds(8, 2));
        assert_eq!(owners.functions(), 3);
        assert_eq!(of(&owners, 8), [vec![], vec![0], vec![0], vec![2, 0], vec![0], vec![0], vec![], vec![1]]);
        assert_eq!(owners.added.len(), 3, "each set is there once");
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
    fn a_function_that_is_inside_itself_counts_once() {
        let mut builder = OwnersBuilder::default();
        builder.push(0, [0, 1, 0, 2]);
        builder.push(1, [0, 1, 0]);
        builder.push(2, [0, 1, 1]);
        let owners = builder.finish();
        assert_eq!(of(&owners, 3), [vec![2, 1, 0], vec![1, 0], vec![1, 0]]);
        assert_eq!(of(&owners.narrowed(&[true; 3], |function| Some(function / 2)), 3), [vec![1, 0], vec![0], vec![0]]);
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
            Owners { outer: vec![NONE, 1, NONE], ..owners() },
            Owners { outer: vec![], ..owners() },
            Owners { added: vec![0, 2, 3], ..owners() },
        ];
        assert!(broken.iter().all(|owners| !owners.holds(8, 3)));
    }
}
