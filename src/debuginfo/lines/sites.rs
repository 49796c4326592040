//! Rows to sites: the addresses of source lines that may be replaced by a breakpoint.
//!
//! Invariant: sites are sorted by address without duplicates, and each is in executable text, in a known function, at the
//! proven start of an instruction that is no breakpoint of the program itself.

use super::evidence::Told;
use crate::debuginfo::code::chunk::AddressKind;
use crate::debuginfo::code::decoded::{Code, InOrder};
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::paths::FileId;
use crate::debuginfo::reading::rows::Row;
use crate::debuginfo::reading::text::Text;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};
use platform::arch::BREAKPOINT;
use rayon::prelude::*;

/// An address that may be trapped to learn that a line ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) address: Svma,
    pub(crate) offset: FileOffset,
    pub(crate) file: FileId,
    pub(crate) line: u32,
    /// The byte in the file.
    pub(crate) original: u8,
    /// Bytes of straight-line code from here on.
    pub(crate) straight: u32,
}

/// Sorts rows, which are in the order of the units, by address, and keeps one line for each address.
pub(crate) fn in_order(rows: Vec<Row>, shortfalls: &mut Shortfalls) -> Vec<Row> {
    // Of several claims the first wins, in the order of the units.
    let mut rows = sorted(rows);
    rows.dedup_by(|later, first| {
        let same = later.address == first.address;
        if same && (later.file, later.line) != (first.file, first.line) {
            shortfalls.add(Shortfall::SharedAddress);
        }
        same
    });
    rows
}

/// Keeps of `rows`, which are sorted, what may be trapped, and counts the rest.
pub(crate) fn plan(rows: &[Row], code: &Code, text: &Text<'_>, shortfalls: &mut Shortfalls) -> Vec<Site> {
    let mut planned = Vec::new();
    // Each goes to its place at once: parts that are put together later would take twice the memory.
    rows.par_iter()
        .with_min_len(1 << 12)
        .map_init(|| code.seen_in_order(), |code, row| site(row, code, text))
        .collect_into_vec(&mut planned);
    planned.into_iter().filter_map(|site| site.map_err(|shortfall| shortfalls.add(shortfall)).ok()).collect()
}

/// Keeps what is told by addresses that are sites; both are in order of address.
pub(crate) fn keep_known(told: &mut Vec<Told>, sites: &[Site]) {
    let mut sites = sites.iter().peekable();
    told.retain(|told| {
        while sites.next_if(|site| site.address < told.address).is_some() {}
        sites.peek().is_some_and(|site| site.address == told.address)
    });
}

/// Sorts by address, rows of one address in the order that they had.
///
/// They come in runs that are sorted already, few of which overlap: whole runs are put in order, then rows within those
/// that do.
fn sorted(rows: Vec<Row>) -> Vec<Row> {
    let mut runs: Vec<&[Row]> = rows.chunk_by(|a, b| a.address <= b.address).collect();
    runs.sort_by_key(|run| run[0].address);
    let mut sorted = Vec::with_capacity(rows.len());
    let mut runs = &mut runs[..];
    while let Some((first, rest)) = runs.split_first() {
        let mut last = first[first.len() - 1].address;
        let overlapping = rest.iter().take_while(|run| {
            let overlaps = run[0].address <= last;
            last = last.max(run[run.len() - 1].address);
            overlaps
        });
        let count = 1 + overlapping.count();
        let (group, behind) = runs.split_at_mut(count);
        // In the order that they had: runs are parts of one vector.
        group.sort_unstable_by_key(|run| run.as_ptr());
        let start = sorted.len();
        group.iter().for_each(|run| sorted.extend_from_slice(run));
        if count > 1 {
            sorted[start..].sort_by_key(|row: &Row| row.address);
        }
        runs = behind;
    }
    sorted
}

/// Why a row is no site, if it is none.
pub(crate) fn refusal(row: &Row, code: &Code, text: &Text<'_>) -> Option<Shortfall> {
    site(row, &mut code.seen_in_order(), text).err()
}

fn site(row: &Row, code: &mut InOrder<'_>, text: &Text<'_>) -> Result<Site, Shortfall> {
    let &Row { address, file, line, .. } = row;
    let range = text.range_at(address).ok_or(Shortfall::OutsideText)?;
    match code.kind_of(address) {
        AddressKind::Start => {}
        AddressKind::OutsideFunction => return Err(Shortfall::OutsideFunction),
        AddressKind::InsideInstruction => return Err(Shortfall::NotOnBoundary),
        AddressKind::Undecodable => return Err(Shortfall::UndecodableCode),
        AddressKind::Contested => return Err(Shortfall::OverlappingFunctions),
    }
    let offset = range.offset_of(address);
    match text.byte_at(offset) {
        BREAKPOINT => Err(Shortfall::ProgramBreakpoint),
        original => Ok(Site { address, offset, file, line, original, straight: code.straight(address) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_keep_their_order_at_one_address() {
        let runs = [&[5, 6, 9][..], &[1, 2], &[6, 7], &[9, 20], &[9], &[3, 4], &[30], &[25, 25, 31], &[8]];
        let rows = runs.concat().into_iter().zip(0..);
        let rows: Vec<Row> = rows.map(|(at, line)| Row { address: Svma(at), file: FileId(0), line, len: 1 }).collect();
        let mut expected = rows.clone();
        expected.sort_by_key(|row| row.address);
        assert_eq!(sorted(rows), expected);
        assert_eq!(sorted(Vec::new()), []);
    }
}
