//! The x86-64.

/// Size of a page in bytes.
pub const PAGE: u64 = 4096;

mod argument;
mod call_numbers;
mod callee;
mod decode;
mod emulate;
mod encoding;
mod pending;
mod pieces;
mod prologue;
mod ptrace;
mod registers;
mod system_calls;

pub(crate) use emulate::call_left_by;
pub(crate) use encoding::MOV_EAX;
pub(crate) use registers::{Register, awaits_restart, below_stack, set_syscall, syscall};
pub(crate) use system_calls::{CloneFlags, EPOLL_WAITS, SIGACTION_LEN, SIGSET_LEN, SYS_IO_PGETEVENTS, Syscall};

pub use argument::ProbeArgument;
pub use call_numbers::{CallSite, call_sites};
pub use callee::{Callee, callee};
pub use decode::{ControlFlow, Instruction, Instructions, instructions, is_rewritten};
pub use emulate::{
    Untraced, clear_clone_untraced, coming_args, coming_call, emulate_argument, emulate_branch_landing,
    emulate_call_number, emulate_return, gave_up, repeat_call, repeat_fault, restart_unless_handled, set_result,
    thread_pointer, thread_pointer_of_child,
};
pub use encoding::{
    BRANCH_LANDING, BREAKPOINT, CLONE_ARGUMENTS, CLONE_CALL, ELF_MACHINE, LONGEST, MOV_LEN, NOP, RETURN,
    RT_SIGACTION_NUMBER, RT_SIGPROCMASK_NUMBER, SYSCALL,
};
pub use pending::leads_to_syscall;
pub use pieces::{Piece, pieces};
pub use prologue::{FirstInstruction, argument, returns, stack_pointer};
pub use registers::breakpoint_before;
pub use system_calls::{CallNumber, OpenCall, Opening, shares_memory};
