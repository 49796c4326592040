//! The registers of a stopped thread, read and set by ptrace.

use super::registers::{Register, breakpoint_before};
use crate::{Avma, OsError, Tid, Tracer};
use libc::user_regs_struct;

impl Tracer {
    /// Where a thread that just executed a breakpoint executed it.
    pub fn breakpoint_address(&self, tid: Tid) -> Result<Avma, OsError> {
        self.pc(tid).map(breakpoint_before)
    }

    /// The program counter of a stopped thread.
    pub fn pc(&self, tid: Tid) -> Result<Avma, OsError> {
        self.peek_register(tid, Register::PC).map(Avma)
    }

    /// Sets where a stopped thread goes on.
    pub fn set_pc(&self, tid: Tid, pc: Avma) -> Result<(), OsError> {
        self.poke_register(tid, Register::PC, pc.0)
    }

    /// All general registers.
    pub(crate) fn registers(&self, tid: Tid) -> Result<user_regs_struct, OsError> {
        // SAFETY: user_regs_struct is plain data for which zeroes are valid.
        let mut regs: user_regs_struct = unsafe { std::mem::zeroed() };
        self.request("get registers of", libc::PTRACE_GETREGS, tid, 0, &raw mut regs as usize)?;
        Ok(regs)
    }

    /// Sets all general registers.
    pub(crate) fn set_registers(&self, tid: Tid, regs: &user_regs_struct) -> Result<(), OsError> {
        self.request("set registers of", libc::PTRACE_SETREGS, tid, 0, &raw const *regs as usize).map(drop)
    }

    /// The value of one register.
    pub(crate) fn peek_register(&self, tid: Tid, register: Register) -> Result<u64, OsError> {
        self.peek("get register of", libc::PTRACE_PEEKUSER, tid, register.offset())
    }

    /// Sets one register.
    pub(crate) fn poke_register(&self, tid: Tid, register: Register, value: u64) -> Result<(), OsError> {
        self.request("set register of", libc::PTRACE_POKEUSER, tid, register.offset(), value as usize).map(drop)
    }
}
