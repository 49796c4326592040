//! Undoing what being traced does to a program: system calls that give up, instructions hidden by a breakpoint.

use crate::supervisor::decide::input::Input;
use platform::arch::{self, CallNumber, Untraced};
use platform::procfs::Disposition;
use platform::{Access, Avma, Errno, OsError, Signal, Tid, Tracer, procfs, remote};

/// What a signal would do natively, read only where that makes a difference. One that `is_handled` may look as if it were
/// not: a breakpoint that another thread meets in the handler of SIGTRAP resets it until that is repaired.
pub(crate) fn weigh(tracer: &Tracer, tid: Tid, signal: Signal, is_handled: bool) -> Input {
    let interrupted = arch::gave_up(tracer, tid).unwrap_or(false);
    if is_handled {
        return Input::Weighed { tid, signal, disposition: Some(Disposition::Handled), interrupted };
    }
    let matters = interrupted || signal.dumps_core_by_default();
    let disposition = matters.then(|| procfs::signal_state(tid).ok().map(|state| state.disposition(signal))).flatten();
    if disposition == Some(Disposition::Default)
        && tracer.signal_info(tid).is_ok_and(|info| info.is_repeatable(signal))
        && procfs::is_init(tid)
    {
        return Input::Outlived { tid, signal };
    }
    Input::Weighed { tid, signal, disposition, interrupted }
}

/// Detaches from a thread whose instruction faulted, which it begins once more: the kernel then ends the init of a pid
/// namespace, too, as it does without a tracer (force_sig, kernel/signal.c).
pub(crate) fn fault_again(tracer: &Tracer, tid: Tid, signal: Signal) -> Result<(), OsError> {
    let repeated = arch::repeat_fault(tracer, tid, signal);
    // It faults somewhere else then, or goes on untraced, as its text is restored.
    tracer.detach(tid, None).and(repeated)
}

/// What is known of a system call that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coming {
    /// It makes nobody.
    Other,
    /// It makes a child, which is traced.
    Child,
    /// It makes a child, which is traced although it was not to be: it would die of the breakpoints that it inherits
    /// or shares, unseen by any tracer.
    Untraced(Untraced),
}

impl From<Option<Untraced>> for Coming {
    fn from(flags: Option<Untraced>) -> Self {
        flags.map_or(Coming::Child, Coming::Untraced)
    }
}

/// Does what the `mov $56, %eax` before a clone does.
pub(crate) fn clone_number(access: &Access<'_>, at: Avma) -> Result<Coming, OsError> {
    let flags = arch::clear_clone_untraced(access, CallNumber::CLONE);
    arch::emulate_call_number(access.tracer, access.tid, at, CallNumber::CLONE)?;
    flags.map(Coming::from)
}

/// Does what a `syscall` does that may make a child, by one `elsewhere`.
pub(crate) fn call(access: &Access<'_>, at: Avma, elsewhere: Option<Avma>) -> Result<Coming, OsError> {
    let (tracer, tid) = (access.tracer, access.tid);
    let number = arch::coming_call(tracer, tid)?;
    let coming = match number.has_clone_flags() {
        true => arch::clear_clone_untraced(access, number)?.into(),
        false => Coming::Other,
    };
    let Some(elsewhere) = elsewhere else {
        return Err(OsError::new("find a system call in", format_args!("tid {tid}"), Errno::ENOENT));
    };
    remote::enter_call(tracer, tid, at, elsewhere)?;
    Ok(coming)
}
