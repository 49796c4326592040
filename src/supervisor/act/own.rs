//! Telling the program's own breakpoints from ours, where a program patches its own code: it writes int3 over the first
//! byte of an instruction, then the rest of it, then the first byte, and handles SIGTRAP meanwhile.
//!
//! Where ours was taken out, a breakpoint is the program's own; and so is one whose instruction goes on differently than
//! in the file, as we write first bytes only. Of a program that does not handle SIGTRAP it is taken for ours even so: it
//! put back what it had read while ours was there, or else would end by a breakpoint of its own.

use crate::plan::FileOffset;
use crate::supervisor::decide::action::Spent;
use crate::supervisor::decide::input::Remains;
use platform::arch::{self, BREAKPOINT};
use platform::procfs::{self, Disposition, SignalState};
use platform::{Access, Avma, Memory, Signal, Tid};
use std::cell::OnceCell;
use std::fs::File;

/// Whether the instruction at `at`, which is at `offset` in the file, goes on differently than there behind its first
/// byte.
pub(crate) fn is_rewritten_at(access: &Access<'_>, file: Option<&File>, at: Avma, offset: FileOffset) -> bool {
    let mut there = [0; arch::LONGEST];
    let Some(len) = file.and_then(|file| platform::read_up_to(file, &mut there, offset.0).ok()) else { return false };
    let Some(instruction) = arch::instructions(&there[..len], 0).next() else { return false };
    code(access, at, instruction.len).is_some_and(|here| arch::is_rewritten(&here, &there[..len]))
}

/// What is where a breakpoint was met that should be out; `handles_trap` tells whether the program handles SIGTRAP.
pub(crate) fn remains(
    access: &Access<'_>,
    file: Option<&File>,
    spent: Spent,
    at: Avma,
    handles_trap: impl FnOnce() -> bool,
) -> Remains {
    match code(access, at, 1).as_deref() {
        Some([BREAKPOINT]) if !handles_trap() => Remains::Ours,
        Some([BREAKPOINT]) if spent.taken_out || is_rewritten_at(access, file, at, spent.offset) => Remains::Own,
        Some([BREAKPOINT]) | None => Remains::Ours,
        Some(_) => Remains::Nothing,
    }
}

/// Whether the program of a thread has a handler for SIGTRAP.
pub(crate) fn handles_trap(tid: Tid) -> bool {
    procfs::signal_state(tid).is_ok_and(|state| state.disposition(Signal::TRAP) == Disposition::Handled)
}

/// Whether SIGTRAP ends the program of a thread, which may be known to handle it.
pub(crate) fn is_trap_fatal(tid: Tid, is_handled: bool) -> bool {
    let is_default = |state: SignalState| state.disposition(Signal::TRAP) == Disposition::Default;
    !is_handled && procfs::signal_state(tid).is_ok_and(is_default)
}

/// Code in memory.
fn code(access: &Access<'_>, at: Avma, len: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; len];
    access.read(at, &mut bytes).ok().map(|()| bytes)
}

/// What tells whose the breakpoints of an address space are.
pub(crate) struct Owner<'a> {
    /// A thread that lives in it.
    user: Option<Tid>,
    /// The memory that it was copied from just now, if that is still there.
    copied_from: Option<Option<&'a Memory>>,
    handles: OnceCell<bool>,
}

impl<'a> Owner<'a> {
    /// `handles_trap` is whether the program is known to handle SIGTRAP; otherwise /proc is asked of the user.
    pub fn new(user: Option<Tid>, copied_from: Option<Option<&'a Memory>>, handles_trap: bool) -> Self {
        Owner { user, copied_from, handles: if handles_trap { OnceCell::from(true) } else { OnceCell::new() } }
    }

    /// Whether a breakpoint of a program may be its own at all.
    pub fn may_be(&self) -> bool {
        *self.handles.get_or_init(|| self.user.is_some_and(handles_trap))
    }

    /// Whether a breakpoint is where ours was out before. A copy may have been made before ours was taken out of what it
    /// was copied from: then there is none any more.
    pub fn has(&self, at: Avma) -> bool {
        let there = |memory: &Memory| {
            let mut byte = [0];
            memory.read(at, &mut byte).is_ok() && byte == [BREAKPOINT]
        };
        self.may_be() && self.copied_from.is_none_or(|memory| memory.is_some_and(there))
    }
}
