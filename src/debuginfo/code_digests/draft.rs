//! A function taken apart: what of it is the same wherever it is, and what it refers to.

use super::objects::Objects;
use super::program::Program;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::linked::{Holds, NamedRange};
use platform::arch::{Piece, pieces};
use std::ops::{Range, RangeInclusive};
use twox_hash::XxHash3_64;

/// A function taken apart.
pub(super) struct Draft {
    /// The hash of its instructions without what they refer to.
    bytes: u64,
    places: Box<[Place]>,
}

/// How numbers are taken that may be lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// As they are.
    AsTheyAre,
    /// By their distance from the first line of the function.
    AsLines,
}

/// What an instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// What is at this address.
    Address(Svma),
    /// Nothing but this number, which may be the line so far behind the first one of the function.
    Line { number: u64, distance: u64 },
}

impl<'a> Program<'a> {
    /// Takes a function apart.
    pub fn draft(
        &self,
        number: usize,
        lines: &(dyn Fn(Range<FileOffset>) -> Option<RangeInclusive<u32>> + Sync),
        scratch: &mut Vec<u8>,
        budget: &mut Budget,
    ) -> Result<Draft, IndexError> {
        let function = self.functions[number];
        scratch.clear();
        let mut places = Vec::new();
        if let Some((code, in_file)) = self.code(function.start..function.end) {
            budget.spend(code.len())?;
            let lines = lines(in_file);
            let line = |number: u64| {
                let lines = lines.as_ref()?;
                let number = u32::try_from(number).ok().filter(|number| lines.contains(number))?;
                Some(Place::Line { number: number.into(), distance: (number - lines.start()).into() })
            };
            let is_meant = |number: u64| line(number).is_some() || self.may_be_address(number);
            pieces(code, function.start.0, is_meant, |piece| match piece {
                Piece::Bytes(bytes) => scratch.extend_from_slice(bytes),
                Piece::Place(address, len) => {
                    scratch.extend([0xff, len]);
                    places.push(Place::Address(Svma(address)));
                }
                Piece::Number(number, len) => {
                    scratch.extend([0xfe, len]);
                    places.push(line(number).unwrap_or(Place::Address(Svma(number))));
                }
            });
        }
        Ok(Draft { bytes: XxHash3_64::oneshot(scratch), places: places.into() })
    }
}

impl Draft {
    /// The addresses that it refers to.
    pub fn addresses(&self) -> impl Iterator<Item = Svma> + '_ {
        self.places.iter().filter_map(|place| match place {
            Place::Address(address) => Some(*address),
            Place::Line { .. } => None,
        })
    }

    /// Whether it has numbers that may be lines.
    pub fn may_have_lines(&self) -> bool {
        self.places.iter().any(|place| matches!(place, Place::Line { .. }))
    }

    /// The digest of the function, all that it refers to included.
    pub fn digest(&self, function: &NamedRange<'_>, program: &Program<'_>, objects: &Objects, numbers: Numbers) -> u64 {
        let own = function.start..function.end;
        let mut bytes = self.bytes.to_le_bytes().to_vec();
        for place in &self.places {
            match place {
                Place::Line { number, distance } => {
                    bytes.push(5);
                    bytes.extend(if numbers == Numbers::AsLines { distance } else { number }.to_le_bytes());
                }
                Place::Address(address) => match table(program, *address, &own) {
                    Some(table) => {
                        bytes.push(6);
                        bytes.extend(table.iter().flat_map(|distance| distance.to_le_bytes()));
                    }
                    None => program.put_place(*address, &own, objects, &mut bytes),
                },
            }
        }
        XxHash3_64::oneshot(&bytes)
    }
}

/// The table of distances at an address, by which a function jumps within itself: where in the function each leads.
fn table(program: &Program<'_>, base: Svma, own: &Range<Svma>) -> Option<Vec<u64>> {
    const LEAST: usize = 2;
    let section = program.section_at(base).filter(|section| section.holds == Holds::Constants)?;
    let bytes = section.bytes.get(usize::try_from(base.0 - section.start.0).ok()?..)?;
    let (distances, _) = bytes.as_chunks::<4>();
    let targets = distances.iter().map(|distance| {
        let distance = i64::from(i32::from_le_bytes(*distance));
        super::within(own, Svma(base.0.wrapping_add_signed(distance)))
    });
    let table: Vec<u64> = targets.map_while(|target| target).collect();
    (table.len() >= LEAST).then_some(table)
}
