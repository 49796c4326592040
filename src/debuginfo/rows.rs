//! Line programs to rows: which source line the debug information gives to which address.
//!
//! Invariant: a row stands for the instruction at its address. Where a sequence has several `is_stmt` rows at one address
//! only the last is kept, because the others cover no instruction. Sequences of discarded code are dropped whole.

use gimli::{EndianSlice, IncompleteLineProgram, LineInstruction, LineProgramHeader, LineRow, LittleEndian, UnitRef};

use super::error::{Budget, IndexError};
use super::index::Svma;
use super::paths::{FileId, FileTable, Paths};
use super::shortfall::{Shortfall, Shortfalls};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Source lines above this are taken for damage: a set of lines is stored as one bit per line.
const LAST_LINE: u64 = (1 << 24) - 1;

/// The end of a row whose next row has not been read.
const OPEN: Svma = Svma(u64::MAX);

/// An address that starts a statement of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) address: Svma,
    /// The address of the next row behind it, of whatever kind, in its sequence.
    pub(super) end: Svma,
    pub(super) file: FileId,
    /// 0 where the debug information says that the code belongs to no line.
    pub(super) line: u32,
}

/// What reading a unit's line program adds to.
pub(super) struct Sink<'s> {
    pub(super) rows: &'s mut Vec<Row>,
    pub(super) paths: &'s mut Paths,
    pub(super) budget: &'s mut Budget,
    pub(super) shortfalls: &'s mut Shortfalls,
}

/// Runs a line program to its end or to its first error; whole sequences before the error are kept.
///
/// Returns the program's header and file table, for the functions that refer to them.
///
/// # Errors
/// If the budget is used up.
pub(super) fn read<'a>(
    mut program: IncompleteLineProgram<Bytes<'a>>,
    unit: UnitRef<'_, Bytes<'a>>,
    sink: &mut Sink<'_>,
) -> Result<(LineProgramHeader<Bytes<'a>>, FileTable), IndexError> {
    sink.budget.spend(program.header().raw_program_buf().len())?;
    let mut table = FileTable::default();
    let mut instructions = program.header().instructions();
    let mut row = LineRow::new(program.header());
    let mut sequence = Sequence::starting_at(sink.rows.len());
    // The file index of the row before and what it stands for: it changes rarely.
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
        sink.close(Svma(row.address()), &sequence);
        if row.end_sequence() {
            sequence = Sequence::starting_at(sink.rows.len());
        } else if row.is_stmt() && !sequence.discarded {
            if row.file_index() != file.0 {
                let id = table.resolve(row.file_index(), program.header(), unit, sink.paths, sink.budget)?;
                file = (row.file_index(), id);
            }
            sink.budget.spend(size_of::<Row>())?;
            sink.push(&row, file.1, &sequence);
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
    sequence: Sequence,
    sink: &mut Sink<'_>,
) -> (LineProgramHeader<Bytes<'a>>, FileTable) {
    sink.shortfalls.add(Shortfall::MalformedLineProgram);
    sink.rows.truncate(sequence.first_row);
    (program.header().clone(), table)
}

impl Sink<'_> {
    /// Ends the last row of the sequence, if the next one starts behind it.
    fn close(&mut self, next: Svma, sequence: &Sequence) {
        if let Some(last) = self.rows[sequence.first_row..].last_mut()
            && last.end == OPEN
            && last.address < next
        {
            last.end = next;
        }
    }

    fn push(&mut self, row: &LineRow, file: Option<FileId>, sequence: &Sequence) {
        let address = Svma(row.address());
        let line = row.line().map_or(0, |line| line.get());
        let row = match file {
            Some(file) if line <= LAST_LINE => Row { address, end: OPEN, file, line: line as u32 },
            Some(_) | None => {
                self.shortfalls.add(Shortfall::LineOutOfRange);
                Row { address, end: OPEN, file: FileId(0), line: 0 }
            }
        };
        match self.rows[sequence.first_row..].last_mut() {
            Some(last) if last.address == address => *last = row,
            Some(_) | None => self.rows.push(row),
        }
    }
}

/// The sequence being read.
struct Sequence {
    first_row: usize,
    /// Whether the linker discarded the code of the rows to come.
    discarded: bool,
}

impl Sequence {
    fn starting_at(first_row: usize) -> Sequence {
        // A sequence that never sets its address starts at 0.
        Sequence { first_row, discarded: true }
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
