//! What is decided about children whose first stop comes before their maker reports them.

use super::action::Action;
use super::input::Input;
use super::launched_state::step;
use super::state::State;
use crate::link::{EndOfProcess, ProcessNo};
use platform::{Lineage, Pid, Tid};

const LEADER: Tid = Tid(100);
const OTHER: Tid = Tid(101);
const CHILD: Tid = Tid(102);
const FRONT: Pid = Pid(99);

/// A launched process; with a second thread if `threaded`.
fn launched(threaded: bool) -> State {
    let mut state = State::default();
    step(&mut state, Input::Launched { pid: Pid(LEADER.0), parent: FRONT });
    if threaded {
        step(&mut state, Input::Stopped { tid: OTHER });
        step(&mut state, Input::Born { tid: LEADER, child: OTHER, lineage: Lineage::Thread, waits: false });
    }
    state
}

fn born(child: Tid) -> Input {
    Input::Born { tid: LEADER, child, lineage: Lineage::CopiedMemory, waits: false }
}

fn gone(tid: Tid, how: EndOfProcess) -> Input {
    Input::Gone { tid, how }
}

fn orphan(parent: Pid) -> Input {
    Input::Orphan { tid: CHILD, group: Pid(CHILD.0), parent, candidate: ProcessNo(0) }
}

fn began(actions: &[Action]) -> usize {
    actions.iter().filter(|action| matches!(action, Action::Began { .. })).count()
}

fn asks_for_maker(actions: &[Action]) -> bool {
    actions.contains(&Action::FindMaker { tid: CHILD, candidate: ProcessNo(0) })
}

const KILLED: EndOfProcess = EndOfProcess::Killed { signal: 9, core: false };

#[test]
fn a_child_waits_for_its_maker_whichever_other_thread_ends() {
    let mut state = launched(true);
    assert_eq!(step(&mut state, Input::Stopped { tid: CHILD }), []);
    assert_eq!(step(&mut state, gone(OTHER, EndOfProcess::Exited(0))), [Action::Forget { tid: OTHER }]);
    assert_eq!(began(&step(&mut state, born(CHILD))), 1);
}

#[test]
fn a_child_whose_maker_was_killed_before_reporting_it_is_adopted() {
    let mut state = launched(false);
    step(&mut state, Input::Stopped { tid: CHILD });
    assert!(asks_for_maker(&step(&mut state, gone(LEADER, KILLED))));
    let actions = step(&mut state, orphan(Pid(1)));
    assert_eq!(began(&actions), 1);
    assert!(actions.iter().any(|action| matches!(action, Action::ReadMappings { tid: CHILD, .. })), "{actions:?}");
}

#[test]
fn so_is_one_whose_first_stop_comes_after_that_end() {
    let mut state = launched(false);
    step(&mut state, gone(LEADER, KILLED));
    assert!(asks_for_maker(&step(&mut state, Input::Stopped { tid: CHILD })));
    assert_eq!(began(&step(&mut state, orphan(Pid(1)))), 1);
}

#[test]
fn an_exec_ends_threads_that_had_children_to_report() {
    let mut state = launched(true);
    step(&mut state, Input::Stopped { tid: CHILD });
    assert!(asks_for_maker(&step(&mut state, Input::Exec { tid: LEADER, former: LEADER })));
    assert_eq!(began(&step(&mut state, orphan(Pid(LEADER.0)))), 1);
}

#[test]
fn a_child_that_was_adopted_is_not_recorded_again() {
    let mut state = launched(true);
    step(&mut state, Input::Stopped { tid: CHILD });
    assert_eq!(began(&step(&mut state, orphan(Pid(1)))), 1);
    let actions = step(&mut state, born(CHILD));
    assert_eq!(actions, [Action::Resume { tid: LEADER, signal: None }]);
}

#[test]
fn the_fault_of_an_init_ends_its_process_when_its_other_threads_are_gone() {
    let mut state = launched(true);
    let actions = step(&mut state, Input::Outlived { tid: LEADER, signal: platform::Signal(11) });
    assert_eq!(actions.last(), Some(&Action::Forget { tid: LEADER }));
    assert!(actions.contains(&Action::Refault { tid: LEADER, signal: platform::Signal(11) }));
    let how = EndOfProcess::Killed { signal: 11, core: true };
    assert!(step(&mut state, gone(OTHER, how)).contains(&Action::Ended { process: ProcessNo(0), how }));
    assert!(state.is_empty());
}
