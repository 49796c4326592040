//! Rows to sites: the addresses of source lines that may be replaced by a breakpoint.
//!
//! Invariant: sites are sorted by address without duplicates, and each is in executable text, in a known function, at the
//! proven start of an instruction that is no breakpoint of the program itself.

use platform::arch::{BREAKPOINT, NOP};

use super::code::{Code, Standing};
use super::index::{FileOffset, Svma};
use super::paths::FileId;
use super::rows::Row;
use super::shortfall::{Shortfall, Shortfalls};
use super::text::Text;

/// An address that may be trapped to learn that a line ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) address: Svma,
    pub(super) offset: FileOffset,
    pub(super) file: FileId,
    pub(super) line: u32,
    /// The byte in the file.
    pub(super) original: u8,
    /// Bytes of straight-line code from here on.
    pub(super) straight: u32,
}

/// Keeps of `rows` what may be trapped, one line per address, and counts the rest.
pub(super) fn plan(mut rows: Vec<Row>, code: &Code, text: &Text<'_>, shortfalls: &mut Shortfalls) -> Vec<Site> {
    rows.retain(|row| row.line != 0);
    for row in &mut rows {
        row.address = behind_nops(row, text);
    }
    // Stable, so that of several claims the first wins, in the order of the units; sorted runs make it cheap.
    rows.sort_by_key(|row| row.address);
    rows.dedup_by(|later, first| {
        let same = later.address == first.address;
        if same && (later.file, later.line) != (first.file, first.line) {
            shortfalls.add(Shortfall::SharedAddress);
        }
        same
    });
    let mut ranges = text.ranges().iter().peekable();
    let mut places = Vec::with_capacity(rows.len());
    rows.retain(|row| {
        while ranges.next_if(|range| range.end <= row.address).is_some() {}
        let place = ranges.peek().filter(|range| range.start <= row.address);
        match place {
            Some(range) => places.push((row.address, range.offset_of(row.address))),
            None => shortfalls.add(Shortfall::OutsideText),
        }
        place.is_some()
    });
    let mut sites = Vec::with_capacity(rows.len());
    for (row, (address, offset)) in rows.iter().zip(places) {
        let refused = match code.standing(address) {
            Standing::Start => None,
            Standing::OutsideFunction => Some(Shortfall::OutsideFunction),
            Standing::InsideInstruction => Some(Shortfall::NotOnBoundary),
            Standing::Undecodable => Some(Shortfall::UndecodableCode),
            Standing::Contested => Some(Shortfall::OverlappingFunctions),
        };
        match (refused, text.byte_at(offset)) {
            (Some(shortfall), _) => shortfalls.add(shortfall),
            (None, BREAKPOINT) => shortfalls.add(Shortfall::ProgramBreakpoint),
            (None, original) => {
                let straight = code.straight(address);
                sites.push(Site { address, offset, file: row.file, line: row.line, original, straight });
            }
        }
    }
    sites
}

/// The first instruction of a row that does something, or the row's own address where it has none.
///
/// Compilers put a `nop` at the line of the brace that ends a function and let every other way out jump behind it, still
/// into the same row: only there is the line reached by all. Whoever reaches the `nop` reaches what is behind it.
fn behind_nops(row: &Row, text: &Text<'_>) -> Svma {
    let Some(range) = text.range_at(row.address) else {
        return row.address;
    };
    let end = row.end.min(range.end);
    let mut address = row.address;
    while address < end && text.byte_at(range.offset_of(address)) == NOP {
        address.0 += 1;
    }
    if address < end { address } else { row.address }
}
