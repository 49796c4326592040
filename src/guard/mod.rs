//! The process behind the supervisor, asleep unless that is killed: then it takes the breakpoints out of the measured
//! processes, so that they go on. Where it is killed too, the front does that (`watched`), or the recorder (`takeover`).
//!
//! ```text
//! front ── guard ── supervisor ── ptrace ─► tracees
//!            └── ptrace ──►┘ (its end only)
//! ```
//! The guard traces the supervisor with PTRACE_O_TRACEEXIT: the kernel holds the supervisor, killed as it may be, before
//! it loses its tracees, and as long as it is held a tracee that meets a breakpoint stops instead of dying.
//!
//! Invariant: it holds no descriptor of the run, so that everybody sees the supervisor's end by itself; and it ends as the
//! supervisor ended.

mod rescue;
mod stops;
mod takeover;
mod text;
mod watched;

pub use takeover::finish_after;
pub use watched::{WatchedGuard, continue_front};

use crate::supervisor;
use platform::affinity::{self, Rank};
use platform::process::{self, die_of};
use platform::standing::{self, Life};
use platform::{Event, GuardTable, OnTracerDeath, Pid, Signal, Tracer, Wait};
use rescue::Rescue;
use std::time::{Duration, Instant};

/// What ends within this time need not be prepared for want of memory.
const SHORT_RUN: Duration = Duration::from_millis(300);

/// How long another process may take to come to its end, or from there to leave what it traces.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked how far that is.
const MOMENT: Duration = Duration::from_micros(50);

/// The exit status of a guard that has no supervisor to guard.
const NO_SUPERVISOR: i32 = 1;

/// Forks the supervisor, in which `start` runs to its end, and guards it; gives the exit status.
///
/// The calling process must have one thread only, and use no descriptor any more but in `start`.
pub fn run(
    table: &GuardTable,
    on_death: OnTracerDeath,
    start: impl FnOnce(GuardTable) -> supervisor::SupervisorOptions,
) -> i32 {
    process::be_spared_by_the_oom_killer();
    table.set_guard(process::own_pid());
    let shared = table.clone();
    let Ok(supervisor) = process::fork_helper("cov-supervisor", move || supervisor::run(start(shared))) else {
        return NO_SUPERVISOR;
    };
    table.set_supervisor(supervisor);
    let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
    process::keep_only(table.descriptor().as_slice(), &[]);
    process::block_all_signals();
    // Where this is refused the supervisor is refused too, and says so.
    let _untraced = tracer.seize_for_its_end(supervisor.leader());
    let _as_far_as_allowed = Rank::Guard.take();
    guard(&tracer, table, supervisor, on_death)
}

/// Guards a supervisor as soon as its guard, which is held at its end, has let it go; gives the exit status. That it is
/// ready for that shows in the table.
pub fn replace(table: &GuardTable, on_death: OnTracerDeath) -> i32 {
    process::keep_only(table.descriptor().as_slice(), &[]);
    process::be_spared_by_the_oom_killer();
    process::block_all_signals();
    let Some(supervisor) = table.supervisor() else { return NO_SUPERVISOR };
    let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
    affinity::share_own_cpu_of(supervisor.leader());
    let _as_far_as_allowed = Rank::Guard.take();
    table.set_guard(process::own_pid());
    let since = Instant::now();
    while tracer.seize_for_its_end(supervisor.leader()).is_err() {
        if standing::life(supervisor) == Life::Over || since.elapsed() > PATIENCE {
            return NO_SUPERVISOR;
        }
        std::thread::sleep(MOMENT);
    }
    guard(&tracer, table, supervisor, on_death)
}

fn guard(tracer: &Tracer, table: &GuardTable, supervisor: Pid, on_death: OnTracerDeath) -> i32 {
    process::stay_in_memory_after(SHORT_RUN);
    match stand_behind(tracer, table, supervisor, on_death) {
        Wait::Exited { status, .. } => status,
        Wait::Killed { signal, .. } => {
            die_of(signal);
            NO_SUPERVISOR
        }
        Wait::Signal { .. } | Wait::Call { .. } | Wait::Event { .. } | Wait::Continued { .. } => NO_SUPERVISOR,
    }
}

/// Waits for the end of the supervisor and gives it; what else it meets is passed on.
fn stand_behind(tracer: &Tracer, table: &GuardTable, supervisor: Pid, on_death: OnTracerDeath) -> Wait {
    let tid = supervisor.leader();
    let mut rescue = None;
    loop {
        let Ok(report) = tracer.wait_for(tid) else { return Wait::Exited { tid, status: NO_SUPERVISOR } };
        // It may have been killed meanwhile: the next report tells.
        let _killed = match report {
            Wait::Exited { .. } | Wait::Killed { .. } => {
                if let Some(rescue) = rescue {
                    Rescue::finish(rescue, tracer, table);
                }
                return report;
            }
            Wait::Signal { signal, .. } => tracer.resume(tid, Some(signal)),
            Wait::Event { event: Event::Exit, .. } => {
                let left = matches!(tracer.coming_end(tid), Ok(Wait::Exited { status: 0, .. }));
                if !left && on_death == OnTracerDeath::LetGo {
                    rescue = Rescue::start(table, supervisor);
                }
                tracer.resume(tid, None)
            }
            Wait::Event { event: Event::GroupStop(_), .. } => tracer.listen(tid),
            Wait::Event {
                event:
                    Event::Stop
                    | Event::Fork
                    | Event::Vfork
                    | Event::Clone
                    | Event::VforkDone
                    | Event::Exec
                    | Event::Other(_),
                ..
            }
            | Wait::Call { .. }
            | Wait::Continued { .. } => tracer.resume(tid, None::<Signal>),
        };
    }
}
