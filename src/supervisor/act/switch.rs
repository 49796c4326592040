//! Switches of the context that were asked for, one after the other.

use super::apply::Performer;
use crate::link::{FromSupervisor, SwitchRequest};
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::state::{Forks, State};
use std::collections::VecDeque;

/// How far one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SwitchPhase {
    /// Every thread is being seen in the old context.
    Before,
    /// And in the new one.
    After,
}

/// What was asked for, and how far the first of it is.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    asked: VecDeque<SwitchRequest>,
    phase: Option<(SwitchPhase, u64)>,
}

impl Switches {
    /// One more is asked for.
    pub fn ask(&mut self, request: SwitchRequest) {
        self.asked.push_back(request);
    }

    /// Goes on as far as it can; true if something is to be decided or was answered. All that was heard must have been
    /// decided.
    pub fn advance(&mut self, state: &State, performer: &mut Performer, inputs: &mut VecDeque<Input>) -> bool {
        let Some((phase, count)) = self.phase else {
            let Some(SwitchRequest { change, pids }) = self.asked.pop_front() else { return false };
            let processes = state.numbers_of(&pids);
            let refused = match state.forks {
                Forks::Inherit => Some("it was begun with --fork=inherit, so what a context ran would not be known"),
                Forks::Once => Some("it was begun with --once, so what a context ran would not be known"),
                Forks::Rearm if state.is_leaving() => Some("it is ending"),
                Forks::Rearm if processes.is_empty() => Some("it measures none of these processes"),
                Forks::Rearm if !performer.contexts.prepare(change, &processes) => {
                    Some("its context was not switched, so there is none to come back to")
                }
                Forks::Rearm => None,
            };
            match refused {
                Some(cause) => performer.answer(Err(cause.to_owned())),
                None => {
                    self.phase = Some((SwitchPhase::Before, processes.len() as u64));
                    inputs.push_back(Input::Switch { processes });
                }
            }
            return true;
        };
        if state.is_leaving() {
            performer.answer(Err("it is ending".to_owned()));
            self.phase = None;
            return true;
        }
        if !performer.texts.work.is_empty() || state.awaits_threads() {
            return false;
        }
        match phase {
            SwitchPhase::Before => {
                self.phase = Some((SwitchPhase::After, count));
                inputs.push_back(Input::EnterContext);
            }
            SwitchPhase::After => {
                self.phase = None;
                inputs.push_back(Input::ContextEntered);
                performer.answer(Ok(count));
            }
        }
        true
    }
}

impl Performer {
    /// Tells what became of a switch.
    fn answer(&mut self, outcome: Result<u64, String>) {
        let _recorder_gone = self.recorder.send(&FromSupervisor::Switched(outcome), None);
    }
}
