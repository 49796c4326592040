//! Turning a wait report into inputs, with what the decision needs read from the stopped tracee.

use super::space_texts::SpaceTexts;
use crate::link::EndOfProcess;
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::state::State;
use platform::{Event, OsError, Signal, Tid, Tracer, Wait, lineage, procfs};
use std::collections::VecDeque;

/// Reads what `report` is about. A tracee that SIGKILL took meanwhile gives nothing: its end comes as a report.
pub(crate) fn hear(tracer: &Tracer, texts: &SpaceTexts, state: &State, report: Wait, inputs: &mut VecDeque<Input>) {
    let input = match report {
        Wait::Exited { tid, status } => Some(Input::Gone { tid, how: EndOfProcess::Exited(status) }),
        Wait::Killed { tid, signal, core } => {
            Some(Input::Gone { tid, how: EndOfProcess::Killed { signal: signal.0, core } })
        }
        Wait::Signal { tid, signal: Signal::TRAP } => {
            let at = tracer.breakpoint_address(tid);
            if state.is_switching() {
                // The breakpoint credits its own line, unless it may change the context.
                let of_context = at.as_ref().ok().filter(|at| !state.may_change_context_at(tid, **at));
                inputs.extend(of_context.map(|&at| Input::PausedAt { tid, at, faulted: true }));
            }
            // It is delivered like any other signal where nothing can be known of it.
            unless_gone(at.map(|at| Input::Trap { tid, at }), Input::Signal { tid, signal: Signal::TRAP })
        }
        Wait::Signal { tid, signal } => {
            inputs.extend(if signal.is_of_faults() { faulted_at(tracer, tid) } else { paused_at(tracer, tid) });
            Some(Input::Signal { tid, signal })
        }
        Wait::Call { tid } => {
            // An interrupt that breaks off such a call may have no stop of its own.
            inputs.extend(paused_at(tracer, tid).filter(|_| state.is_switching()));
            Some(Input::CallStop { tid })
        }
        Wait::Event { tid, event } => {
            let is_told = match event {
                Event::Exit | Event::GroupStop(_) => true,
                Event::Stop => state.is_leaving() || state.is_switching(),
                _ => state.is_switching(),
            };
            if is_told {
                inputs.extend(paused_at(tracer, tid));
            }
            hear_event(tracer, texts, state, tid, event)
        }
        Wait::Continued { .. } => None,
    };
    inputs.extend(input);
}

/// What was read of a stopped thread; `otherwise` if that failed, and nothing if SIGKILL took the thread.
fn unless_gone(read: Result<Input, OsError>, otherwise: Input) -> Option<Input> {
    match read {
        Ok(input) => Some(input),
        Err(error) if error.is_gone() => None,
        Err(_) => Some(otherwise),
    }
}

/// Where a stopped thread is that may never get to the end of the straight-line code there.
pub(crate) fn paused_at(tracer: &Tracer, tid: Tid) -> Option<Input> {
    tracer.pc(tid).ok().map(|at| Input::PausedAt { tid, at, faulted: false })
}

/// The same at a signal that an instruction that faults brings, or another process.
fn faulted_at(tracer: &Tracer, tid: Tid) -> Option<Input> {
    let at = tracer.pc(tid).ok()?;
    let faulted = tracer.signal_info(tid).is_ok_and(|info| info.is_fault());
    Some(Input::PausedAt { tid, at, faulted })
}

fn hear_event(tracer: &Tracer, texts: &SpaceTexts, state: &State, tid: Tid, event: Event) -> Option<Input> {
    match event {
        Event::Fork | Event::Vfork | Event::Clone => {
            let child = match tracer.event_tid(tid) {
                Ok(child) => child,
                Err(error) => return unless_gone(Err(error), Input::Stopped { tid }),
            };
            let memory = state.space_of(tid).and_then(|space| texts.memory(space));
            let lineage = lineage(tracer, memory, tid, child);
            Some(Input::Born { tid, child, lineage, waits: event == Event::Vfork })
        }
        Event::VforkDone => Some(Input::VforkDone { tid }),
        Event::Exec => Some(Input::Exec { tid, former: tracer.event_tid(tid).unwrap_or(tid) }),
        Event::GroupStop(_) => Some(Input::GroupStopped { tid }),
        Event::Stop if state.is_leaving() && procfs::is_next(tid, Signal::TRAP) => {
            Some(Input::StoppedBeforeTrap { tid })
        }
        Event::Exit => Some(Input::Exiting { tid }),
        // Other events are not asked for; should one come, the tracee goes on.
        Event::Stop | Event::Other(_) => Some(Input::Stopped { tid }),
    }
}
