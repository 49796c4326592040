//! Instructions of the C library or the dynamic loader that are worth watching, by what is there: who finds them and
//! who emulates them must mean the same.

use super::{FirstInstruction, OpenCall, ProbeArgument};
use serde::{Deserialize, Serialize};

/// What is at a landmark: what reaching it means, and so how its instruction is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LandmarkKind {
    /// First instruction of `_dl_debug_state`, a plain `ret`: the loader's list of libraries is about to change or has changed.
    LoaderState,
    /// The same where the function starts with `endbr64` (the `ret` follows those four bytes).
    LoaderStateEndbr,
    /// A five-byte `mov $14, %eax` that leads to a `syscall`: rt_sigprocmask.
    SignalMask,
    /// A five-byte `mov $13, %eax` that leads to a `syscall`: rt_sigaction.
    SignalAction,
    /// A five-byte `mov $56, %eax` right before a `syscall`: clone, whose arguments are in place.
    Clone,
    /// A `syscall` that may be one of clone or clone3.
    Call,
    /// A five-byte `mov $56, %edi` or `mov $435, %edi` that leads to a call of `syscall`, the function: clone or clone3
    /// by one that makes all kinds of calls.
    Announced,
    /// A five-byte `mov $14, %eax` that leads to a `syscall`: rt_sigprocmask, of which the code itself says whether it blocks
    /// signals, or unblocks them, or sets the whole mask.
    OwnSignalMask,
    /// A five-byte `mov` of the number of a call that opens a file to %eax, which leads to a `syscall`.
    Open(OpenCall),
    /// A `nop` by which the program says in which context it is from here on: the argument is its label.
    Context(ProbeArgument),
    /// The first instruction of a function whose calls are contexts.
    Enter(FirstInstruction),
    /// A `ret` of such a function.
    Leave,
}

impl LandmarkKind {
    /// The byte that belongs there.
    pub fn first_byte(self) -> u8 {
        match self {
            LandmarkKind::LoaderState | LandmarkKind::Leave => super::RETURN,
            LandmarkKind::Enter(first) => first.first_byte(),
            LandmarkKind::LoaderStateEndbr => super::BRANCH_LANDING[0],
            LandmarkKind::SignalMask
            | LandmarkKind::OwnSignalMask
            | LandmarkKind::SignalAction
            | LandmarkKind::Open(_)
            | LandmarkKind::Clone => super::MOV_EAX,
            LandmarkKind::Call => super::SYSCALL[0],
            LandmarkKind::Context(_) => super::NOP,
            LandmarkKind::Announced => super::CLONE_ARGUMENTS[0][0],
        }
    }
}
