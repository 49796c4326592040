//! Line programs to rows: which source line the debug information gives to which address.
//!
//! Invariant: a row means the instruction at its address. Where a sequence has several `is_stmt` rows at one address
//! only the last is kept, because the others cover no instruction. Sequences of discarded code are dropped whole.
//! A row that begins with `nop`s means what is behind them.

use super::Bytes;
use super::paths::{FileId, FileTable, SourcePaths};
use super::text::Text;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};
use gimli::{IncompleteLineProgram, LineInstruction, LineProgramHeader, LineRow, UnitRef};
use platform::arch::NOP;

/// Source lines above this are taken for damage: a set of lines is stored as one bit per line.
const LAST_LINE: u64 = (1 << 24) - 1;

/// An address that starts a statement of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) address: Svma,
    pub(crate) file: FileId,
    /// 0 where the debug information says that the code belongs to no line.
    pub(crate) line: u32,
}

/// What reading a unit's line program adds to.
pub(crate) struct Sink<'s> {
    pub(crate) rows: &'s mut Vec<Row>,
    pub(crate) paths: &'s mut SourcePaths,
    pub(crate) text: &'s Text<'s>,
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
    mut program: IncompleteLineProgram<Bytes<'a>>,
    unit: UnitRef<'_, Bytes<'a>>,
    sink: &mut Sink<'_>,
) -> Result<(LineProgramHeader<Bytes<'a>>, FileTable), IndexError> {
    sink.budget.spend(program.header().raw_program_buf().len())?;
    let mut table = FileTable::default();
    let mut instructions = program.header().instructions();
    let mut row = LineRow::new(program.header());
    let mut sequence = RowSequence::starting_at(sink.rows.len());
    // The file index of the row before and what it means: it changes rarely.
    let mut file = (u64::MAX, None);
    loop {
        let instruction = match instructions.next_instruction(program.header()) {
            Ok(Some(instruction)) => instruction,
            Ok(None) => break,
            Err(_) => return Ok(damaged(program, table, sequence, sink)),
        };
        match instruction {
            LineInstruction::SetAddress(address) => sequence.set_address(Svma(address), Svma(row.address())),
            // The reader negates it.
            LineInstruction::AdvanceLine(i64::MIN) => return Ok(damaged(program, table, sequence, sink)),
            _ => {}
        }
        match row.execute(instruction, &mut program) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return Ok(damaged(program, table, sequence, sink)),
        }
        sink.close(Svma(row.address()), &mut sequence)?;
        if row.end_sequence() {
            sink.close(Svma(u64::MAX), &mut sequence)?;
            sequence = RowSequence::starting_at(sink.rows.len());
        } else if row.is_stmt() && !sequence.discarded {
            if row.file_index() != file.0 {
                let id = table.resolve(row.file_index(), program.header(), unit, sink.paths, sink.budget)?;
                file = (row.file_index(), id);
            }
            sink.budget.spend(size_of::<Row>())?;
            sink.push(&row, file.1, &mut sequence);
        }
        row.reset(program.header());
    }
    // What no end_sequence closes is not known to end where it seems to.
    sink.rows.truncate(sequence.first_row);
    Ok((program.header().clone(), table))
}

fn damaged<'a>(
    program: IncompleteLineProgram<Bytes<'a>>,
    table: FileTable,
    sequence: RowSequence,
    sink: &mut Sink<'_>,
) -> (LineProgramHeader<Bytes<'a>>, FileTable) {
    sink.shortfalls.add(Shortfall::MalformedLineProgram);
    sink.rows.truncate(sequence.first_row);
    (program.header().clone(), table)
}

impl Sink<'_> {
    /// Ends the last row of the sequence, if it has no end yet and the next row, of whatever kind, starts behind it.
    fn close(&mut self, next: Svma, sequence: &mut RowSequence) -> Result<(), IndexError> {
        if sequence.is_open
            && let Some(last) = self.rows[sequence.first_row..].last_mut()
            && last.address < next
        {
            sequence.is_open = false;
            last.address = behind_nops(last.address, next, self.text, self.budget)?;
        }
        Ok(())
    }

    fn push(&mut self, row: &LineRow, file: Option<FileId>, sequence: &mut RowSequence) {
        let address = Svma(row.address());
        let line = row.line().map_or(0, |line| line.get());
        let row = match file {
            Some(file) if line <= LAST_LINE => Row { address, file, line: line as u32 },
            Some(_) | None => {
                self.shortfalls.add(Shortfall::LineOutOfRange);
                Row { address, file: FileId(0), line: 0 }
            }
        };
        match self.rows[sequence.first_row..].last_mut() {
            // What is open when another row comes starts where that one does.
            Some(last) if sequence.is_open => *last = row,
            Some(_) | None => self.rows.push(row),
        }
        sequence.is_open = true;
    }
}

/// The first instruction of a row that does something, or the row's own address where it has none.
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
    Ok(if nops < row.len() { Svma(start.0 + nops as u64) } else { start })
}

/// The sequence being read.
struct RowSequence {
    first_row: usize,
    /// Whether its last row has no end yet.
    is_open: bool,
    /// Whether the linker discarded the code of the rows to come.
    discarded: bool,
}

impl RowSequence {
    fn starting_at(first_row: usize) -> RowSequence {
        // A sequence that never sets its address starts at 0.
        RowSequence { first_row, is_open: false, discarded: true }
    }

    /// Takes note of a DW_LNE_set_address; `before` is the address so far, 0 at the start.
    ///
    /// Addresses only grow within a sequence; what jumps back was discarded with an addend left in the tombstone.
    fn set_address(&mut self, address: Svma, before: Svma) {
        self.discarded = is_tombstone(address) || address < before;
    }
}

/// Whether linkers write this address for code that they discarded: 0, or -1 and -2 in 32 or 64 bits.
fn is_tombstone(address: Svma) -> bool {
    matches!(address.0, 0 | 0xffff_fffe | 0xffff_ffff | 0xffff_ffff_ffff_fffe | u64::MAX)
}
