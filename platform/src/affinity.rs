//! Handing a stopped thread to the tracer's own CPU for one resume, so that no idle CPU must be woken for each trap.
//!
//! Invariant: the thread cannot run between the two changes of its mask, since the only CPU it may use is taken by
//! the caller, which it cannot preempt: the caller has a real-time priority, the thread none (sched(7)). So the program
//! never sees a mask that is not its own; without the right to such a priority nothing is handed over.

use crate::Tid;

/// CPUs a thread may run on, as the kernel keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuMask([u64; 16]);

impl CpuMask {
    fn only(cpu: usize) -> Option<CpuMask> {
        let mut mask = CpuMask([0; 16]);
        *mask.0.get_mut(cpu / 64)? |= 1 << (cpu % 64);
        Some(mask)
    }

    fn allows(&self, cpu: usize) -> bool {
        self.0.get(cpu / 64).is_some_and(|word| word & (1 << (cpu % 64)) != 0)
    }

    /// The mask of a thread; `None` where the machine has more CPUs than this can hold.
    pub fn of(tid: Tid) -> Option<CpuMask> {
        let mut mask = CpuMask([0; 16]);
        // SAFETY: the kernel writes at most the size given.
        let wrote =
            unsafe { libc::syscall(libc::SYS_sched_getaffinity, tid.0, size_of_val(&mask.0), mask.0.as_mut_ptr()) };
        (wrote > 0).then_some(mask)
    }

    /// The mask of the calling thread.
    pub fn of_this_thread() -> Option<CpuMask> {
        CpuMask::of(Tid(0))
    }

    /// Has the calling thread run on these again.
    pub fn keep_this_thread(&self) {
        let _or_wherever_it_may = self.set(Tid(0));
    }

    fn set(&self, tid: Tid) -> bool {
        // SAFETY: the kernel reads at most the size given.
        unsafe { libc::syscall(libc::SYS_sched_setaffinity, tid.0, size_of_val(&self.0), self.0.as_ptr()) == 0 }
    }
}

/// The CPU that the calling thread runs on.
fn current_cpu() -> Option<usize> {
    // SAFETY: sched_getcpu takes nothing.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// A CPU that the calling thread keeps to, and where no program of ordinary priority can interrupt it.
#[derive(Debug)]
pub struct OwnCpu(usize);

impl OwnCpu {
    /// Keeps the calling thread on the CPU it runs on now, at a real-time priority; `None` where that is not
    /// allowed (CAP_SYS_NICE, RLIMIT_RTPRIO).
    pub fn take() -> Option<Self> {
        let cpu = current_cpu().filter(|_| Rank::Tracer.take())?;
        if CpuMask::only(cpu).is_some_and(|mask| mask.set(Tid(0))) {
            return Some(OwnCpu(cpu));
        }
        // Precedence everywhere is no use, and harms others.
        set_policy(libc::SCHED_OTHER, 0);
        None
    }

    /// Lets every other thread that is woken go before the calling one: an idle policy. The kernel then takes this CPU
    /// for idle, so that a thread which ran here wakes here, and runs at once; and as it stops the caller goes on,
    /// without having slept. A caller that uses this CPU for longer starves the caller; false where it is not allowed.
    pub fn step_aside(&self) -> bool {
        set_policy(libc::SCHED_IDLE, 0)
    }

    /// Takes precedence again.
    pub fn step_back(&self) {
        let _was_allowed_before = Rank::Tracer.take();
    }

    /// Keeps another thread of ours on this CPU too.
    pub fn share(&self, tid: Tid) {
        let _or_wherever_it_is = CpuMask::only(self.0).is_some_and(|mask| mask.set(tid));
    }
}

/// Who of those that share a CPU of a tracer goes first. All of them go before programs of ordinary priority.
///
/// What ends runs too, for milliseconds: should front and tracer be killed, the tracer must come to its end before the
/// front leaves, and the guard must act then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// Who watches the guard.
    Front = 1,
    /// Who serves hits.
    Tracer,
    /// Who rescues what the tracer leaves.
    Guard,
}

impl Rank {
    /// Gives it to the calling thread; false where that is not allowed (CAP_SYS_NICE, RLIMIT_RTPRIO).
    pub fn take(self) -> bool {
        set_real_time(self as i32)
    }
}

fn set_real_time(priority: i32) -> bool {
    set_policy(libc::SCHED_FIFO, priority)
}

/// Sets the calling thread's policy, which what it forks does not inherit; false where that is not allowed.
fn set_policy(policy: i32, sched_priority: i32) -> bool {
    let wanted = libc::sched_param { sched_priority };
    // SAFETY: the parameters are a live struct of the right type.
    unsafe { libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const wanted) == 0 }
}

/// Gives the calling thread the rank of a tracer, if that keeps it at the time, so that each goes before the other as it
/// yields, and both before all others; false where that is not so or not allowed.
pub fn rank_beside(tracer: Tid) -> bool {
    !is_ordinary(tracer) && Rank::Tracer.take()
}

/// Takes a rank back.
pub fn rank_as_usual() {
    let _was_allowed_before = set_policy(libc::SCHED_OTHER, 0);
}

/// Keeps the calling thread on the CPU of `tid`, if that keeps to a single one.
pub fn share_own_cpu_of(tid: Tid) {
    let own = CpuMask::of(tid).filter(|mask| mask.0.iter().map(|word| word.count_ones()).sum::<u32>() == 1);
    let _or_wherever_it_is = own.is_some_and(|mask| mask.set(Tid(0)));
}

/// Whether a thread has an ordinary priority.
fn is_ordinary(tid: Tid) -> bool {
    // SAFETY: sched_getscheduler takes a number.
    let policy = unsafe { libc::sched_getscheduler(tid.0) };
    matches!(policy & !libc::SCHED_RESET_ON_FORK, libc::SCHED_OTHER | libc::SCHED_BATCH | libc::SCHED_IDLE)
}

/// A thread that was found to have an ordinary priority, so that it cannot interrupt the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordinary(Tid);

impl Ordinary {
    /// Looks at a thread's priority.
    pub fn check(tid: Tid) -> Option<Self> {
        is_ordinary(tid).then_some(Ordinary(tid))
    }

    /// The thread that was looked at.
    pub fn tid(self) -> Tid {
        self.0
    }
}

/// Runs `resume`, which makes the stopped thread runnable, such that it wakes on the caller's own CPU.
pub fn wake_on<R>(thread: Ordinary, cpu: &OwnCpu, resume: impl FnOnce() -> R) -> R {
    let own = CpuMask::of(thread.0).filter(|mask| mask.allows(cpu.0));
    let narrowed = match (own, CpuMask::only(cpu.0)) {
        (Some(own), Some(here)) if own != here => here.set(thread.0).then_some(own),
        _ => None,
    };
    let answer = resume();
    if let Some(own) = narrowed {
        own.set(thread.0);
    }
    answer
}
