//! A launched process in which an image is planted, for tests.

use super::action::Action;
use super::input::Input;
use super::state::{Forks, State};
use crate::link::ImageId;
use crate::plan::Plan;
use platform::{Avma, FileKey, OnTracerDeath, Pid, TextMapping, Tid};
use std::rc::Rc;

/// Its only thread.
pub(super) const LEADER: Tid = Tid(100);

/// Where the image's text begins.
pub(super) const TEXT: u64 = 0x10_0000;

/// What is done about an input.
pub(super) fn step(state: &mut State, input: Input) -> Vec<Action> {
    let mut actions = Vec::new();
    state.step(input, &mut actions);
    actions
}

/// The process, whose image has this plan.
pub(super) fn planted(forks: Forks, plan: Plan) -> State {
    let mut state = State::new(OnTracerDeath::LetGo, forks);
    step(&mut state, Input::Launched { pid: Pid(LEADER.0), parent: Pid(1) });
    step(&mut state, Input::Exec { tid: LEADER, former: LEADER });
    let file = FileKey { device: 1, inode: 1, size: 100, modified: 1 };
    let (start, end) = (Avma(TEXT), Avma(TEXT + 0x1000));
    let mapping = TextMapping { start, end, offset: 0, file, path: String::new(), dormant: false };
    step(&mut state, Input::Mapped { tid: LEADER, mappings: vec![mapping] });
    step(&mut state, Input::Planned { image: ImageId(0), plan: Rc::new(plan) });
    state
}
