//! The memory of a stopped tracee, by whichever way is open: the descriptor that was opened before, ptrace, or ptrace
//! while the tracee is dumpable.
//!
//! A program that is not dumpable (prctl(2), PR_SET_DUMPABLE; setuid) keeps a tracer without CAP_SYS_PTRACE from all but
//! the first: PTRACE_PEEKDATA gives EIO then.

use crate::{Avma, Memory, OsError, Tid, Tracer, remote};

/// What it takes to reach the memory of a stopped tracee.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The tracer that seized it.
    pub tracer: &'a Tracer,
    /// A thread that is stopped and stays so.
    pub tid: Tid,
    /// Its memory, as far as that could be opened.
    pub memory: Option<&'a Memory>,
    /// Where the tracee can be made to call prctl, if nothing else opens its memory.
    pub unlock: Option<Avma>,
}

impl Access<'_> {
    /// Fills `buffer` from `at`; EIO where that is not mapped.
    pub fn read(&self, at: Avma, buffer: &mut [u8]) -> Result<(), OsError> {
        if self.memory.is_some_and(|memory| memory.read(at, buffer).is_ok()) {
            return Ok(());
        }
        self.by_ptrace(|tracer, tid| tracer.read(tid, at, buffer))
    }

    /// The eight bytes at `at` as a number; EIO where they are not mapped.
    pub fn word(&self, at: Avma) -> Result<u64, OsError> {
        let mut word = [0; 8];
        self.read(at, &mut word)?;
        Ok(u64::from_ne_bytes(word))
    }

    /// Writes `bytes` at `at`; EIO where that is not mapped.
    pub fn write(&self, at: Avma, bytes: &[u8]) -> Result<(), OsError> {
        if self.memory.is_some_and(|memory| memory.write(at, bytes).is_ok()) {
            return Ok(());
        }
        self.by_ptrace(|tracer, tid| tracer.write(tid, at, bytes))
    }

    fn by_ptrace(&self, act: impl FnOnce(&Tracer, Tid) -> Result<(), OsError>) -> Result<(), OsError> {
        let act = || act(self.tracer, self.tid);
        match self.unlock {
            Some(call) => remote::while_dumpable(self.tracer, self.tid, call, act)?,
            None => act(),
        }
    }
}
