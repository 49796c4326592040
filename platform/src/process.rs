//! Making processes: the measured program, held until it is traced, and our own helpers apart from its terminal.
//!
//! Invariant: the measured program starts with the descriptors, signal mask, dispositions and parent that it would
//! have had without us.

use crate::{OsError, Pid, Signal, descriptors, entry, limits};
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, fork, pipe2};
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// Closes every descriptor of this process but those of `keep` and the standard ones given in `standard`; the other
/// standard ones lead to /dev/null from then on, so that no pipe of the measured program stays open here.
///
/// The owner of a closed descriptor in this process must not use or drop it any more.
pub fn keep_only(keep: &[BorrowedFd<'_>], standard: &[i32]) {
    let mut kept: Vec<i32> = keep.iter().map(AsRawFd::as_raw_fd).filter(|&fd| fd > 2).collect();
    kept.sort_unstable();
    descriptors::close_all_but(&kept);
    // SAFETY: open and dup2 on plain descriptors; the standard ones stay open throughout.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null >= 0 {
            for fd in (0..3).filter(|fd| !standard.contains(fd)) {
                libc::dup2(null, fd);
            }
            if null > 2 {
                libc::close(null);
            }
        }
    }
}

/// Forks a helper of our own: a session of its own, a name of its own (at most 15 bytes), signals as at start.
/// `body` runs in the child, whose exit status it gives.
///
/// The calling process must have one thread only.
pub fn fork_helper(name: &str, body: impl FnOnce() -> i32) -> Result<Pid, OsError> {
    // SAFETY: by contract this process has one thread, so the child may use everything the parent could.
    match unsafe { fork() }.map_err(|errno| OsError::new("fork", name, errno))? {
        ForkResult::Parent { child } => Ok(Pid(child.as_raw())),
        ForkResult::Child => {
            if nix::unistd::setsid().is_err() {
                // What stops the program's job must not stop us.
                let _own_job = nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
            }
            limits::outgrow();
            limits::survive();
            if let Ok(name) = CString::new(name) {
                let _named = nix::sys::prctl::set_name(&name);
            }
            let _unblocked = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None);
            for signal in [libc::SIGINT, libc::SIGQUIT, libc::SIGHUP, libc::SIGTERM, libc::SIGPIPE] {
                // SAFETY: ignoring a signal installs no handler.
                unsafe { libc::signal(signal, libc::SIG_IGN) };
            }
            let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(101);
            // SAFETY: _exit runs no handlers of the parent's copy.
            unsafe { libc::_exit(status) }
        }
    }
}

/// A program that is forked and waits, before its exec, until it is released.
#[derive(Debug)]
pub struct HeldProgram {
    pid: Pid,
    release: File,
    failure: File,
}

impl HeldProgram {
    /// Forks the process that will run `program`. `mask` is the signal mask to start it with; `tracer` may trace it
    /// also where Yama allows ancestors only. The calling process must have one thread only.
    pub fn fork(program: &OsStr, args: &[OsString], mask: &SignalMask, tracer: Pid) -> Result<Self, OsError> {
        let pipe = || pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|errno| OsError::new("make", "pipe", errno));
        let (go, release) = pipe()?;
        let (failure, report) = pipe()?;
        let argv = arguments(program, args)?;
        // SAFETY: by contract this process has one thread, so the child may use everything the parent could.
        match unsafe { fork() }.map_err(|errno| OsError::new("fork", program.display(), errno))? {
            ForkResult::Parent { child } => {
                Ok(HeldProgram { pid: Pid(child.as_raw()), release: File::from(release), failure: File::from(failure) })
            }
            ForkResult::Child => {
                drop((release, failure));
                become_program(&argv, mask, tracer, File::from(go), File::from(report))
            }
        }
    }

    /// Its pid, which it keeps as the program.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Has it end without having become the program.
    pub fn abandon(self) {
        let pid = self.pid;
        drop(self);
        await_end(pid);
    }

    /// Lets it exec; an error is the exec's own.
    pub fn release(mut self) -> Result<Pid, OsError> {
        let subject = self.pid;
        self.release.write_all(b"g").map_err(|e| OsError::io("release", subject, &e))?;
        let mut errno = Vec::new();
        self.failure.read_to_end(&mut errno).map_err(|e| OsError::io("read exec result of", subject, &e))?;
        match <[u8; 4]>::try_from(errno) {
            Ok(bytes) => Err(OsError::new("exec", subject, Errno::from_raw(i32::from_ne_bytes(bytes)))),
            Err(_) => Ok(self.pid),
        }
    }
}

fn become_program(argv: &[CString], mask: &SignalMask, tracer: Pid, mut go: File, mut report: File) -> ! {
    be_traceable_by(tracer);
    let mut word = [0];
    let released = go.read_exact(&mut word).is_ok();
    entry::restore();
    let _as_before = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&mask.0), None);
    if released {
        let Err(errno) = nix::unistd::execvp(&argv[0], argv);
        let _told = report.write_all(&(errno as i32).to_ne_bytes());
    }
    // SAFETY: _exit runs no handlers of the parent's copy.
    unsafe { libc::_exit(127) }
}

/// A thread's set of blocked signals.
#[derive(Clone, Debug)]
pub struct SignalMask(SigSet);

/// Signals that are read as messages.
#[derive(Debug)]
pub struct SignalInbox(nix::sys::signalfd::SignalFd);

/// A signal that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The signal that came.
    pub signal: Signal,
    /// The process that sent it; `None` for a terminal or the kernel.
    pub sender: Option<Pid>,
}

impl SignalInbox {
    /// Blocks `signals` in the calling thread and collects them; gives back the mask as it was.
    pub fn collect(signals: &[Signal]) -> Result<(Self, SignalMask), OsError> {
        use nix::sys::signalfd::{SfdFlags, SignalFd};
        let mut set = SigSet::empty();
        for signal in signals {
            let known = nix::sys::signal::Signal::try_from(signal.0);
            set.add(known.map_err(|errno| OsError::new("collect", signal, errno))?);
        }
        let mut before = SigSet::empty();
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), Some(&mut before))
            .map_err(|errno| OsError::new("block", "signals", errno))?;
        let inbox = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            .map_err(|errno| OsError::new("make", "signal descriptor", errno))?;
        Ok((SignalInbox(inbox), SignalMask(before)))
    }

    /// Takes the next signal that came.
    pub fn take(&self) -> Option<Arrived> {
        const SI_USER_OR_LESS: i32 = 0;
        let info = self.0.read_signal().ok()??;
        let sender = (info.ssi_code <= SI_USER_OR_LESS).then_some(Pid(info.ssi_pid as i32));
        Some(Arrived { signal: Signal(info.ssi_signo as i32), sender })
    }
}

impl std::os::fd::AsFd for SignalInbox {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a child of this process did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildNews {
    /// It has changed its state since the last look in no way that is reported.
    Nothing,
    /// It ended with this status.
    Exited(i32),
    /// It was killed.
    Killed(Signal),
    /// It was stopped.
    Stopped(Signal),
}

impl ChildNews {
    /// Whether it has ended.
    pub fn is_end(self) -> bool {
        match self {
            ChildNews::Exited(_) | ChildNews::Killed(_) => true,
            ChildNews::Nothing | ChildNews::Stopped(_) => false,
        }
    }
}

/// Looks, without waiting, what a child of this process did.
pub fn child_news(pid: Pid) -> ChildNews {
    let mut status = 0;
    // SAFETY: `status` is a live i32.
    if unsafe { libc::waitpid(pid.0, &raw mut status, libc::WNOHANG | libc::WUNTRACED) } != pid.0 {
        return ChildNews::Nothing;
    }
    decoded(status)
}

fn decoded(status: i32) -> ChildNews {
    if libc::WIFEXITED(status) {
        ChildNews::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        ChildNews::Killed(Signal(libc::WTERMSIG(status)))
    } else if libc::WIFSTOPPED(status) {
        ChildNews::Stopped(Signal(libc::WSTOPSIG(status)))
    } else {
        ChildNews::Nothing
    }
}

/// Waits until a child of this process has ended, and tells how; nothing, at once, if that was seen already.
pub fn await_end(pid: Pid) -> ChildNews {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a live i32.
        match unsafe { libc::waitpid(pid.0, &raw mut status, 0) } {
            -1 if Errno::last() == Errno::EINTR => {}
            -1 => return ChildNews::Nothing,
            _ => return decoded(status),
        }
    }
}

/// Becomes `program`, with everything as it was when this process was started; `mask` is its signal mask, if that was
/// changed. Returns only what stood in the way.
pub fn become_unmeasured(program: &OsStr, args: &[OsString], mask: Option<&SignalMask>) -> OsError {
    match arguments(program, args) {
        Ok(argv) => {
            entry::restore();
            if let Some(SignalMask(mask)) = mask {
                let _as_before = sigprocmask(SigmaskHow::SIG_SETMASK, Some(mask), None);
            }
            let Err(errno) = nix::unistd::execvp(&argv[0], &argv);
            OsError::new("exec", program.display(), errno)
        }
        Err(error) => error,
    }
}

fn arguments(program: &OsStr, args: &[OsString]) -> Result<Vec<CString>, OsError> {
    std::iter::once(program)
        .chain(args.iter().map(OsString::as_os_str))
        .map(|arg| {
            CString::new(arg.as_bytes()).map_err(|_| OsError::new("exec", "argument with a NUL byte", Errno::EINVAL))
        })
        .collect()
}

/// Ends this process by `signal`, without a core dump of its own; returns only if the signal does not kill.
pub fn die_of(signal: Signal) {
    let _no_core = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: the default action needs no handler; raise and sigprocmask take plain values.
    unsafe {
        libc::signal(signal.0, libc::SIG_DFL);
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal.0);
        libc::raise(signal.0);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
    }
}

/// Stops this process as Ctrl-Z does, if a shell with job control can continue it (setpgid(2), orphaned groups).
pub fn stop_like_a_job() {
    if File::open("/dev/tty").is_ok() {
        // SAFETY: raise takes a number.
        unsafe { libc::raise(libc::SIGTSTP) };
    }
}

/// The pid of this process.
pub fn own_pid() -> Pid {
    Pid(std::process::id() as i32)
}

/// Lets `tracer` and its descendants trace this process also where Yama allows ancestors only (prctl(2)).
pub fn be_traceable_by(tracer: Pid) {
    // SAFETY: prctl(PR_SET_PTRACER) takes a pid; without Yama it fails and nothing changes.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, tracer.0 as libc::c_ulong, 0, 0, 0) };
}

/// The user whose rights this process has (geteuid(2)).
pub fn effective_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Whether this process has the rights of root.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The name of this machine (gethostname(2)); `None` where the kernel does not tell it.
pub fn host_name() -> Option<String> {
    Some(nix::unistd::gethostname().ok()?.to_string_lossy().into_owned())
}

/// Keeps this process in memory, as far as that is allowed: it must not wait for the disk when it is needed. That takes
/// some milliseconds, so a process that ends before `time` has passed is spared it.
pub fn stay_in_memory_after(time: Duration) {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    let stay = move || {
        std::thread::sleep(time);
        let _as_far_as_allowed = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE);
    };
    let _without_then = std::thread::Builder::new().name("stay".to_owned()).spawn(stay);
}

/// Has the kernel look for another process when memory runs out, where that is allowed; forked children inherit it.
pub fn be_spared_by_the_oom_killer() {
    const NEVER: &str = "-1000";
    let _as_far_as_allowed = std::fs::write("/proc/self/oom_score_adj", NEVER);
}

/// Leaves SIGCHLD pending in the calling thread and in threads that it makes.
pub fn block_child_signals() {
    let mut set = SigSet::empty();
    set.add(nix::sys::signal::Signal::SIGCHLD);
    let _blocked = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&set), None);
}

/// Leaves every signal that can be blocked pending, for good: a process that is traced stops for each that it takes, also
/// for those that it ignores.
pub fn block_all_signals() {
    let _blocked = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), None);
}

/// Whether a descriptor is among the first quarter of those that this process may have.
pub fn leaves_descriptors(file: &File) -> bool {
    use nix::sys::resource::{Resource, getrlimit};
    getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(soft, _)| (file.as_raw_fd() as u64) < soft / 4)
}

/// A name for standard error that keeps no pipe open: opened again for each message, and silently nowhere once the
/// readers are gone (open(2), O_PATH).
#[derive(Debug)]
pub struct WeakStderr(OwnedFd);

impl WeakStderr {
    /// Remembers where standard error leads, without holding it open.
    pub fn remember() -> Option<Self> {
        // SAFETY: open with a C string; the new descriptor is owned by nobody else.
        unsafe {
            let fd = libc::open(c"/proc/self/fd/2".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
            (fd >= 0).then(|| WeakStderr(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Whether standard error is a pipe or a socket, whose other end waits for its last writer to go.
    pub fn is_awaited() -> bool {
        use std::os::unix::fs::FileTypeExt;
        std::fs::metadata("/proc/self/fd/2")
            .is_ok_and(|meta| meta.file_type().is_fifo() || meta.file_type().is_socket())
    }

    /// Opens it for one message.
    pub fn open(&self) -> Option<File> {
        use std::os::unix::fs::OpenOptionsExt;
        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        std::fs::OpenOptions::new().append(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).ok()
    }
}

/// Points standard error at /dev/null.
pub fn leave_stderr() {
    // SAFETY: open and dup2 on plain descriptors.
    unsafe {
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
        if null > 2 {
            libc::dup2(null, 2);
            libc::close(null);
        }
    }
}
