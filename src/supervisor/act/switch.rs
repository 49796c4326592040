//! Switches of the context that were asked for by commands and by the programs, one after the other.

use super::apply::Performer;
use super::contexts::Change;
use super::landmarks::ContextAsked;
use crate::contexts::ContextKind;
use crate::link::{FromSupervisor, ProcessNo, SwitchRequest};
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::state::{Forks, State};
use crate::warning::WarningKind;
use platform::Tid;
use std::collections::VecDeque;

/// How far one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SwitchPhase {
    /// Every thread is being seen in the old context.
    Before,
    /// And in the new one.
    After,
}

/// Who waits for a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// A command.
    Command,
    /// A thread of this process, at a probe.
    Thread(Tid, ProcessNo),
}

/// A switch under way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    phase: SwitchPhase,
    asker: Asker,
    /// Of so many processes.
    count: u64,
}

/// What was asked for, and how far the first of it is.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    asked: VecDeque<SwitchRequest>,
    under_way: Option<UnderWay>,
}

impl Switches {
    /// One more is asked for by a command.
    pub fn ask(&mut self, request: SwitchRequest) {
        self.asked.push_back(request);
    }

    /// Goes on as far as it can; true if something is to be decided or was answered. All that was heard must have been
    /// decided.
    pub fn advance(&mut self, state: &State, performer: &mut Performer, inputs: &mut VecDeque<Input>) -> bool {
        let Some(UnderWay { phase, asker, count }) = self.under_way else {
            return self.begin(state, performer, inputs);
        };
        if state.is_leaving() {
            performer.answer(asker, Err("it is ending"), inputs);
            self.under_way = None;
            return true;
        }
        if !performer.texts.work.is_empty() || state.awaits_threads() {
            return false;
        }
        match phase {
            SwitchPhase::Before => {
                self.under_way = Some(UnderWay { phase: SwitchPhase::After, asker, count });
                inputs.push_back(Input::EnterContext);
            }
            SwitchPhase::After => {
                self.under_way = None;
                inputs.push_back(Input::ContextEntered);
                performer.answer(asker, Ok(count), inputs);
            }
        }
        true
    }

    /// Begins the next one, if there is one.
    fn begin(&mut self, state: &State, performer: &mut Performer, inputs: &mut VecDeque<Input>) -> bool {
        // A process that is detached from needs no context any more.
        let probe = performer.asked_contexts.pop_front().filter(|_| !state.is_leaving());
        let (asker, change, processes) = if let Some(ContextAsked { tid, process, change }) = probe {
            (Asker::Thread(tid, process), change, vec![process])
        } else if let Some(SwitchRequest { change, pids }) = self.asked.pop_front() {
            (Asker::Command, Some(Change::Asked(ContextKind::Command, change)), state.numbers_of(&pids))
        } else {
            return false;
        };
        match refused(state, performer, change, &processes) {
            Some(cause) => performer.answer(asker, Err(cause), inputs),
            None => {
                let count = processes.len() as u64;
                self.under_way = Some(UnderWay { phase: SwitchPhase::Before, asker, count });
                inputs.push_back(Input::Switch { processes });
            }
        }
        true
    }
}

/// Why processes cannot be in another context; if they can, it is prepared.
fn refused(
    state: &State,
    performer: &mut Performer,
    change: Option<Change>,
    processes: &[ProcessNo],
) -> Option<&'static str> {
    match (state.forks, change) {
        (Forks::Inherit, _) => Some("it was begun with --fork=inherit, so what a context ran would not be known"),
        (Forks::Once, _) => Some("it was begun with --once, so what a context ran would not be known"),
        (Forks::Rearm, _) if state.is_leaving() => Some("it is ending"),
        (Forks::Rearm, _) if processes.is_empty() => Some("it measures none of these processes"),
        (Forks::Rearm, None) => Some("the label cannot be read"),
        (Forks::Rearm, Some(change)) => (!performer.contexts.prepare(change, processes))
            .then_some("its context was not switched, so there is none to come back to"),
    }
}

impl Performer {
    /// Tells the one who waits for a switch what became of it.
    fn answer(&mut self, asker: Asker, outcome: Result<u64, &str>, inputs: &mut VecDeque<Input>) {
        match asker {
            Asker::Command => {
                let outcome = outcome.map_err(str::to_owned);
                let _recorder_gone = self.recorder.send(&FromSupervisor::Switched(outcome), None);
            }
            Asker::Thread(tid, process) => {
                if let Err(cause) = outcome {
                    let text = format!("the program switched its context, and that was not done: {cause}");
                    self.warn(Some(process), WarningKind::ContextIncomplete, text, 1);
                }
                inputs.push_back(Input::Switched { tid });
            }
        }
    }
}
