//! What constants and variables hold, with those that they refer to, as far as it does not depend on where they are.
//!
//! Invariant: each object is read once; those that lead to each other in a circle have what all of them hold.

use super::program::{Found, Program};
use super::rust_lines;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::linked::{Holds, LoadedSection, NamedRange, Target};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use rayon::prelude::*;
use std::collections::HashMap;
use twox_hash::XxHash3_64;

/// What the objects are that something refers to.
pub(super) struct Objects {
    /// Where they start, in order, and the hash of each with all that it leads to.
    hashes: Vec<(Svma, u64)>,
    /// What each of them refers to itself, by its number.
    pointers: Vec<(u32, Svma)>,
}

/// An object without those that it leads to.
struct Object {
    /// The hash of what it holds itself.
    own: u64,
    /// The objects that it refers to, by number, and how far behind the start of each.
    leads_to: Vec<(u32, u64)>,
    /// The addresses in it.
    pointers: Vec<Svma>,
}

impl Objects {
    /// Reads all objects of a program that something refers to.
    ///
    /// # Errors
    /// If the budget is used up.
    pub fn of(program: &Program<'_>, budget: &mut Budget) -> Result<Self, IndexError> {
        let found = program.starts.par_iter().filter_map(|at| {
            let section = program.section_at(*at)?;
            Some(program.object_at(*at, section))
        });
        let mut ranges: Vec<NamedRange<'_>> = found.collect();
        ranges.par_sort_unstable_by_key(|range| range.start);
        ranges.dedup_by_key(|range| range.start);
        let number = |start: Svma| ranges.binary_search_by_key(&start, |range| range.start).ok();
        let read = |budget: &mut Budget, range: &NamedRange<'_>| {
            budget.spend(usize::try_from(range.end.0.saturating_sub(range.start.0)).unwrap_or(usize::MAX))?;
            Ok(Object::read(program, *range, &number))
        };
        let objects: Result<Vec<Object>, IndexError> = ranges.par_iter().map_init(|| budget.share(), read).collect();
        let objects = objects?;
        let hashes = with_all_they_lead_to(&objects);
        let pointers = (0..).zip(&objects);
        let pointers = pointers.flat_map(|(number, object)| object.pointers.iter().map(move |to| (number, *to)));
        Ok(Objects {
            hashes: ranges.iter().map(|range| range.start).zip(hashes).collect(),
            pointers: pointers.collect(),
        })
    }

    /// The addresses that objects refer to, each with the number of the object.
    pub fn pointers(&self) -> &[(u32, Svma)] {
        &self.pointers
    }

    /// The number of the object that is at an address.
    pub fn number_around(&self, program: &Program<'_>, address: Svma) -> Option<usize> {
        let section = program.section_at(address)?;
        let start = program.object_at(address, section).start;
        self.hashes.binary_search_by_key(&start, |(start, _)| *start).ok()
    }

    /// The hash of an object.
    fn hash(&self, start: Svma) -> u64 {
        self.hashes.binary_search_by_key(&start, |(start, _)| *start).map_or(0, |at| self.hashes[at].1)
    }

    /// Adds to what is hashed what is at an address of a section.
    pub fn put(&self, program: &Program<'_>, address: Svma, section: &LoadedSection<'_>, to: &mut Vec<u8>) {
        let start = program.object_at(address, section).start;
        to.extend(self.hash(start).to_le_bytes());
        to.extend((address.0 - start.0).to_le_bytes());
    }
}

impl Object {
    /// Reads an object; `number` gives that of the one which starts at an address.
    fn read(program: &Program<'_>, range: NamedRange<'_>, number: &impl Fn(Svma) -> Option<usize>) -> Self {
        let (mut bytes, mut leads_to, mut pointers) = (Vec::new(), Vec::new(), Vec::new());
        let section = program.section_at(range.start);
        if section.is_some_and(|section| section.holds == Holds::Variables) {
            bytes.extend_from_slice(range.name);
            bytes.extend(range.end.0.saturating_sub(range.start.0).to_le_bytes());
        }
        let stored = section.map(|section| section.stored(&range)).unwrap_or_default();
        let (words, len) = program.pointers(&range, stored);
        let stored = rust_lines::removed(program, &range, &words, stored);
        let mut taken = 0;
        for &(place, target) in &words {
            let at = (place.0 - range.start.0) as usize;
            let Some(before) = stored.get(taken..at) else { continue };
            bytes.extend_from_slice(before);
            taken = at + len;
            let found = match target {
                Target::Import(name, distance) => Found::Import(name, distance),
                Target::Address(address) => {
                    pointers.push(address);
                    program.find(address)
                }
            };
            match (found, target) {
                (Found::Data(section), Target::Address(address)) => {
                    let start = program.object_at(address, section).start;
                    bytes.push(1);
                    leads_to.extend(number(start).map(|number| (number as u32, address.0 - start.0)));
                }
                (found, _) => program.put_code(&found, &mut bytes),
            }
        }
        // What fills the room up to the next one depends on where that is.
        let rest = if range.name.is_empty() { without_filling(&stored) } else { &stored };
        bytes.extend_from_slice(rest.get(taken..).unwrap_or_default());
        Object { own: XxHash3_64::oneshot(&bytes), leads_to, pointers }
    }
}

/// Without the zeros at the end.
fn without_filling(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
}

/// The hash of each object with all that it leads to.
fn with_all_they_lead_to(objects: &[Object]) -> Vec<u64> {
    const ROUNDS: usize = 4;
    let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(objects.len(), 0);
    let nodes: Vec<_> = objects.iter().map(|_| graph.add_node(())).collect();
    for (from, object) in nodes.iter().zip(objects) {
        for (to, _) in &object.leads_to {
            graph.add_edge(*from, nodes[*to as usize], ());
        }
    }
    let mut hashes = vec![0; objects.len()];
    let mut circle_of: Vec<u32> = vec![u32::MAX; objects.len()];
    // What others lead to comes before them.
    for (circle, members) in (0..).zip(kosaraju_scc(&graph)) {
        let members: Vec<usize> = members.iter().map(|member| member.index()).collect();
        members.iter().for_each(|member| circle_of[*member] = circle);
        let hash = |member: usize, within: &HashMap<usize, u64>| {
            let Object { own, leads_to, .. } = &objects[member];
            let mut bytes = own.to_le_bytes().to_vec();
            for (to, distance) in leads_to {
                let is_of_circle = circle_of[*to as usize] == circle;
                let hash: u64 = match is_of_circle {
                    true => within.get(&(*to as usize)).copied().unwrap_or_default(),
                    false => hashes[*to as usize],
                };
                bytes.extend(hash.to_le_bytes());
                bytes.extend(distance.to_le_bytes());
            }
            XxHash3_64::oneshot(&bytes)
        };
        // Each round tells those apart that lead to others which the round before told apart.
        let mut within = HashMap::new();
        for _ in 0..if members.len() > 1 { ROUNDS } else { 1 } {
            within = members.iter().map(|member| (*member, hash(*member, &within))).collect();
        }
        let of_members: Vec<u64> = members.iter().map(|member| within[member]).collect();
        let mut of_circle = of_members.clone();
        of_circle.sort_unstable();
        let of_circle: Vec<u8> = of_circle.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let of_circle = XxHash3_64::oneshot(&of_circle);
        for (member, own) in members.iter().zip(of_members) {
            hashes[*member] = XxHash3_64::oneshot_with_seed(of_circle, &own.to_le_bytes());
        }
    }
    hashes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(objects: &[(u64, &[u32])]) -> Vec<u64> {
        let object = |(own, leads_to): &(u64, &[u32])| Object {
            own: *own,
            leads_to: leads_to.iter().map(|to| (*to, 0)).collect(),
            pointers: Vec::new(),
        };
        with_all_they_lead_to(&objects.iter().map(object).collect::<Vec<_>>())
    }

    #[test]
    fn an_object_has_what_those_hold_that_it_leads_to() {
        // 0 leads to 1 and that to 2; 3 leads to nothing.
        let before = hashes(&[(10, &[1]), (11, &[2]), (12, &[]), (12, &[])]);
        assert_eq!(before[2], before[3], "they hold the same");
        let after = hashes(&[(10, &[1]), (11, &[2]), (13, &[]), (12, &[])]);
        assert_eq!(
            before.iter().zip(&after).map(|(one, other)| one == other).collect::<Vec<_>>(),
            [false, false, false, true]
        );
        // The numbers are others.
        let moved = hashes(&[(12, &[]), (12, &[]), (11, &[0]), (10, &[2])]);
        assert_eq!([moved[3], moved[2], moved[0]], before[..3]);
    }

    #[test]
    fn circles_have_an_end() {
        let before = hashes(&[(1, &[1]), (2, &[2]), (3, &[0, 3]), (4, &[]), (5, &[4])]);
        assert!(before.iter().collect::<std::collections::BTreeSet<_>>().len() == 5);
        let after = hashes(&[(1, &[1]), (2, &[2]), (3, &[0, 3]), (9, &[]), (5, &[4])]);
        assert_eq!(before.iter().zip(&after).filter(|(one, other)| one == other).count(), 1, "5 leads to nobody else");
        // The same objects, the other way round.
        let one = hashes(&[(1, &[1, 3]), (1, &[2, 4]), (1, &[0, 5]), (7, &[]), (8, &[]), (9, &[])]);
        let other = hashes(&[(1, &[2, 3]), (1, &[0, 4]), (1, &[1, 5]), (7, &[]), (8, &[]), (9, &[])]);
        assert!(one[..3].iter().all(|hash| !other.contains(hash)));
        let chain: Vec<(u64, Vec<u32>)> = (0..200_000).map(|at| (at, vec![at as u32 + 1])).collect();
        let mut chain: Vec<(u64, &[u32])> = chain.iter().map(|(own, leads_to)| (*own, &leads_to[..])).collect();
        chain.push((7, &[]));
        assert_eq!(hashes(&chain).len(), 200_001, "no recursion");
    }
}
