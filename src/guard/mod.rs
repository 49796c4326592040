//! The process behind the supervisor, asleep unless that is killed: then it takes the breakpoints out of the measured
//! processes, so that they go on.
//!
//! ```text
//! front ── guard ── supervisor ── ptrace ─► tracees
//!            └── ptrace ──►┘ (its end only)
//! ```
//! The guard traces the supervisor with PTRACE_O_TRACEEXIT: the kernel holds the supervisor, killed as it may be, before
//! it lets go of its tracees, and as long as it is held a tracee that meets a breakpoint stops instead of dying.
//!
//! Invariant: it holds no descriptor of the run, so that everybody sees the supervisor's end by itself; and it ends as the
//! supervisor ended.

mod rescue;
mod text;

use crate::supervisor;
use platform::process::{self, die_of};
use platform::{Event, GuardTable, OnTracerDeath, Pid, Signal, Tracer, Wait, affinity};
use rescue::Rescue;
use std::rc::Rc;
use std::time::Duration;

/// What ends within this time need not be prepared for want of memory.
const SHORT_RUN: Duration = Duration::from_millis(300);

/// Forks the supervisor, in which `start` runs to its end, and stands behind it; gives the exit status.
///
/// The calling process must have one thread only, and use no descriptor any more but in `start`.
pub fn run(on_death: OnTracerDeath, start: impl FnOnce(Rc<GuardTable>) -> supervisor::Options) -> i32 {
    const NO_SUPERVISOR: i32 = 1;
    process::be_spared_by_the_oom_killer();
    let Ok(table) = GuardTable::new().map(Rc::new) else { return NO_SUPERVISOR };
    let shared = table.clone();
    let Ok(supervisor) = process::fork_helper("cov-supervisor", move || supervisor::run(start(shared))) else {
        return NO_SUPERVISOR;
    };
    process::keep_only(&[], &[]);
    let tracer = Tracer::for_this_thread(OnTracerDeath::LetGo);
    // Where this is refused the supervisor is refused too, and says so.
    let _untraced = tracer.seize_for_its_end(supervisor.leader());
    affinity::outrank_own_cpu();
    process::stay_in_memory_after(SHORT_RUN);
    match stand_behind(&tracer, &table, supervisor, on_death) {
        Wait::Exited { status, .. } => status,
        Wait::Killed { signal, .. } => {
            die_of(signal);
            NO_SUPERVISOR
        }
        Wait::Signal { .. } | Wait::Event { .. } | Wait::Continued { .. } => NO_SUPERVISOR,
    }
}

/// Waits for the end of the supervisor and gives it; what else it meets is passed on.
fn stand_behind(tracer: &Tracer, table: &GuardTable, supervisor: Pid, on_death: OnTracerDeath) -> Wait {
    let tid = supervisor.leader();
    let mut rescue = None;
    loop {
        let Ok(report) = tracer.wait_for(tid) else { return Wait::Exited { tid, status: 1 } };
        // It may have been killed meanwhile: the next report tells.
        let _killed = match report {
            Wait::Exited { .. } | Wait::Killed { .. } => {
                if let Some(rescue) = rescue {
                    Rescue::finish(rescue, tracer);
                }
                return report;
            }
            Wait::Signal { signal, .. } => tracer.resume(tid, Some(signal)),
            Wait::Event { event: Event::Exit, .. } => {
                let left = matches!(tracer.coming_end(tid), Ok(Wait::Exited { status: 0, .. }));
                if !left && on_death == OnTracerDeath::LetGo {
                    rescue = Some(Rescue::start(table, supervisor));
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
            | Wait::Continued { .. } => tracer.resume(tid, None::<Signal>),
        };
    }
}
