//! Keeping SIGTRAP's mask and disposition as the program set them: the kernel unblocks SIGTRAP and resets it to its
//! default in a thread that executes a breakpoint while SIGTRAP is blocked or ignored (force_sig, kernel/signal.c).

use platform::{Avma, OsError, Tid, Tracer};

/// What is known of the program's own use of SIGTRAP.
#[derive(Debug, Default)]
pub(super) struct TrapGuard {}

impl TrapGuard {
    pub fn image_started(&mut self, _tid: Tid) {}
    pub fn after_breakpoint(&mut self, _tracer: &Tracer, _tid: Tid) {}
    pub fn mask_call(&mut self, _tracer: &Tracer, _tid: Tid, _at: Avma) -> Result<(), OsError> {
        Ok(())
    }
    pub fn action_call(&mut self, _tracer: &Tracer, _tid: Tid, _at: Avma) -> Result<(), OsError> {
        Ok(())
    }
}
