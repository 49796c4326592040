//! Line programs to rows: which source line the debug information gives to which address.
//!
//! Invariant: a row means the instruction at its address. Where a sequence has several `is_stmt` rows at one address
//! only the last is a row, because the others cover no instruction: those are claims. Sequences of discarded code are
//! dropped whole. A row that begins with `nop`s means what is behind them, and one of `nop`s only the last of them.

use super::Bytes;
use super::line_program::LineProgramRun;
use super::order::CodeOrder;
use super::paths::{FileId, FileTable, SourcePaths};
use super::text::Text;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};
use gimli::{IncompleteLineProgram, LineProgramHeader, LineRow, UnitRef};
use platform::arch::NOP;

/// Source lines above this are taken for damage: a set of lines is stored as one bit per line.
pub(crate) const LAST_LINE: u32 = (1 << 24) - 1;

/// An address that starts a statement of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) address: Svma,
    pub(crate) file: FileId,
    /// 0 where the debug information says that the code belongs to no line.
    pub(crate) line: u32,
    /// Bytes of code that tell of the line wherever they are entered; 0 where only their beginning does.
    pub(crate) len: u32,
}

/// A line that has no row of its own at an address, and yet is known to have run where that was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) address: Svma,
    pub(crate) file: FileId,
    pub(crate) line: u32,
    pub(crate) by: Evidence,
}

/// What makes a line be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    /// A statement of the line begins there without an instruction of its own: the next row begins there, too.
    Passing,
    /// The code of a function begins there that was inlined: the line calls or declares it.
    Inlined,
    /// The code from there on, of so many bytes, is of the line, of which no statement begins anywhere.
    Within(u32),
}

/// What reading a unit's line program adds to.
pub(crate) struct Sink<'s> {
    pub(crate) rows: &'s mut Vec<Row>,
    pub(crate) claims: &'s mut Vec<Claim>,
    pub(crate) paths: &'s mut SourcePaths,
    pub(crate) text: &'s Text<'s>,
    pub(crate) order: CodeOrder,
    pub(crate) budget: &'s mut Budget,
    pub(crate) shortfalls: &'s mut Shortfalls,
}

/// Runs a line program to its end or to its first error; whole sequences before the error are kept.
///
/// Returns the program's header and file table, for the functions that refer to them.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn read<'a>(
    program: IncompleteLineProgram<Bytes<'a>>,
    unit: UnitRef<'_, Bytes<'a>>,
    sink: &mut Sink<'_>,
) -> Result<(LineProgramHeader<Bytes<'a>>, FileTable), IndexError> {
    sink.budget.spend(program.header().raw_program_buf().len())?;
    let (first_row, first_claim) = (sink.rows.len(), sink.claims.len());
    let mut table = FileTable::default();
    let mut program = LineProgramRun::start(program);
    let mut sequence = RowSequence::starting_at(sink);
    // The file index of the row before and what it means: it changes rarely.
    let mut file = (u64::MAX, None);
    while let Some(row) = program.next(|address, before| sequence.set_address(address, before)) {
        sink.close(Svma(row.address()), &mut sequence)?;
        if row.end_sequence() {
            sink.close(Svma(u64::MAX), &mut sequence)?;
            sequence = RowSequence::starting_at(sink);
        } else if !sequence.discarded {
            if row.file_index() != file.0 {
                let id = table.resolve(row.file_index(), program.header(), unit, sink.paths, sink.budget)?;
                file = (row.file_index(), id);
            }
            sink.budget.spend(size_of::<Row>())?;
            sink.push(&row, file.1, &mut sequence);
        }
    }
    if program.is_damaged {
        sink.shortfalls.add(Shortfall::MalformedLineProgram);
    }
    // What no end_sequence closes is not known to end where it seems to.
    sink.rows.truncate(sequence.first_row);
    sink.claims.truncate(sequence.first_claim);
    keep_lines_without_statements(&sink.rows[first_row..], sink.claims, first_claim);
    Ok((program.header().clone(), table))
}

/// Of the claims from `first` on, leaves those of code out whose line begins a statement in one of the rows or elsewhere.
fn keep_lines_without_statements(rows: &[Row], claims: &mut Vec<Claim>, first: usize) {
    let mut lines: Vec<(FileId, u32)> = Vec::new();
    lines.extend(claims[first..].iter().filter(|claim| claim.by.is_within()).map(|claim| (claim.file, claim.line)));
    if lines.is_empty() {
        return;
    }
    lines.sort_unstable();
    lines.dedup();
    let mut has_statement = vec![false; lines.len()];
    let passing = claims[first..].iter().filter(|claim| !claim.by.is_within()).map(|claim| (claim.file, claim.line));
    for line in rows.iter().map(|row| (row.file, row.line)).chain(passing) {
        if let Ok(at) = lines.binary_search(&line) {
            has_statement[at] = true;
        }
    }
    let has_statement = |claim: &Claim| {
        lines.binary_search(&(claim.file, claim.line)).is_ok_and(|at| has_statement[at]) && claim.by.is_within()
    };
    let kept: Vec<Claim> = claims.drain(first..).filter(|claim| !has_statement(claim)).collect();
    claims.extend(kept);
}

impl Evidence {
    fn is_within(self) -> bool {
        matches!(self, Evidence::Within(_))
    }
}

impl Sink<'_> {
    /// Ends what the sequence has open, if the next row, of whatever kind, starts behind it.
    fn close(&mut self, next: Svma, sequence: &mut RowSequence) -> Result<(), IndexError> {
        let len = |start: Svma| u32::try_from(next.0 - start.0).unwrap_or(u32::MAX);
        if sequence.goes_on
            && let Some(last) = self.rows[sequence.first_row..].last_mut()
        {
            last.len = len(last.address);
            sequence.goes_on = false;
        }
        if sequence.is_open
            && let Some(last) = self.rows[sequence.first_row..].last_mut()
            && last.address < next
        {
            sequence.is_open = false;
            last.address = behind_nops(last.address, next, self.text, self.budget)?;
            last.len = if self.order.tells_inside() { len(last.address) } else { 0 };
        }
        if let Some(Row { address, file, line, .. }) = sequence.other.take_if(|other| other.address < next) {
            self.claims.push(Claim { address, file, line, by: Evidence::Within(len(address)) });
        }
        Ok(())
    }

    fn push(&mut self, row: &LineRow, file: Option<FileId>, sequence: &mut RowSequence) {
        let address = Svma(row.address());
        let line = row.line().map_or(0, |line| line.get());
        let is_known = file.is_some() && line <= u64::from(LAST_LINE);
        if row.is_stmt() && !is_known {
            self.shortfalls.add(Shortfall::LineOutOfRange);
        }
        let (file, line) = match file {
            Some(file) if is_known => (file, line as u32),
            Some(_) | None => (FileId(0), 0),
        };
        let new = Row { address, file, line, len: 0 };
        if !row.is_stmt() && self.order == CodeOrder::Named {
            let last = self.rows[sequence.first_row..].last();
            let is_same = |last: &&Row| (last.file, last.line) == (file, line);
            if sequence.is_open || line == 0 {
                return;
            }
            if last.filter(is_same).is_some_and(|last| last.address.0 + u64::from(last.len) == address.0) {
                sequence.goes_on = true;
                return;
            }
        } else if !row.is_stmt() {
            sequence.other = Some(new).filter(|new| new.line != 0);
            return;
        }
        sequence.other = None;
        match self.rows[sequence.first_row..].last_mut() {
            // What is open when another row comes starts where that one does.
            Some(last) if sequence.is_open => {
                let Row { file, line, .. } = std::mem::replace(last, new);
                if line != 0 && (file, line) != (new.file, new.line) {
                    self.claims.push(Claim { address, file, line, by: Evidence::Passing });
                }
            }
            Some(_) | None => self.rows.push(new),
        }
        sequence.is_open = true;
    }
}

/// The first instruction of a row that does something, or the last one where none does.
///
/// Compilers put a `nop` at the line of the brace that ends a function and let every other way out jump behind it, still
/// into the same row: only there is the line reached by all. Control that reaches the `nop` reaches what is behind it.
fn behind_nops(start: Svma, end: Svma, text: &Text<'_>, budget: &mut Budget) -> Result<Svma, IndexError> {
    let Some(range) = text.range_at(start) else {
        return Ok(start);
    };
    let row = text.bytes_from(range, start);
    let row = &row[..row.len().min((end.0 - start.0).try_into().unwrap_or(usize::MAX))];
    let nops = row.iter().take_while(|byte| **byte == NOP).count();
    // Any number of rows may begin in the same ones.
    budget.spend(nops)?;
    Ok(Svma(start.0 + nops.min(row.len().saturating_sub(1)) as u64))
}

/// The sequence being read.
struct RowSequence {
    first_row: usize,
    first_claim: usize,
    /// Whether its last row has no end yet.
    is_open: bool,
    /// Whether its last row has an end, and code of the same line behind that.
    goes_on: bool,
    /// The last row, if it begins no statement and has no end yet.
    other: Option<Row>,
    /// Whether the linker discarded the code of the rows to come.
    discarded: bool,
}

impl RowSequence {
    fn starting_at(sink: &Sink<'_>) -> RowSequence {
        let (first_row, first_claim) = (sink.rows.len(), sink.claims.len());
        // A sequence that never sets its address starts at 0.
        RowSequence { first_row, first_claim, is_open: false, goes_on: false, other: None, discarded: true }
    }

    /// Takes note of a DW_LNE_set_address; `before` is the address so far, 0 at the start.
    ///
    /// Addresses only grow within a sequence; what jumps back was discarded with an addend left in the tombstone.
    fn set_address(&mut self, address: Svma, before: Svma) {
        self.discarded = is_discarded(address, before);
    }
}

/// Whether the code was discarded whose sequence sets this address after another, 0 at its start.
pub(super) fn is_discarded(address: Svma, before: Svma) -> bool {
    is_tombstone(address) || address < before
}

/// Whether linkers write this address for code that they discarded: 0, or -1 and -2 in 32 or 64 bits.
fn is_tombstone(address: Svma) -> bool {
    matches!(address.0, 0 | 0xffff_fffe | 0xffff_ffff | 0xffff_ffff_ffff_fffe | u64::MAX)
}
