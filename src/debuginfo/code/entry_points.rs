//! Where control may come into code although no instruction leads there.

use crate::debuginfo::index::Svma;
use platform::arch::Instruction;

/// What the code does that its bytes do not tell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Habits {
    /// Whether it is loaded where it was linked, so that numbers may be addresses.
    pub(crate) is_absolute: bool,
    /// Whether control may come back to before a call, as in Go once a panic is recovered.
    pub(crate) calls_are_entries: bool,
}

impl Habits {
    /// The address that an instruction takes.
    pub(crate) fn label(self, instruction: &Instruction) -> Option<Svma> {
        instruction.label.or(instruction.immediate.filter(|_| self.is_absolute)).map(Svma)
    }
}

/// Where control may come in that no instruction tells, as far as that is known.
#[derive(Debug, Default)]
pub(crate) struct EntryPoints {
    /// Addresses that are in data, sorted without duplicates.
    pub(crate) stored: Vec<Svma>,
    /// What tables of distances lead to, sorted without duplicates.
    pub(crate) tables: Vec<Svma>,
    /// Addresses that the code takes, sorted without duplicates.
    pub(crate) labels: Vec<Svma>,
    /// Others, which tell nothing of any jump.
    pub(crate) others: Vec<Svma>,
}
