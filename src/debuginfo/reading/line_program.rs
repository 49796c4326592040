//! Line programs, run row by row.

use super::Bytes;
use crate::debuginfo::index::Svma;
use gimli::{IncompleteLineProgram, LineInstruction, LineInstructions, LineProgramHeader, LineRow};

/// A line program that is being run.
pub(super) struct LineProgramRun<'a> {
    program: IncompleteLineProgram<Bytes<'a>>,
    instructions: LineInstructions<Bytes<'a>>,
    row: LineRow,
    /// Whether it ended with an error.
    pub(super) is_damaged: bool,
}

impl<'a> LineProgramRun<'a> {
    pub(super) fn start(program: IncompleteLineProgram<Bytes<'a>>) -> LineProgramRun<'a> {
        let (instructions, row) = (program.header().instructions(), LineRow::new(program.header()));
        LineProgramRun { program, instructions, row, is_damaged: false }
    }

    pub(super) fn header(&self) -> &LineProgramHeader<Bytes<'a>> {
        self.program.header()
    }

    /// The next row, or None at the end and at the first error; `set_address` gets the operand of each DW_LNE_set_address
    /// before it, and the address before that, 0 at the start of a sequence.
    pub(super) fn next(&mut self, mut set_address: impl FnMut(Svma, Svma)) -> Option<LineRow> {
        self.row.reset(self.program.header());
        loop {
            let instruction = match self.instructions.next_instruction(self.program.header()) {
                // The reader negates it.
                Ok(Some(LineInstruction::AdvanceLine(i64::MIN))) | Err(_) => break,
                Ok(Some(instruction)) => instruction,
                Ok(None) => return None,
            };
            if let LineInstruction::SetAddress(address) = instruction {
                set_address(Svma(address), Svma(self.row.address()));
            }
            match self.row.execute(instruction, &mut self.program) {
                Ok(true) => return Some(self.row),
                Ok(false) => {}
                Err(_) => break,
            }
        }
        self.is_damaged = true;
        None
    }
}
