//! Registers of x86-64 as ptrace shows them: the program counter after a breakpoint, system calls, arguments.
//!
//! Invariant: nothing outside `arch` knows that the program counter is one byte past an executed breakpoint.

use libc::user_regs_struct;
use std::mem::offset_of;

/// How far the program counter is past an executed breakpoint.
pub const PC_AFTER_BREAKPOINT: u64 = 1;

/// Where the breakpoint is that a thread at `pc` has just executed, if it has.
pub fn breakpoint_before(pc: crate::Avma) -> crate::Avma {
    crate::Avma(pc.0.wrapping_sub(PC_AFTER_BREAKPOINT))
}

/// Offsets of single registers in the `user` area, for PTRACE_PEEKUSER and PTRACE_POKEUSER.
pub const PC: usize = offset_of!(user_regs_struct, rip);
/// The stack pointer.
pub const SP: usize = offset_of!(user_regs_struct, rsp);
/// The system call's result.
pub const RESULT: usize = offset_of!(user_regs_struct, rax);
/// The system call's number at its entry; negative where the stop is not in a system call.
pub const CALL: usize = offset_of!(user_regs_struct, orig_rax);

/// `-ERESTARTNOHAND`: the kernel starts the call again unless a handler runs, which sees EINTR.
pub const RESTART_UNLESS_HANDLED: u64 = -514i64 as u64;
/// `-EINTR` as a system call returns it.
pub const INTERRUPTED: u64 = -(libc::EINTR as i64) as u64;

/// The system call that is emulated or injected: number and up to four arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// Its number.
    pub number: i64,
    /// Its arguments.
    pub args: [u64; 4],
}

/// The system call in which the registers stand, by the 64-bit convention; `None` in a 32-bit program.
pub fn syscall(regs: &user_regs_struct) -> Option<Syscall> {
    const CS_64: u64 = 0x33;
    (regs.cs == CS_64)
        .then_some(Syscall { number: regs.orig_rax as i64, args: [regs.rdi, regs.rsi, regs.rdx, regs.r10] })
}

/// Has a thread at the end of a system call make it once more.
pub fn repeat_call(tracer: &crate::Tracer, tid: crate::Tid) -> Result<(), crate::OsError> {
    let (number, pc) = (tracer.peek_register(tid, CALL)?, tracer.pc(tid)?);
    tracer.poke_register(tid, RESULT, number)?;
    tracer.set_pc(tid, crate::Avma(pc.0.wrapping_sub(SYSCALL.len() as u64)))
}

/// Number and arguments of the system call that a thread has just come out of.
pub fn left_call(tracer: &crate::Tracer, tid: crate::Tid) -> Result<(i64, [u64; 6]), crate::OsError> {
    let regs = tracer.registers(tid)?;
    Ok((regs.orig_rax as i64, [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9]))
}

/// Arguments of a system call that is about to be made: the registers before the `syscall` instruction.
pub fn pending_args(regs: &user_regs_struct) -> [u64; 4] {
    [regs.rdi, regs.rsi, regs.rdx, regs.r10]
}

/// Sets the registers so that the `syscall` instruction at `at` makes `call`.
pub fn set_syscall(regs: &mut user_regs_struct, at: u64, call: Syscall) {
    regs.rip = at;
    regs.rax = call.number as u64;
    regs.orig_rax = u64::MAX;
    [regs.rdi, regs.rsi, regs.rdx, regs.r10] = call.args;
}

/// An aligned place for `len` bytes below the stack and below what leaf functions may use of it.
pub fn below_stack(regs: &user_regs_struct, len: u64) -> u64 {
    const RED_ZONE: u64 = 128;
    regs.rsp.wrapping_sub(RED_ZONE + len) & !15
}

/// First byte of `mov $imm32, %eax`.
pub const MOV_EAX: u8 = 0xb8;
/// Length of `mov $imm32, %eax`.
pub const MOV_EAX_LEN: u64 = 5;
/// The register that holds where a `syscall` instruction came back to, for who looks at it.
pub const RETURNED_TO: usize = offset_of!(user_regs_struct, rcx);
/// Length of `endbr64`.
pub const ENDBR_LEN: u64 = 4;

/// io_pgetevents(2), which the libc crate does not name.
const SYS_IO_PGETEVENTS: i64 = 333;

/// System calls that answer EINTR after a signal that no handler takes, where others start again by themselves
/// (signal(7); without a tracer an ignored signal would not have disturbed them).
const GIVE_UP: [i64; 28] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_connect,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_io_getevents,
    SYS_IO_PGETEVENTS,
    libc::SYS_io_uring_enter,
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_mq_timedsend,
    libc::SYS_mq_timedreceive,
];

/// Whether a thread is at the end of a system call that gave up with EINTR and may be started again.
pub fn gave_up(tracer: &crate::Tracer, tid: crate::Tid) -> Result<bool, crate::OsError> {
    Ok(tracer.peek_register(tid, RESULT)? == INTERRUPTED
        && GIVE_UP.contains(&(tracer.peek_register(tid, CALL)? as i64)))
}

/// Number of rt_sigaction.
pub const RT_SIGACTION: i64 = libc::SYS_rt_sigaction;
/// Number of prctl.
pub const PRCTL: i64 = libc::SYS_prctl;
/// Number of mremap.
pub const MREMAP: i64 = libc::SYS_mremap;
/// Number of mprotect.
pub const MPROTECT: i64 = libc::SYS_mprotect;
/// Number of madvise.
pub const MADVISE: i64 = libc::SYS_madvise;
/// Number of munmap.
pub const MUNMAP: i64 = libc::SYS_munmap;
/// Number of clone.
pub const CLONE: i64 = libc::SYS_clone;
/// Number of rt_sigqueueinfo.
pub const RT_SIGQUEUEINFO: i64 = libc::SYS_rt_sigqueueinfo;
/// Number of rt_tgsigqueueinfo.
pub const RT_TGSIGQUEUEINFO: i64 = libc::SYS_rt_tgsigqueueinfo;
/// Number of rt_sigprocmask.
pub const RT_SIGPROCMASK: i64 = libc::SYS_rt_sigprocmask;
/// Length of the kernel's `struct sigaction`: handler, flags, restorer, mask.
pub const SIGACTION_LEN: usize = 32;
/// Length of the kernel's signal set.
pub const SIGSET_LEN: u64 = 8;
/// The `syscall` instruction.
pub const SYSCALL: [u8; 2] = [0x0f, 0x05];

/// The arguments of the system call that follows the `mov $number, %eax` at `at`; `None` if they cannot be told.
pub fn coming_args(access: &crate::Access<'_>, at: crate::Avma) -> Result<Option<[u64; 4]>, crate::OsError> {
    const WORDS: u64 = 5;
    let regs = access.tracer.registers(access.tid)?;
    let behind = at.0 + MOV_EAX_LEN;
    let mut code = Vec::new();
    for word in 0..WORDS {
        let Ok(word) = access.word(crate::Avma(behind + word * 8)) else { break };
        code.extend(word.to_ne_bytes());
        if let Some(args) = super::args_at_syscall(&code, behind, &regs) {
            return Ok(Some(args));
        }
    }
    Ok(None)
}

/// The first argument of a function or a system call.
const FIRST: usize = offset_of!(user_regs_struct, rdi);

/// Does what the `mov $number, %eax` at `at` does.
pub fn emulate_call_number(
    tracer: &crate::Tracer,
    tid: crate::Tid,
    at: crate::Avma,
    number: i64,
) -> Result<(), crate::OsError> {
    tracer.poke_register(tid, RESULT, number as u64)?;
    tracer.set_pc(tid, crate::Avma(at.0 + MOV_EAX_LEN))
}

/// Does what the `mov $number, %edi` at `at` does, whatever the number.
pub fn emulate_argument(access: &crate::Access<'_>, at: crate::Avma) -> Result<(), crate::OsError> {
    let code = access.word(at)?.to_le_bytes();
    let number = u32::from_le_bytes([code[1], code[2], code[3], code[4]]);
    access.tracer.poke_register(access.tid, FIRST, u64::from(number))?;
    access.tracer.set_pc(access.tid, crate::Avma(at.0 + MOV_EAX_LEN))
}

/// Has a thread, which an instruction brought `signal`, begin that instruction once more.
pub fn repeat_fault(tracer: &crate::Tracer, tid: crate::Tid, signal: crate::Signal) -> Result<(), crate::OsError> {
    let len = match signal.0 {
        libc::SIGTRAP => PC_AFTER_BREAKPOINT,
        // The kernel has set the number back already.
        libc::SIGSYS => SYSCALL.len() as u64,
        _ => return Ok(()),
    };
    let pc = tracer.pc(tid)?;
    tracer.set_pc(tid, crate::Avma(pc.0.wrapping_sub(len)))
}

/// The system call that a thread at a `syscall` instruction is about to make.
pub fn coming_call(tracer: &crate::Tracer, tid: crate::Tid) -> Result<i64, crate::OsError> {
    /// Set in the number by the x32 ABI.
    const X32: i32 = 0x4000_0000;
    Ok(i64::from(tracer.peek_register(tid, RESULT)? as i32 & !X32))
}

/// The flags of a clone or clone3 that the thread was about to make, CLONE_UNTRACED among them, which was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untraced {
    /// All of them.
    pub flags: u64,
    /// Where they are in memory, if they are.
    pub place: Option<crate::Avma>,
}

/// Takes CLONE_UNTRACED out of the flags of a clone or clone3 that the thread is about to make, if it is among them.
pub fn clear_clone_untraced(access: &crate::Access<'_>, number: i64) -> Result<Option<Untraced>, crate::OsError> {
    const UNTRACED: u64 = libc::CLONE_UNTRACED as u64;
    let (tracer, tid) = (access.tracer, access.tid);
    let first = tracer.peek_register(tid, FIRST)?;
    let is_set = |flags: &u64| flags & UNTRACED != 0;
    if number == libc::SYS_clone {
        let flags = Some(first).filter(is_set);
        let clear = |flags: u64| tracer.poke_register(tid, FIRST, flags & !UNTRACED);
        return flags.map(|flags| clear(flags).map(|()| Untraced { flags, place: None })).transpose();
    }
    // A pointer to nowhere makes the call fail.
    let place = crate::Avma(first);
    let flags = access.word(place).ok().filter(is_set);
    let clear = |flags: u64| access.write(place, &(flags & !UNTRACED).to_ne_bytes());
    flags.map(|flags| clear(flags).map(|()| Untraced { flags, place: Some(place) })).transpose()
}

/// Whether a child that is made with these flags shares its maker's memory.
pub fn shares_memory(flags: u64) -> bool {
    flags & libc::CLONE_VM as u64 != 0
}

/// Whether a system call makes somebody with flags of the caller's choice.
pub fn has_clone_flags(number: i64) -> bool {
    matches!(number, libc::SYS_clone | libc::SYS_clone3)
}

/// Whether a system call makes a process or a thread.
pub fn makes_somebody(number: i64) -> bool {
    matches!(number, libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3)
}
