//! Registers of the x86-64 as ptrace gives them: single ones by name, and what all of them say of a system call.
//!
//! Invariant: nothing outside `arch` knows that the program counter is one byte past an executed breakpoint.

use super::system_calls::{CallNumber, Syscall};
use crate::Avma;
use libc::user_regs_struct;
use std::mem::offset_of;

/// A register that is read or set by itself, by its offset in the `user` area (PTRACE_PEEKUSER, PTRACE_POKEUSER).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register(usize);

impl Register {
    pub(crate) const PC: Register = Register(offset_of!(user_regs_struct, rip));
    pub(crate) const SP: Register = Register(offset_of!(user_regs_struct, rsp));
    /// The first argument of a function or a system call.
    pub(crate) const FIRST: Register = Register(offset_of!(user_regs_struct, rdi));
    /// Before a `syscall` instruction the number of the call, afterwards its result.
    pub(crate) const RESULT: Register = Register(offset_of!(user_regs_struct, rax));
    /// The number of the system call in which the thread is; negative where it is in none.
    pub(crate) const CALL: Register = Register(offset_of!(user_regs_struct, orig_rax));
    /// Where a `syscall` instruction came back to.
    pub(crate) const RETURNED_TO: Register = Register(offset_of!(user_regs_struct, rcx));

    /// Where the data is that each thread has of its own.
    pub(crate) const THREAD: Register = Register(offset_of!(user_regs_struct, fs_base));

    pub(crate) fn offset(self) -> usize {
        self.0
    }
}

/// How far the program counter is past an executed breakpoint.
pub(crate) const PC_AFTER_BREAKPOINT: u64 = 1;

/// Where the breakpoint is that a thread at `pc` has just executed, if it has.
pub fn breakpoint_before(pc: Avma) -> Avma {
    Avma(pc.0.wrapping_sub(PC_AFTER_BREAKPOINT))
}

/// The system call in which a thread with these registers is, by the 64-bit convention; `None` in a 32-bit program.
pub(crate) fn syscall(regs: &user_regs_struct) -> Option<Syscall> {
    const CS_64: u64 = 0x33;
    (regs.cs == CS_64).then_some(Syscall { number: CallNumber(regs.orig_rax as i64), args: pending_args(regs) })
}

/// Number and arguments of the system call that a thread with these registers has just come out of.
pub(crate) fn left_call(regs: &user_regs_struct) -> (CallNumber, [u64; 6]) {
    (CallNumber(regs.orig_rax as i64), [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9])
}

/// Arguments of a system call that is about to be made: the registers before the `syscall` instruction.
pub(crate) fn pending_args(regs: &user_regs_struct) -> [u64; 4] {
    [regs.rdi, regs.rsi, regs.rdx, regs.r10]
}

/// Sets the registers so that the `syscall` instruction at `at` makes `call`.
pub(crate) fn set_syscall(regs: &mut user_regs_struct, at: Avma, call: Syscall) {
    regs.rip = at.0;
    regs.rax = call.number.0 as u64;
    regs.orig_rax = u64::MAX;
    [regs.rdi, regs.rsi, regs.rdx, regs.r10] = call.args;
}

/// Whether the kernel is to start a system call again that was broken off, before the thread with these registers goes on
/// (ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK).
pub(crate) fn awaits_restart(regs: &user_regs_struct) -> bool {
    (regs.orig_rax as i64) >= 0 && matches!(regs.rax as i64, -514..=-512 | -516)
}

/// A general register, as instructions count them.
pub(crate) fn general_register(regs: &user_regs_struct, number: u8) -> u64 {
    *general_register_mut(&mut { *regs }, number)
}

/// The same, to be set.
pub(crate) fn general_register_mut(regs: &mut user_regs_struct, number: u8) -> &mut u64 {
    match number % 16 {
        0 => &mut regs.rax,
        1 => &mut regs.rcx,
        2 => &mut regs.rdx,
        3 => &mut regs.rbx,
        4 => &mut regs.rsp,
        5 => &mut regs.rbp,
        6 => &mut regs.rsi,
        7 => &mut regs.rdi,
        8 => &mut regs.r8,
        9 => &mut regs.r9,
        10 => &mut regs.r10,
        11 => &mut regs.r11,
        12 => &mut regs.r12,
        13 => &mut regs.r13,
        14 => &mut regs.r14,
        _ => &mut regs.r15,
    }
}

/// An aligned place for `len` bytes below the stack and below what leaf functions may use of it.
pub(crate) fn below_stack(regs: &user_regs_struct, len: u64) -> Avma {
    const RED_ZONE: u64 = 128;
    Avma(regs.rsp.wrapping_sub(RED_ZONE + len) & !15)
}
