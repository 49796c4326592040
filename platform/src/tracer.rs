//! The ptrace requests, each with its subject in its error.
//!
//! Invariant: every request of one tracee comes from the thread that seized it, so a `Tracer` cannot leave its thread.

use crate::threads::{self, Activity};
use crate::{OsError, Pid, Signal, SignalInfo, Tid, Wait, WhenNone, procfs};
use libc::{c_long, c_uint, c_void};
use nix::errno::Errno;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

const OPTIONS: i32 = libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEVFORKDONE
    | libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACEEXIT;

/// What a blocking wait came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// What one tracee has to report.
    Report(Wait),
    /// A signal interrupted the wait, or there is nothing to report now.
    Nothing,
    /// There is no tracee left.
    NoTracee,
}

/// What becomes of the tracees when their tracer is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTracerDeath {
    /// They go on, as far as the kernel lets them.
    LetGo,
    /// They are killed (PTRACE_O_EXITKILL), also when the tracer ends by itself without having detached them.
    Kill,
}

/// The one door to ptrace and waitpid.
#[derive(Debug)]
pub struct Tracer {
    options: i32,
    bound_to_its_thread: PhantomData<*const ()>,
    /// Reports that were taken while something else was awaited.
    given_back: RefCell<VecDeque<Wait>>,
}

impl Tracer {
    /// A tracer for the calling thread.
    pub fn for_this_thread(on_death: OnTracerDeath) -> Self {
        let options = match on_death {
            OnTracerDeath::LetGo => OPTIONS,
            OnTracerDeath::Kill => OPTIONS | libc::PTRACE_O_EXITKILL,
        };
        Tracer { options, bound_to_its_thread: PhantomData, given_back: RefCell::default() }
    }

    /// Makes a request whose argument is a number, or a pointer that its caller made from a live reference.
    pub(crate) fn request(
        &self,
        name: &'static str,
        request: c_uint,
        tid: Tid,
        addr: usize,
        data: usize,
    ) -> Result<c_long, OsError> {
        // SAFETY: every request used with this function takes plain numbers, or a pointer that its caller made from
        // a live reference of the right type.
        let answer = unsafe { libc::ptrace(request, tid.0, addr as *mut c_void, data as *mut c_void) };
        if answer == -1 { Err(OsError::last(name, format_args!("tid {tid}"))) } else { Ok(answer) }
    }

    /// Makes a request that gives a word of the tracee (PTRACE_PEEK*).
    pub(crate) fn peek(&self, name: &'static str, request: c_uint, tid: Tid, at: usize) -> Result<u64, OsError> {
        Errno::clear();
        // SAFETY: these requests take a place in the tracee; the C library returns the word itself.
        let word = unsafe { libc::ptrace(request, tid.0, at as *mut c_void, std::ptr::null_mut::<c_void>()) };
        if word == -1 && Errno::last_raw() != 0 {
            return Err(OsError::last(name, format_args!("tid {tid}")));
        }
        Ok(word as u64)
    }

    /// PTRACE_SEIZE: traces a thread without stopping it; children and threads that it makes are seized with it.
    pub fn seize(&self, tid: Tid) -> Result<(), OsError> {
        self.seize_with(tid, self.options)
    }

    /// The same for a thread of a process that runs. Neither it nor what it makes stops before its end: siblings that
    /// an exec ends would wait there for us, while we wait for that exec (see [`crate::Reaper`]).
    pub(crate) fn seize_running(&self, tid: Tid) -> Result<(), OsError> {
        self.seize_with(tid, self.options & !libc::PTRACE_O_TRACEEXIT)
    }

    /// PTRACE_SEIZE of a thread of which nothing but its end is of interest: it stops before that
    /// ([`crate::Event::Exit`]), SIGKILL included, with all that it has, tracees of its own too. What it makes is not traced.
    pub fn seize_for_its_end(&self, tid: Tid) -> Result<(), OsError> {
        self.seize_with(tid, libc::PTRACE_O_TRACEEXIT)
    }

    fn seize_with(&self, tid: Tid, options: i32) -> Result<(), OsError> {
        self.request("seize", libc::PTRACE_SEIZE, tid, 0, options as usize).map(drop)
    }

    /// How a thread that is at [`crate::Event::Exit`] is going to end.
    pub fn coming_end(&self, tid: Tid) -> Result<Wait, OsError> {
        Ok(Wait::decode(tid, self.event_tid(tid)?.0))
    }

    /// Takes the report of any tracee.
    pub fn wait(&self, when_none: WhenNone) -> Result<Waited, OsError> {
        if let Some(report) = self.take_given_back() {
            return Ok(Waited::Report(report));
        }
        let blocking = match when_none {
            WhenNone::Wait => 0,
            WhenNone::Return => libc::WNOHANG,
        };
        let flags = libc::__WALL | libc::__WNOTHREAD | blocking;
        let mut status = 0;
        // SAFETY: `status` is a live i32.
        let tid = unsafe { libc::waitpid(-1, &raw mut status, flags) };
        match tid {
            0 => Ok(Waited::Nothing),
            -1 => match Errno::last() {
                Errno::EINTR => Ok(Waited::Nothing),
                Errno::ECHILD => Ok(Waited::NoTracee),
                errno => Err(OsError::new("wait", "any tracee", errno)),
            },
            tid => Ok(Waited::Report(Wait::decode(Tid(tid), status))),
        }
    }

    /// What one tracee has to report now.
    pub fn report_of(&self, tid: Tid) -> Option<Wait> {
        let mut status = 0;
        let flags = libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG;
        // SAFETY: `status` is a live i32.
        let reports = unsafe { libc::waitpid(tid.0, &raw mut status, flags) } == tid.0;
        reports.then(|| Wait::decode(tid, status))
    }

    /// A report that was taken while something else was awaited.
    pub fn take_given_back(&self) -> Option<Wait> {
        self.given_back.borrow_mut().pop_front()
    }

    /// Has the next wait give a report that is not for who took it.
    pub(crate) fn give_back(&self, report: Wait) {
        self.given_back.borrow_mut().push_back(report);
    }

    /// Sends a signal to one thread; one that is gone needs none.
    pub(crate) fn send(&self, tid: Tid, signal: Signal) {
        // SAFETY: tkill takes plain numbers.
        unsafe { libc::syscall(libc::SYS_tkill, tid.0, signal.0) };
    }

    /// Waits until one tracee has something to report, signals notwithstanding; ECHILD if it is none.
    pub fn wait_for(&self, tid: Tid) -> Result<Wait, OsError> {
        loop {
            let mut status = 0;
            // SAFETY: `status` is a live i32.
            if unsafe { libc::waitpid(tid.0, &raw mut status, libc::__WALL) } == tid.0 {
                return Ok(Wait::decode(tid, status));
            }
            match Errno::last() {
                Errno::EINTR => {}
                errno => return Err(OsError::new("wait", format_args!("tid {tid}"), errno)),
            }
        }
    }

    /// Waits for one tracee that may end meanwhile, ESRCH if it has. The end of a leader is not reported before that of
    /// its other threads, which may wait for this very tracer.
    pub(crate) fn wait_for_living(&self, tid: Tid) -> Result<Wait, OsError> {
        /// Between looks: a system call is entered and left in less.
        const PAUSE: Duration = Duration::from_micros(20);
        let is_leader = threads::is_leader(tid);
        loop {
            if let Some(report) = self.report_of(tid) {
                return Ok(report);
            }
            if !is_leader || procfs::is_alone(tid).unwrap_or(false) {
                return self.wait_for(tid);
            }
            if threads::activity(tid) == Activity::Gone {
                return Err(OsError::new("wait", format_args!("tid {tid}"), Errno::ESRCH));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// PTRACE_CONT: resumes a stopped thread, delivering `signal`.
    pub fn resume(&self, tid: Tid, signal: Option<Signal>) -> Result<(), OsError> {
        self.request("resume", libc::PTRACE_CONT, tid, 0, signal_number(signal)).map(drop)
    }

    /// Has a thread that is about to get a signal take it, and resumes it once it has entered the handler, with the mask
    /// that it has there. A signal without a handler must not be given: the step would go on to an instruction, whose
    /// SIGTRAP is the program's then. What it reports instead is given back.
    pub fn enter_handler(&self, tid: Tid, signal: Signal) -> Result<(), OsError> {
        self.request("resume", libc::PTRACE_SINGLESTEP, tid, 0, signal_number(Some(signal)))?;
        let report = self.wait_for_living(tid)?;
        if matches!(report, Wait::Signal { signal: Signal::TRAP, .. }) && self.signal_info(tid)?.is_handler_entry() {
            return self.resume(tid, None);
        }
        self.given_back.borrow_mut().push_back(report);
        Ok(())
    }

    /// PTRACE_SYSCALL, delivering `signal`: goes on to the next syscall-stop.
    pub fn resume_to_syscall(&self, tid: Tid, signal: Option<Signal>) -> Result<(), OsError> {
        self.request("resume", libc::PTRACE_SYSCALL, tid, 0, signal_number(signal)).map(drop)
    }

    /// PTRACE_LISTEN: leaves a group-stopped tracee stopped, and hears of its end of stop.
    pub fn listen(&self, tid: Tid) -> Result<(), OsError> {
        self.request("listen", libc::PTRACE_LISTEN, tid, 0, 0).map(drop)
    }

    /// PTRACE_INTERRUPT: asks for an event stop.
    pub fn interrupt(&self, tid: Tid) -> Result<(), OsError> {
        self.request("interrupt", libc::PTRACE_INTERRUPT, tid, 0, 0).map(drop)
    }

    /// PTRACE_DETACH: resumes a stopped thread and traces it no more, delivering `signal`.
    pub fn detach(&self, tid: Tid, signal: Option<Signal>) -> Result<(), OsError> {
        self.request("detach", libc::PTRACE_DETACH, tid, 0, signal_number(signal)).map(drop)
    }

    /// PTRACE_GETEVENTMSG: the child's tid at a fork, the former tid at an exec.
    pub fn event_tid(&self, tid: Tid) -> Result<Tid, OsError> {
        let mut message: libc::c_ulong = 0;
        self.request("get event of", libc::PTRACE_GETEVENTMSG, tid, 0, &raw mut message as usize)?;
        Ok(Tid(message as i32))
    }

    /// The siginfo of the signal that is about to be delivered.
    pub fn signal_info(&self, tid: Tid) -> Result<SignalInfo, OsError> {
        let mut bytes = [0; SignalInfo::LEN];
        self.request("get siginfo of", libc::PTRACE_GETSIGINFO, tid, 0, bytes.as_mut_ptr() as usize)?;
        Ok(SignalInfo::from(bytes))
    }

    /// The blocked signals of a stopped thread as a kernel signal set (PTRACE_GETSIGMASK).
    pub fn signal_mask(&self, tid: Tid) -> Result<u64, OsError> {
        let mut mask = 0u64;
        self.request("get signal mask of", libc::PTRACE_GETSIGMASK, tid, size_of::<u64>(), &raw mut mask as usize)?;
        Ok(mask)
    }

    /// Sets the blocked signals of a stopped thread (PTRACE_SETSIGMASK).
    pub fn set_signal_mask(&self, tid: Tid, mask: u64) -> Result<(), OsError> {
        self.request("set signal mask of", libc::PTRACE_SETSIGMASK, tid, size_of::<u64>(), &raw const mask as usize)
            .map(drop)
    }
}

fn signal_number(signal: Option<Signal>) -> usize {
    signal.map_or(0, |signal| signal.0 as usize)
}

/// Sends a signal to one thread of a process.
pub fn kill_thread(pid: Pid, tid: Tid, signal: Signal) -> Result<(), OsError> {
    // SAFETY: tgkill takes plain numbers.
    match unsafe { libc::syscall(libc::SYS_tgkill, pid.0, tid.0, signal.0) } {
        0 => Ok(()),
        _ => Err(OsError::last("signal", format_args!("tid {tid}"))),
    }
}

/// Sends a signal to a process.
pub fn kill(pid: Pid, signal: Signal) -> Result<(), OsError> {
    // SAFETY: kill takes plain numbers.
    match unsafe { libc::kill(pid.0, signal.0) } {
        0 => Ok(()),
        _ => Err(OsError::last("signal", format_args!("pid {pid}"))),
    }
}
