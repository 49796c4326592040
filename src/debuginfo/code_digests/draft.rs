//! A function taken apart: what of it is the same wherever it is, and what it refers to.

use super::objects::Objects;
use super::program::{Found, Program};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::linked::{Holds, NamedRange};
use platform::arch::{Piece, pieces};
use std::ops::{Range, RangeInclusive};
use twox_hash::XxHash3_64;

/// A function taken apart.
pub(super) struct Draft {
    /// The hash of its instructions without the addresses in them.
    bytes: u64,
    /// The same, with the distance from the first line of the function for each number that may be a line; none if there
    /// is no such number.
    by_lines: Option<u64>,
    /// The addresses that it refers to, and how many bytes it uses there as far as that is known.
    pub places: Box<[(Svma, u8)]>,
}

/// The digest of a function.
pub(super) struct FunctionDigest {
    /// With its numbers as they are.
    pub plain: u64,
    /// With the distance from its first line for each number that may be a line; none if there is no such number.
    pub by_lines: Option<u64>,
    /// Of its instructions and the functions that it refers to, whatever the data are.
    pub code: u64,
}

/// What is hashed of a function while it is taken apart.
#[derive(Default)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    by_lines: Vec<u8>,
}

impl Scratch {
    fn both(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.by_lines.extend_from_slice(bytes);
    }
}

impl<'a> Program<'a> {
    /// Takes a function apart.
    pub fn draft(
        &self,
        number: usize,
        lines: &(dyn Fn(Range<FileOffset>) -> Option<RangeInclusive<u32>> + Sync),
        scratch: &mut Scratch,
        budget: &mut Budget,
    ) -> Result<Draft, IndexError> {
        let function = self.functions[number];
        scratch.bytes.clear();
        scratch.by_lines.clear();
        let (mut places, mut has_lines) = (Vec::new(), false);
        if let Some((code, in_file)) = self.code(function.start..function.end) {
            budget.spend(code.len())?;
            let lines = lines(in_file);
            let distance = |number: u64| {
                let lines = lines.as_ref()?;
                let number = u32::try_from(number).ok().filter(|number| lines.contains(number))?;
                Some(number - lines.start())
            };
            let is_meant = |number: u64| self.may_be_address(number) || distance(number).is_some();
            pieces(code, function.start.0, is_meant, |piece| match piece {
                Piece::Bytes(bytes) => scratch.both(bytes),
                Piece::Place { address, len, used } => {
                    scratch.both(&[0xff, len]);
                    places.push((Svma(address), used));
                }
                Piece::Number { number, len } => match distance(number).filter(|_| !self.may_be_address(number)) {
                    Some(distance) => {
                        has_lines = true;
                        // As if it were no piece of its own, since not everybody knows the lines.
                        scratch.bytes.extend(number.to_le_bytes().iter().take(len.into()));
                        scratch.by_lines.extend([0xfe, len]);
                        scratch.by_lines.extend(distance.to_le_bytes());
                    }
                    None => {
                        scratch.both(&[0xff, len]);
                        places.push((Svma(number), 0));
                    }
                },
            });
            scratch.both(self.call_sites(function.start));
        }
        Ok(Draft {
            bytes: XxHash3_64::oneshot(&scratch.bytes),
            by_lines: has_lines.then(|| XxHash3_64::oneshot(&scratch.by_lines)),
            places: places.into(),
        })
    }
}

impl Draft {
    /// The digest of the function, all that it refers to included.
    pub fn digest(&self, function: &NamedRange<'_>, program: &Program<'_>, objects: &Objects) -> FunctionDigest {
        let own = function.start..function.end;
        let (mut places, mut code) = (Vec::new(), Vec::new());
        for (address, used) in &self.places {
            match table(program, *address, &own) {
                Some(table) => {
                    places.push(6);
                    places.extend(table.iter().flat_map(|distance| distance.to_le_bytes()));
                    code.extend(table.iter().flat_map(|distance| distance.to_le_bytes()));
                }
                None => {
                    program.put_place(*address, &own, objects, &mut places);
                    places.extend_from_slice(program.constant(*address, *used));
                    match program.find(*address) {
                        _ if own.contains(address) => program.put_place(*address, &own, objects, &mut code),
                        Found::Data(_) => code.push(1),
                        found => program.put_code(&found, &mut code),
                    }
                }
            }
        }
        let with_places = |instructions: u64| XxHash3_64::oneshot_with_seed(instructions, &places);
        FunctionDigest {
            plain: with_places(self.bytes),
            by_lines: self.by_lines.map(with_places),
            code: XxHash3_64::oneshot_with_seed(self.bytes, &code),
        }
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
