//! Line programs to rows: which source line the debug information gives to which address.
//!
//! Invariant: a row stands for the instruction at its address. Where a sequence has several `is_stmt` rows at one address
//! only the last is kept, because the others cover no instruction. Sequences of discarded code are dropped whole.

use gimli::{EndianSlice, IncompleteLineProgram, LineProgramHeader, LittleEndian, UnitRef};

use super::error::{Budget, IndexError};
use super::index::Svma;
use super::paths::{FileId, FileTable, Paths};
use super::shortfall::{Shortfall, Shortfalls};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Source lines above this are taken for damage: a set of lines is stored as one bit per line.
const LAST_LINE: u64 = (1 << 24) - 1;

/// An address that starts a statement of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) address: Svma,
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
    program: IncompleteLineProgram<Bytes<'a>>,
    unit: UnitRef<'_, Bytes<'a>>,
    sink: &mut Sink<'_>,
) -> Result<(LineProgramHeader<Bytes<'a>>, FileTable), IndexError> {
    sink.budget.spend(program.header().raw_program_buf().len())?;
    let mut table = FileTable::default();
    let mut rows = program.rows();
    let mut sequence = Sequence::starting_at(sink.rows.len());
    // The file index of the row before and what it stands for: it changes rarely.
    let mut file = (u64::MAX, None);
    loop {
        let (header, row) = match rows.next_row() {
            Ok(Some(next)) => next,
            Ok(None) => break,
            Err(_) => {
                sink.shortfalls.add(Shortfall::MalformedLineProgram);
                break;
            }
        };
        let address = Svma(row.address());
        sequence.meet(address, sink.rows);
        if row.end_sequence() {
            sequence = Sequence::starting_at(sink.rows.len());
            continue;
        }
        if !row.is_stmt() || sequence.discarded {
            continue;
        }
        if row.file_index() != file.0 {
            let id = table.resolve(row.file_index(), header, unit, sink.paths, sink.budget)?;
            file = (row.file_index(), id);
        }
        let line = row.line().map_or(0, |line| line.get());
        let row = match file.1 {
            Some(file) if line <= LAST_LINE => Row {
                address,
                file,
                line: line as u32,
            },
            Some(_) | None => {
                sink.shortfalls.add(Shortfall::LineOutOfRange);
                Row {
                    address,
                    file: FileId(0),
                    line: 0,
                }
            }
        };
        match sink.rows[sequence.first_row..].last_mut() {
            Some(last) if last.address == address => *last = row,
            Some(_) | None => sink.rows.push(row),
        }
    }
    // What no end_sequence closes is not known to end where it seems to.
    sink.rows.truncate(sequence.first_row);
    Ok((rows.header().clone(), table))
}

/// The sequence being read.
struct Sequence {
    first_row: usize,
    last: Option<Svma>,
    discarded: bool,
}

impl Sequence {
    fn starting_at(first_row: usize) -> Sequence {
        Sequence {
            first_row,
            last: None,
            discarded: false,
        }
    }

    /// Takes note of the address of the next row, whatever that row is.
    fn meet(&mut self, address: Svma, rows: &[Row]) {
        // The reader swallows the end of a sequence that jumps to a tombstone; the next one then starts lower.
        if self.last.is_some_and(|last| address < last) {
            *self = Sequence::starting_at(rows.len());
        }
        if self.last.is_none() {
            self.discarded = is_tombstone(address);
        }
        self.last = Some(address);
    }
}

/// Whether linkers write this address for code that they discarded: 0, or -1 and -2 in 32 or 64 bits.
fn is_tombstone(address: Svma) -> bool {
    matches!(
        address.0,
        0 | 0xffff_fffe | 0xffff_ffff | 0xffff_ffff_ffff_fffe | u64::MAX
    )
}
