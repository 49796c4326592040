//! Reading what tells a test's name out of a program that is about to run it.

use crate::contexts::ReadObject;
use platform::{Access, Avma, arch};

/// The memory of a program, and the arguments of the function that its stopped thread is about to run.
pub(super) struct ProgramObjects<'a>(pub Access<'a>);

impl ReadObject for ProgramObjects<'_> {
    fn argument(&self, number: usize) -> Option<u64> {
        arch::argument(self.0.tracer, self.0.tid, number).ok()?
    }

    fn read(&self, at: u64, buffer: &mut [u8]) -> Option<()> {
        self.0.read(Avma(at), buffer).ok()
    }
}
