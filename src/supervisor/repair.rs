//! Undoing what being traced does to a program: system calls that give up, instructions hidden by a breakpoint.

use super::input::Input;
use platform::arch::registers as arch;
use platform::procfs::Disposition;
use platform::{Avma, OsError, Signal, Tid, Tracer, procfs};

/// What a signal would do natively, read only where that makes a difference.
pub(super) fn weigh(tracer: &Tracer, tid: Tid, signal: Signal) -> Input {
    let interrupted = arch::gave_up(tracer, tid).unwrap_or(false);
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
pub(super) fn fault_again(tracer: &Tracer, tid: Tid, signal: Signal) -> Result<(), OsError> {
    let repeated = arch::repeat_fault(tracer, tid, signal);
    // It faults somewhere else then, or goes on untraced, as its text is restored.
    tracer.detach(tid, None).and(repeated)
}

/// Lets a call that gave up with EINTR start again, unless a handler runs (the kernel decides at the resume).
pub(super) fn restart_call(tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
    if arch::gave_up(tracer, tid)? {
        tracer.poke_register(tid, arch::RESULT, arch::RESTART_UNLESS_HANDLED)?;
    }
    Ok(())
}

/// Does what `ret` does.
pub(super) fn emulate_return(tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
    let sp = tracer.peek_register(tid, arch::SP)?;
    let target = tracer.peek_word(tid, Avma(sp))?;
    tracer.poke_register(tid, arch::SP, sp.wrapping_add(8))?;
    tracer.set_pc(tid, Avma(target))
}

/// Does what `endbr64` does: nothing.
pub(super) fn skip_endbr(tracer: &Tracer, tid: Tid, at: Avma) -> Result<(), OsError> {
    tracer.set_pc(tid, Avma(at.0 + arch::ENDBR_LEN))
}

/// Takes CLONE_UNTRACED out of the flags of a clone that is about to be made: such a child would die of the breakpoints
/// that it inherits, unseen by any tracer.
pub(super) fn trace_every_clone(tracer: &Tracer, tid: Tid, at: Avma) -> Result<(), OsError> {
    arch::clear_clone_untraced(tracer, tid)?;
    arch::emulate_call_number(tracer, tid, at, arch::CLONE)
}
