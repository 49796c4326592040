//! Having a stopped tracee make a system call of ours.
//!
//! Invariant: registers, memory and mask of the tracee are afterwards as they were. It is taken through the call by
//! syscall-stops, never by single steps, whose SIGTRAP would reset the very action that is being set.

use crate::arch::registers as arch;
use crate::{Avma, Memory, OsError, Pid, Signal, SignalInfo, Tid, Tracer, Wait};
use nix::errno::Errno;
use std::ops::Range;

/// A place in the tracee's text where a system call instruction stands: one of the vDSO's (vdso(7)), which is mapped at
/// `vdso` in the address space `memory`.
pub fn find_syscall(memory: &Memory, vdso: &Range<u64>) -> Option<Avma> {
    const AT_MOST: u64 = 1 << 20;
    let mut text = vec![0; usize::try_from((vdso.end - vdso.start).min(AT_MOST)).ok()?];
    memory.read(Avma(vdso.start), &mut text).ok()?;
    let at = text.windows(arch::SYSCALL.len()).position(|bytes| bytes == arch::SYSCALL)?;
    Some(Avma(vdso.start + at as u64))
}

/// Opens the memory of a stopped tracee that made itself undumpable, which keeps everybody without CAP_SYS_PTRACE out
/// (prctl(2), PR_SET_DUMPABLE): it is dumpable for as long as that takes.
pub fn open_undumpable(tracer: &Tracer, tid: Tid, syscall: Avma) -> Result<Memory, OsError> {
    let prctl =
        |option: i32, value: u64| call(tracer, tid, syscall, arch::PRCTL, &mut [], |_| [option as u64, value, 0, 0]);
    let before = prctl(libc::PR_GET_DUMPABLE, 0)?;
    prctl(libc::PR_SET_DUMPABLE, 1)?;
    let memory = Memory::open(tid);
    if before == 0 {
        prctl(libc::PR_SET_DUMPABLE, before)?;
    }
    memory
}

/// Sets a signal's action in the process of the stopped thread `tid`, through the system call instruction at
/// `syscall`; `action` is the kernel's `struct sigaction`.
pub fn set_signal_action(
    tracer: &Tracer,
    tid: Tid,
    syscall: Avma,
    signal: Signal,
    action: &[u8; arch::SIGACTION_LEN],
) -> Result<(), OsError> {
    let set = |place| [signal.0 as u64, place, 0, arch::SIGSET_LEN];
    call(tracer, tid, syscall, arch::RT_SIGACTION, &mut { *action }, set).map(drop)
}

/// A signal's action in the process of the stopped thread `tid`, as the kernel's `struct sigaction`.
pub fn signal_action(
    tracer: &Tracer,
    tid: Tid,
    syscall: Avma,
    signal: Signal,
) -> Result<[u8; arch::SIGACTION_LEN], OsError> {
    let mut action = [0; arch::SIGACTION_LEN];
    let get = |place| [signal.0 as u64, 0, place, arch::SIGSET_LEN];
    match call(tracer, tid, syscall, arch::RT_SIGACTION, &mut action, get)? {
        0 => Ok(action),
        error => {
            Err(OsError::new("call in", format_args!("tid {tid}"), Errno::from_raw((error as i32).wrapping_neg())))
        }
    }
}

/// Has the stopped thread `tid` send a signal to itself, or to its process `group`, with the siginfo that it had.
pub fn send_to_itself(
    tracer: &Tracer,
    tid: Tid,
    group: Pid,
    syscall: Avma,
    signal: Signal,
    info: &SignalInfo,
) -> Result<(), OsError> {
    let (group, thread, signal) = (group.0 as u64, tid.0 as u64, signal.0 as u64);
    let mut bytes = info.bytes().to_vec();
    let sent = if info.is_for_thread() {
        call(tracer, tid, syscall, arch::RT_TGSIGQUEUEINFO, &mut bytes, |place| [group, thread, signal, place])
    } else {
        call(tracer, tid, syscall, arch::RT_SIGQUEUEINFO, &mut bytes, |place| [group, signal, place, 0])
    };
    sent.map(drop)
}

/// Makes one call whose arguments may point to `buffer`, which is put at the place given and read back from it; gives
/// the call's result.
fn call(
    tracer: &Tracer,
    tid: Tid,
    syscall: Avma,
    number: i64,
    buffer: &mut [u8],
    args: impl FnOnce(u64) -> [u64; 4],
) -> Result<u64, OsError> {
    let before = tracer.registers(tid)?;
    let place = Avma(arch::below_stack(&before, buffer.len() as u64));
    let saved = read(tracer, tid, place, buffer.len() / 8)?;
    let mask = tracer.signal_mask(tid)?;
    let mut regs = before;
    arch::set_syscall(&mut regs, syscall.0, arch::Syscall { number, args: args(place.0) });
    write(tracer, tid, place, buffer)?;
    // Nothing may be delivered in between.
    tracer.set_signal_mask(tid, u64::MAX)?;
    tracer.set_registers(tid, &regs)?;
    let made = pass_through_call(tracer, tid);
    tracer.set_registers(tid, &before)?;
    tracer.set_signal_mask(tid, mask)?;
    buffer.copy_from_slice(&read(tracer, tid, place, buffer.len() / 8)?);
    write(tracer, tid, place, &saved)?;
    made
}

/// Syscall-entry-stop and syscall-exit-stop. What else happens meanwhile is not lost: an end is reported again by the
/// next wait; a SIGSTOP, the one signal that cannot be blocked, is sent again; a group-stop is asked for again.
fn pass_through_call(tracer: &Tracer, tid: Tid) -> Result<u64, OsError> {
    const STOPS: usize = 2;
    let (mut stops, mut stop_again, mut interrupt_again) = (0, false, false);
    while stops < STOPS {
        tracer.resume_to_syscall(tid)?;
        match tracer.wait_for(tid)? {
            Wait::Signal { signal: Signal::TRAP, .. } => stops += 1,
            Wait::Signal { .. } => stop_again = true,
            Wait::Event { .. } => interrupt_again = true,
            Wait::Continued { .. } => {}
            end @ (Wait::Exited { .. } | Wait::Killed { .. }) => {
                tracer.give_back(end);
                return Err(OsError::new("call in", format_args!("tid {tid}"), Errno::ESRCH));
            }
        }
    }
    if stop_again {
        tracer.send(tid, Signal::STOP);
    }
    if interrupt_again {
        tracer.interrupt(tid)?;
    }
    tracer.peek_register(tid, arch::RESULT)
}

fn read(tracer: &Tracer, tid: Tid, at: Avma, words: usize) -> Result<Vec<u8>, OsError> {
    let mut bytes = Vec::with_capacity(words * 8);
    for word in 0..words as u64 {
        bytes.extend(tracer.peek_word(tid, Avma(at.0 + word * 8))?.to_ne_bytes());
    }
    Ok(bytes)
}

fn write(tracer: &Tracer, tid: Tid, at: Avma, bytes: &[u8]) -> Result<(), OsError> {
    for (word, bytes) in (0..).zip(bytes.as_chunks::<8>().0) {
        tracer.poke_word(tid, Avma(at.0 + word * 8), u64::from_ne_bytes(*bytes))?;
    }
    Ok(())
}
