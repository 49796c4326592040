//! What differs from one CPU to another: the encoding of its instructions, its registers under ptrace.
//!
//! Invariant: no other folder of the workspace names a CPU or compares its instruction bytes.

mod landmark;
#[cfg(target_arch = "x86_64")]
mod x86_64;

pub use landmark::LandmarkKind;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64_registers.rs"]
pub mod registers;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64_pending.rs"]
mod pending;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64_numbers.rs"]
mod numbers;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64_callee.rs"]
mod callee;

#[cfg(target_arch = "x86_64")]
pub use callee::{Callee, callee};
#[cfg(target_arch = "x86_64")]
pub use numbers::calls;
#[cfg(target_arch = "x86_64")]
pub use pending::{args_at_syscall, leads_to_syscall};
#[cfg(target_arch = "x86_64")]
pub use x86_64::{
    BRANCH_LANDING, BREAKPOINT, CLONE_ARGUMENTS, CLONE_CALL, ControlFlow, ELF_MACHINE, Instruction, Instructions,
    LONGEST, NOP, RETURN, RT_SIGACTION_NUMBER, RT_SIGPROCMASK_NUMBER, instructions, is_rewritten,
};
