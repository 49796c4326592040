//! Doing for a stopped thread what the instruction does that a breakpoint hides, and having it begin one once more.

use super::encoding::{BRANCH_LANDING, MOV_LEN, SYSCALL};
use super::pending::args_at_syscall;
use super::registers::{PC_AFTER_BREAKPOINT, Register, left_call, syscall};
use super::system_calls::{CallNumber, CloneFlags, RESTART_UNLESS_HANDLED};
use crate::{Access, Avma, OsError, Signal, Tid, Tracer};

/// Has a thread at the end of a system call make it once more.
pub fn repeat_call(tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
    let (number, pc) = (tracer.peek_register(tid, Register::CALL)?, tracer.pc(tid)?);
    tracer.poke_register(tid, Register::RESULT, number)?;
    tracer.set_pc(tid, Avma(pc.0.wrapping_sub(SYSCALL.len() as u64)))
}

/// Whether a thread is at the end of a system call that gave up with EINTR and may be started again.
pub fn gave_up(tracer: &Tracer, tid: Tid) -> Result<bool, OsError> {
    let result = tracer.peek_register(tid, Register::RESULT)? as i64;
    Ok(CallNumber(tracer.peek_register(tid, Register::CALL)? as i64).gives_up(result))
}

/// Sets what a system call returns at whose end a thread is: an errno negated, or what it gives.
pub fn set_result(tracer: &Tracer, tid: Tid, result: i64) -> Result<(), OsError> {
    tracer.poke_register(tid, Register::RESULT, result as u64)
}

/// Has the kernel start a system call again at whose end a thread is, unless a handler runs, which sees EINTR then.
pub fn restart_unless_handled(tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
    set_result(tracer, tid, RESTART_UNLESS_HANDLED)
}

/// Number and arguments of the system call that a thread has just come out of.
pub(crate) fn call_left_by(tracer: &Tracer, tid: Tid) -> Result<(CallNumber, [u64; 6]), OsError> {
    tracer.registers(tid).map(|regs| left_call(&regs))
}

/// Has a thread begin once more the instruction that raised `signal`.
pub fn repeat_fault(tracer: &Tracer, tid: Tid, signal: Signal) -> Result<(), OsError> {
    let len = match signal.0 {
        libc::SIGTRAP => PC_AFTER_BREAKPOINT,
        // The kernel has set the number back already.
        libc::SIGSYS => SYSCALL.len() as u64,
        _ => return Ok(()),
    };
    let pc = tracer.pc(tid)?;
    tracer.set_pc(tid, Avma(pc.0.wrapping_sub(len)))
}

/// Does what `ret` does. Where the stack cannot be read the thread executes another one, if there is one `elsewhere`.
pub fn emulate_return(access: &Access<'_>, elsewhere: impl FnOnce() -> Option<Avma>) -> Result<(), OsError> {
    let (tracer, tid) = (access.tracer, access.tid);
    let sp = tracer.peek_register(tid, Register::SP)?;
    match access.word(Avma(sp)) {
        Ok(target) => {
            tracer.poke_register(tid, Register::SP, sp.wrapping_add(8))?;
            tracer.set_pc(tid, Avma(target))
        }
        Err(error) => elsewhere().map_or(Err(error), |other| tracer.set_pc(tid, other)),
    }
}

/// Does what the `endbr64` at `at` does: nothing.
pub fn emulate_branch_landing(tracer: &Tracer, tid: Tid, at: Avma) -> Result<(), OsError> {
    tracer.set_pc(tid, Avma(at.0 + BRANCH_LANDING.len() as u64))
}

/// Does what the `mov $number, %eax` at `at` does.
pub fn emulate_call_number(tracer: &Tracer, tid: Tid, at: Avma, number: CallNumber) -> Result<(), OsError> {
    tracer.poke_register(tid, Register::RESULT, number.0 as u64)?;
    tracer.set_pc(tid, Avma(at.0 + MOV_LEN))
}

/// Does what the `mov $number, %edi` at `at` does, whatever the number.
pub fn emulate_argument(access: &Access<'_>, at: Avma) -> Result<(), OsError> {
    let mut number = [0; 4];
    access.read(Avma(at.0 + 1), &mut number)?;
    let number = u64::from(u32::from_le_bytes(number));
    access.tracer.poke_register(access.tid, Register::FIRST, number)?;
    access.tracer.set_pc(access.tid, Avma(at.0 + MOV_LEN))
}

/// The system call that a thread at a `syscall` instruction is about to make.
pub fn coming_call(tracer: &Tracer, tid: Tid) -> Result<CallNumber, OsError> {
    /// Set in the number by the x32 ABI.
    const X32: i32 = 0x4000_0000;
    Ok(CallNumber(i64::from(tracer.peek_register(tid, Register::RESULT)? as i32 & !X32)))
}

/// The arguments of the system call that follows the `mov $number, %eax` at `at`; `None` if they cannot be told.
pub fn coming_args(access: &Access<'_>, at: Avma) -> Result<Option<[u64; 4]>, OsError> {
    const WORDS: u64 = 5;
    let regs = access.tracer.registers(access.tid)?;
    let behind = at.0 + MOV_LEN;
    let mut code = Vec::new();
    for word in 0..WORDS {
        let Ok(word) = access.word(Avma(behind + word * 8)) else { break };
        code.extend(word.to_ne_bytes());
        if let Some(args) = args_at_syscall(&code, behind, &regs) {
            return Ok(Some(args));
        }
    }
    Ok(None)
}

/// Where a thread has the data of its own.
pub fn thread_pointer(tracer: &Tracer, tid: Tid) -> Result<Avma, OsError> {
    tracer.peek_register(tid, Register::THREAD).map(Avma)
}

/// The same of the child that a thread has made, which is in the event stop of that; `None` if the call did not say it.
pub fn thread_pointer_of_child(access: &Access<'_>) -> Option<Avma> {
    /// Of the kernel's `struct clone_args`: from its flags to what is asked for.
    const WORDS: usize = 8;
    let regs = access.tracer.registers(access.tid).ok()?;
    let (flags, pointer) = match syscall(&regs)?.clone_flags()? {
        CloneFlags::Are(flags) => (flags, regs.r8),
        CloneFlags::At(place) => {
            let mut args = [0; WORDS * 8];
            access.read(place, &mut args).ok()?;
            let words = args.as_chunks::<8>().0;
            (u64::from_ne_bytes(words[0]), u64::from_ne_bytes(words[WORDS - 1]))
        }
    };
    (flags & libc::CLONE_SETTLS as u64 != 0).then_some(Avma(pointer))
}

/// The flags of a clone or clone3 that the thread was about to make, from which CLONE_UNTRACED was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untraced {
    /// The flags as the program gave them, CLONE_UNTRACED among them (clone(2)).
    pub flags: u64,
    /// Where they are in memory; `None` if they are in a register.
    pub place: Option<Avma>,
}

/// Takes CLONE_UNTRACED out of the flags of the clone or clone3 that the thread is about to make, if it is among them.
pub fn clear_clone_untraced(access: &Access<'_>, number: CallNumber) -> Result<Option<Untraced>, OsError> {
    const UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
    let (tracer, tid) = (access.tracer, access.tid);
    let first = tracer.peek_register(tid, Register::FIRST)?;
    let is_set = |flags: &u64| flags & UNTRACED != 0;
    if number == CallNumber::CLONE {
        let flags = Some(first).filter(is_set);
        let clear = |flags: u64| tracer.poke_register(tid, Register::FIRST, flags & !UNTRACED);
        return flags.map(|flags| clear(flags).map(|()| Untraced { flags, place: None })).transpose();
    }
    // A pointer to nowhere makes the call fail.
    let place = Avma(first);
    let flags = access.word(place).ok().filter(is_set);
    let clear = |flags: u64| access.write(place, &(flags & !UNTRACED).to_ne_bytes());
    flags.map(|flags| clear(flags).map(|()| Untraced { flags, place: Some(place) })).transpose()
}
