//! Having a stopped tracee make a system call of ours.
//!
//! Invariant: registers, memory and mask of the tracee are afterwards as they were. It is taken through the call by
//! syscall-stops, never by single steps, whose SIGTRAP would reset the very action that is being set.

use crate::arch::{self, CallNumber, Register};
use crate::{
    Access, Avma, Event, Memory, OsError, PAGE, Pid, Signal, SignalAction, SignalInfo, Tid, Tracer, Wait, mapped,
};
use nix::errno::Errno;
use std::ops::Range;

/// Where an instruction is in the tracee's vDSO (vdso(7)), which is mapped at `vdso` in the address space `memory`.
/// The kernel gives every process the same vDSO, so where the memory is closed to us our own tells. A program may have
/// unmapped its own (valgrind does): then there is nothing to read.
pub fn find_in_vdso(memory: Option<&Memory>, vdso: &Range<u64>, instruction: &[u8]) -> Option<Avma> {
    let text = match memory {
        Some(memory) => read_vdso(memory, vdso)?,
        None => own_vdso(vdso.end - vdso.start)?,
    };
    let at = text.windows(instruction.len()).position(|bytes| bytes == instruction)?;
    Some(Avma(vdso.start + at as u64))
}

fn read_vdso(memory: &Memory, vdso: &Range<u64>) -> Option<Vec<u8>> {
    const AT_MOST: u64 = 1 << 20;
    let mut text = vec![0; usize::try_from((vdso.end - vdso.start).min(AT_MOST)).ok()?];
    memory.read(Avma(vdso.start), &mut text).ok()?;
    Some(text)
}

/// This process's own vDSO, if it has the same length.
fn own_vdso(len: u64) -> Option<Vec<u8>> {
    let me = Pid(i32::try_from(std::process::id()).ok()?).leader();
    let vdso = mapped(me).ok()?.vdso.filter(|vdso| vdso.end - vdso.start == len)?;
    read_vdso(&Memory::open(me).ok()?, &vdso)
}

/// Has a stopped tracee be dumpable while `act` does what needs that: without it everybody who lacks CAP_SYS_PTRACE is
/// kept out of its memory (prctl(2), PR_SET_DUMPABLE).
pub fn while_dumpable<T>(tracer: &Tracer, tid: Tid, syscall: Avma, act: impl FnOnce() -> T) -> Result<T, OsError> {
    let access = Access { tracer, tid, memory: None, unlock: None };
    let prctl =
        |option: i32, value: u64| call(&access, syscall, libc::SYS_prctl, &mut [], |_| [option as u64, value, 0, 0]);
    let before = prctl(libc::PR_GET_DUMPABLE, 0)?;
    prctl(libc::PR_SET_DUMPABLE, 1)?;
    let done = act();
    if before != 1 {
        prctl(libc::PR_SET_DUMPABLE, 0)?;
    }
    Ok(done)
}

/// Sets a signal's action in the process of a stopped thread, through the system call instruction at `syscall`.
pub fn set_signal_action(
    access: &Access<'_>,
    syscall: Avma,
    signal: Signal,
    action: &SignalAction,
) -> Result<(), OsError> {
    let set = |place| [signal.0 as u64, place, 0, arch::SIGSET_LEN];
    call(access, syscall, libc::SYS_rt_sigaction, &mut { *action.bytes() }, set).map(drop)
}

/// A signal's action in the process of a stopped thread.
pub fn signal_action(access: &Access<'_>, syscall: Avma, signal: Signal) -> Result<SignalAction, OsError> {
    let mut action = [0; SignalAction::LEN];
    let get = |place| [signal.0 as u64, 0, place, arch::SIGSET_LEN];
    let got = call(access, syscall, libc::SYS_rt_sigaction, &mut action, get)?;
    succeeded(access.tid, got).map(|_| SignalAction::from(action))
}

/// Has a stopped tracee map the page of shared memory at `page` once more for a moment, to be written to, while `act`
/// does that; the mapping that is there keeps its rights, which other threads may need meanwhile.
pub(crate) fn while_mapped_twice(
    access: &Access<'_>,
    syscall: Avma,
    page: Avma,
    act: impl FnOnce(Avma) -> Result<(), OsError>,
) -> Result<(), OsError> {
    let make = |number, args: [u64; 4]| {
        let made = call(access, syscall, number, &mut [], |_| args)?;
        succeeded(access.tid, made)
    };
    // A length of 0 moves nothing (mremap(2)).
    let twin = make(libc::SYS_mremap, [page.0, 0, PAGE, libc::MREMAP_MAYMOVE as u64])?;
    let rights = (libc::PROT_READ | libc::PROT_WRITE) as u64;
    let done = make(libc::SYS_mprotect, [twin, PAGE, rights, 0]).and_then(|_| act(Avma(twin)));
    make(libc::SYS_munmap, [twin, PAGE, 0, 0])?;
    done
}

/// Has a stopped tracee give up its own copies of a file's pages, which are the file's again then (madvise(2)).
pub fn drop_pages(tracer: &Tracer, tid: Tid, syscall: Avma, pages: &Range<u64>) -> Result<(), OsError> {
    let access = Access { tracer, tid, memory: None, unlock: None };
    let args = [pages.start, pages.end - pages.start, libc::MADV_DONTNEED as u64, 0];
    let made = call(&access, syscall, libc::SYS_madvise, &mut [], |_| args)?;
    succeeded(tid, made).map(drop)
}

/// What a call in a tracee gave, unless that is an error.
fn succeeded(tid: Tid, result: u64) -> Result<u64, OsError> {
    const ERRORS: i64 = -4095;
    match result as i64 {
        error @ ERRORS..0 => Err(OsError::new("call in", format_args!("tid {tid}"), Errno::from_raw(-error as i32))),
        _ => Ok(result),
    }
}

/// Has a stopped thread send a signal to itself, or to its process `group`, with the siginfo that it had.
pub fn send_to_itself(
    access: &Access<'_>,
    group: Pid,
    syscall: Avma,
    signal: Signal,
    info: &SignalInfo,
) -> Result<(), OsError> {
    let (group, thread, signal) = (group.0 as u64, access.tid.0 as u64, signal.0 as u64);
    let mut bytes = info.bytes().to_vec();
    let sent = if info.is_for_thread() {
        call(access, syscall, libc::SYS_rt_tgsigqueueinfo, &mut bytes, |place| [group, thread, signal, place])
    } else {
        call(access, syscall, libc::SYS_rt_sigqueueinfo, &mut bytes, |place| [group, signal, place, 0])
    };
    sent.map(drop)
}

/// Makes one call whose arguments may point to `buffer`, which is put at the place given and read back from it; gives
/// the call's result.
fn call(
    access: &Access<'_>,
    syscall: Avma,
    number: i64,
    buffer: &mut [u8],
    args: impl FnOnce(u64) -> [u64; 4],
) -> Result<u64, OsError> {
    let (tracer, tid) = (access.tracer, access.tid);
    let before = tracer.registers(tid)?;
    let place = arch::below_stack(&before, buffer.len() as u64);
    let mut saved = vec![0; buffer.len()];
    access.read(place, &mut saved)?;
    let mask = tracer.signal_mask(tid)?;
    let mut regs = before;
    arch::set_syscall(&mut regs, syscall, arch::Syscall { number: CallNumber(number), args: args(place.0) });
    access.write(place, buffer)?;
    // Nothing may be delivered in between.
    tracer.set_signal_mask(tid, u64::MAX)?;
    tracer.set_registers(tid, &regs)?;
    let made = pass_through_call(tracer, tid);
    tracer.set_registers(tid, &before)?;
    tracer.set_signal_mask(tid, mask)?;
    access.read(place, buffer)?;
    access.write(place, &saved)?;
    // The kernel does that on the way out of a stop of another kind only.
    if arch::awaits_restart(&before) {
        tracer.interrupt(tid)?;
    }
    made
}

/// Has the stopped thread `tid` make the system call of the `syscall` instruction at `at`, in whose place a breakpoint
/// is, by that at `elsewhere`: it is in the call's syscall-entry-stop then, and comes back to behind `at`. So does
/// the child, if the call makes one.
pub fn enter_call(tracer: &Tracer, tid: Tid, at: Avma, elsewhere: Avma) -> Result<(), OsError> {
    let mask = tracer.signal_mask(tid)?;
    // Nothing may be delivered before.
    tracer.set_signal_mask(tid, u64::MAX)?;
    tracer.set_pc(tid, elsewhere)?;
    let mut missed = Missed::default();
    let entered = to_call_stop(tracer, tid, &mut missed);
    match entered {
        Ok(()) => {
            let behind = Avma(at.0 + arch::SYSCALL.len() as u64);
            tracer.set_pc(tid, behind)?;
            tracer.poke_register(tid, Register::RETURNED_TO, behind.0)?;
        }
        Err(_) => tracer.set_pc(tid, at)?,
    }
    tracer.set_signal_mask(tid, mask)?;
    missed.make_up_for(tracer, tid)?;
    entered
}

/// What happened to a thread on its way to a syscall-stop. It is not lost: an end is reported again by the next wait; a
/// SIGSTOP, the one signal that cannot be blocked, is sent again; a group-stop is asked for again.
#[derive(Default)]
struct Missed {
    stop: bool,
    event: bool,
}

impl Missed {
    fn make_up_for(self, tracer: &Tracer, tid: Tid) -> Result<(), OsError> {
        if self.stop {
            tracer.send(tid, Signal::STOP);
        }
        if self.event { tracer.interrupt(tid) } else { Ok(()) }
    }
}

/// Goes on to the next syscall-stop; an error if there is no system call where the thread is.
fn to_call_stop(tracer: &Tracer, tid: Tid, missed: &mut Missed) -> Result<(), OsError> {
    loop {
        tracer.resume_to_syscall(tid, None)?;
        match tracer.wait_for_living(tid)? {
            Wait::Call { .. } => return Ok(()),
            Wait::Signal { signal: Signal::STOP, .. } => missed.stop = true,
            // All others are blocked: only a fault comes through.
            Wait::Signal { .. } => return Err(OsError::new("call in", format_args!("tid {tid}"), Errno::EFAULT)),
            // It stays there until that is served: to resume it here would hide its end from the others.
            end @ (Wait::Event { event: Event::Exit, .. } | Wait::Exited { .. } | Wait::Killed { .. }) => {
                tracer.give_back(end);
                return Err(OsError::new("call in", format_args!("tid {tid}"), Errno::ESRCH));
            }
            Wait::Event { .. } => missed.event = true,
            Wait::Continued { .. } => {}
        }
    }
}

/// Syscall-entry-stop and syscall-exit-stop.
fn pass_through_call(tracer: &Tracer, tid: Tid) -> Result<u64, OsError> {
    let mut missed = Missed::default();
    to_call_stop(tracer, tid, &mut missed)?;
    to_call_stop(tracer, tid, &mut missed)?;
    missed.make_up_for(tracer, tid)?;
    tracer.peek_register(tid, Register::RESULT)
}
