//! Turning a wait report into inputs, with what the decision needs read from the stopped tracee.

use super::apply::Hands;
use super::input::Input;
use super::state::State;
use crate::link::EndOfProcess;
use platform::{Event, Signal, Tid, Wait, lineage, procfs};
use std::collections::VecDeque;

/// Reads what `report` is about. A tracee that SIGKILL took meanwhile gives nothing: its end comes as a report.
pub(super) fn hear(hands: &Hands, state: &State, report: Wait, inputs: &mut VecDeque<Input>) {
    let input = match report {
        Wait::Exited { tid, status } => Some(Input::Gone { tid, how: EndOfProcess::Exited(status) }),
        Wait::Killed { tid, signal, core } => {
            Some(Input::Gone { tid, how: EndOfProcess::Killed { signal: signal.0, core } })
        }
        Wait::Signal { tid, signal: Signal::TRAP } => {
            hands.tracer.breakpoint_address(tid).ok().map(|at| Input::Trap { tid, at })
        }
        Wait::Signal { tid, signal } => Some(Input::Signal { tid, signal }),
        Wait::Event { tid, event } => hear_event(hands, state, tid, event),
        Wait::Continued { .. } => None,
    };
    inputs.extend(input);
}

fn hear_event(hands: &Hands, state: &State, tid: Tid, event: Event) -> Option<Input> {
    match event {
        Event::Fork | Event::Vfork | Event::Clone => {
            let child = hands.tracer.event_tid(tid).ok()?;
            let memory = state.space_of(tid).and_then(|space| hands.memory(space));
            let lineage = lineage(&hands.tracer, memory, tid, child);
            Some(Input::Born { tid, child, lineage, waits: event == Event::Vfork })
        }
        Event::VforkDone => Some(Input::VforkDone { tid }),
        Event::Exec => Some(Input::Exec { tid, former: hands.tracer.event_tid(tid).unwrap_or(tid) }),
        Event::GroupStop(_) => Some(Input::GroupStopped { tid }),
        Event::Stop if state.is_leaving() && procfs::is_next(tid, Signal::TRAP) => {
            Some(Input::StoppedBeforeTrap { tid })
        }
        // Exit and other events are not asked for; should one come, the tracee goes on.
        Event::Stop | Event::Exit | Event::Other(_) => Some(Input::Stopped { tid }),
    }
}
