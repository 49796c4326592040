//! What is decided about processes that ran before us, and about letting go, input by input.

use super::action::{Action, ServedHit, Then};
use super::ids::{InstanceId, SpaceId};
use super::input::{Input, Remains};
use super::launched_state::step;
use super::state::{Forks, State};
use super::text_change::LandmarkChange;
use crate::link::{EndOfProcess, ImageId};
use crate::plan::{FileOffset, LoadBias, Plan};
use platform::threads::Activity;
use platform::{Avma, FileKey, Lineage, OnTracerDeath, Pid, Signal, TextMapping, Tid};
use std::rc::Rc;

const LEADER: Tid = Tid(100);
const OTHER: Tid = Tid(101);
const CHILD: Tid = Tid(102);
const TEXT: u64 = 0x40_0000;
const INSTANCE: InstanceId = InstanceId { image: ImageId(0), bias: LoadBias(TEXT) };

fn mapping() -> TextMapping {
    TextMapping {
        start: Avma(TEXT),
        end: Avma(TEXT + 0x2000),
        offset: 0,
        file: FileKey { device: 1, inode: 2, size: 3, modified: 4 },
        path: "/bin/x".to_owned(),
        dormant: false,
    }
}

/// Probes at 0x10 and 0x1010, in two pages.
fn plan() -> Plan {
    Plan {
        offsets: [0x10, 0x1010].map(FileOffset).to_vec(),
        originals: vec![0x55, 0x90],
        straight: vec![1, 1],
        lines: vec![0, 1],
        ..Plan::default()
    }
}

/// A process whose image is planned, attached to with these threads, none of which was looked at.
fn attached(mut state: State, threads: &[Tid]) -> (State, Vec<Action>) {
    let mut actions = step(&mut state, Input::Survey { tid: threads[0], mappings: vec![mapping()] });
    assert!(matches!(actions[..], [Action::WantImage { .. }]) && !state.has_all_plans());
    step(&mut state, Input::Planned { image: ImageId(0), plan: Rc::new(plan()) });
    assert!(state.has_all_plans());
    let threads = threads.to_vec();
    actions = step(&mut state, Input::Attached { pid: Pid(LEADER.0), parent: Pid(1), threads, shares: None });
    (state, actions)
}

/// The same, with all threads asleep, planted.
fn planted(state: State, threads: &[Tid]) -> State {
    let (mut state, _) = attached(state, threads);
    for &tid in threads {
        assert_eq!(step(&mut state, Input::Looked { tid, activity: Activity::Asleep }), []);
    }
    let process = state.process_with(Pid(LEADER.0)).expect("it was attached to");
    assert!(matches!(step(&mut state, Input::Ready { pid: Pid(LEADER.0) })[..], [Action::ReadLive { .. }]));
    let actions = step(&mut state, Input::MappedLive { process, tid: threads[0], mappings: vec![mapping()] });
    let [
        Action::Maps { .. },
        Action::Meet { .. },
        Action::AskHandler { .. },
        Action::Plant(first),
        Action::Meet { .. },
        Action::Plant(then),
    ] = &actions[..]
    else {
        panic!("{actions:?}")
    };
    assert_eq!(
        (first.landmarks, first.change.last(), then.landmarks),
        (LandmarkChange::Arm, None, LandmarkChange::Keep)
    );
    // What is mapped is asked for again, and nothing is new.
    assert_eq!(step(&mut state, Input::MappedLive { process, tid: threads[0], mappings: vec![mapping()] }), []);
    state
}

#[test]
fn a_busy_thread_is_heard_of_before_anything_is_planted() {
    let (mut state, actions) = attached(State::default(), &[LEADER, OTHER]);
    assert_eq!(actions.iter().filter(|action| matches!(action, Action::Look { .. })).count(), 2);
    assert!(!actions.iter().any(|action| matches!(action, Action::Plant(_) | Action::Resume { .. })));
    step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Asleep });
    assert!(!state.awaits_threads());
    let actions = step(&mut state, Input::Looked { tid: OTHER, activity: Activity::Busy });
    assert_eq!(actions, [Action::Interrupt { tid: OTHER }]);
    assert!(state.awaits_threads());
    // What it was called out of starts again.
    let actions = step(&mut state, Input::Stopped { tid: OTHER });
    let repair = Action::RepairCall { tid: OTHER, space: SpaceId(0) };
    assert_eq!(actions, [repair, Action::Resume { tid: OTHER, signal: None }]);
    assert!(!state.awaits_threads());
    let actions = step(&mut state, Input::Stopped { tid: OTHER });
    assert_eq!(actions, [Action::Resume { tid: OTHER, signal: None }], "that stop was not ours");
}

#[test]
fn a_thread_is_asked_for_the_handler_once_at_a_stop_that_is_none_of_its_group() {
    let mut state = planted(State::default(), &[LEADER, OTHER]);
    assert_eq!(step(&mut state, Input::AskHandler { tid: OTHER }), [Action::Interrupt { tid: OTHER }]);
    assert_eq!(step(&mut state, Input::Exiting { tid: OTHER }), [Action::Resume { tid: OTHER, signal: None }]);
    step(&mut state, Input::AskHandler { tid: LEADER });
    let actions = step(&mut state, Input::Stopped { tid: LEADER });
    let asked = |action: &Action| matches!(action, Action::ReadHandler { .. });
    assert!(matches!(actions[..], [Action::RepairCall { .. }, Action::ReadHandler { .. }, Action::Resume { .. }]));
    assert!(!step(&mut state, Input::Stopped { tid: LEADER }).iter().any(asked), "once");
}

#[test]
fn an_exec_while_seizing_leaves_one_thread_in_new_memory() {
    let (mut state, _) = attached(State::default(), &[LEADER, OTHER]);
    step(&mut state, Input::Looked { tid: OTHER, activity: Activity::Busy });
    let actions = step(&mut state, Input::Renewed { pid: Pid(LEADER.0), tid: LEADER });
    assert!(actions.iter().any(|action| matches!(action, Action::CloseSpace { .. })), "{actions:?}");
    assert!(actions.iter().any(|action| matches!(action, Action::OpenSpace { .. })), "{actions:?}");
    assert_eq!(actions.last(), Some(&Action::Look { tid: LEADER }));
    assert!(!state.awaits_threads());
    assert_eq!(state.threads(), 1);
}

/// The thread that executes another program has the leader's tid from then on; its own tid reports nothing any more.
#[test]
fn an_exec_by_another_thread_is_heard_of_for_all() {
    let (mut state, _) = attached(State::default(), &[LEADER, OTHER]);
    step(&mut state, Input::Looked { tid: OTHER, activity: Activity::Busy });
    assert!(state.awaits_threads());
    step(&mut state, Input::Exec { tid: LEADER, former: OTHER });
    assert!(!state.awaits_threads());
}

/// One that lived in another's memory has its own after an exec, and is planted like any other.
#[test]
fn who_shared_memory_is_planted_after_an_exec_while_seizing() {
    let (mut state, _) = attached(State::default(), &[LEADER]);
    let shares = Some(Pid(LEADER.0));
    step(&mut state, Input::Attached { pid: Pid(OTHER.0), parent: Pid(1), threads: vec![OTHER], shares });
    assert_eq!(step(&mut state, Input::Ready { pid: Pid(OTHER.0) }), []);
    step(&mut state, Input::Renewed { pid: Pid(OTHER.0), tid: OTHER });
    assert!(matches!(step(&mut state, Input::Ready { pid: Pid(OTHER.0) })[..], [Action::ReadLive { .. }]));
}

#[test]
fn what_was_mapped_before_an_exec_is_not_planted_after_it() {
    let (mut state, _) = attached(State::default(), &[LEADER]);
    let process = state.process_with(Pid(LEADER.0)).expect("it was attached to");
    let library = TextMapping { file: FileKey { device: 1, inode: 9, size: 3, modified: 4 }, ..mapping() };
    step(&mut state, Input::MappedLive { process, tid: LEADER, mappings: vec![library] });
    assert!(state.awaits_plans());
    step(&mut state, Input::Exec { tid: LEADER, former: LEADER });
    step(&mut state, Input::Mapped { tid: LEADER, mappings: vec![mapping()] });
    let actions = step(&mut state, Input::Planned { image: ImageId(1), plan: Rc::new(plan()) });
    assert_eq!(actions, []);
    assert!(!state.awaits_plans());
    let actions = step(&mut state, Input::Trap { tid: LEADER, at: Avma(TEXT + 0x10) });
    assert!(matches!(actions[..], [Action::Serve(_)]), "{actions:?}");
}

#[test]
fn a_thread_that_ends_is_awaited_no_more() {
    let (mut state, _) = attached(State::default(), &[LEADER, OTHER]);
    step(&mut state, Input::Looked { tid: OTHER, activity: Activity::Busy });
    step(&mut state, Input::Gone { tid: OTHER, how: EndOfProcess::Exited(0) });
    assert!(!state.awaits_threads());
}

#[test]
fn without_its_leader_a_process_ends_with_its_last_thread() {
    let mut state = planted(State::default(), &[OTHER, CHILD]);
    let ends = |actions: &[Action]| actions.iter().any(|action| matches!(action, Action::Ended { .. }));
    assert!(!ends(&step(&mut state, Input::Gone { tid: OTHER, how: EndOfProcess::Exited(0) })));
    assert!(ends(&step(&mut state, Input::Gone { tid: CHILD, how: EndOfProcess::Exited(3) })));
    assert!(state.is_empty());
}

/// A child forked while its maker is planted: where the last breakpoint is missing, all are.
#[test]
fn a_copy_made_too_early_is_planted_anew() {
    for lacking in [vec![], vec![INSTANCE]] {
        let mut state = planted(State::default(), &[LEADER]);
        let lineage = Lineage::CopiedMemory;
        step(&mut state, Input::Born { tid: LEADER, child: CHILD, lineage, waits: false });
        let actions = step(&mut state, Input::Stopped { tid: CHILD });
        let Some(Action::CheckCopy { places, .. }) = actions.last() else { panic!("{actions:?}") };
        assert_eq!(*places, [(INSTANCE, Avma(TEXT + 0x1010))]);
        let whole = lacking.is_empty();
        let actions = step(&mut state, Input::CopyChecked { tid: CHILD, group: false, lacking });
        let planting = actions.iter().find_map(|action| match action {
            Action::TextChange(change) => Some(change),
            _ => None,
        });
        assert_eq!(planting.is_none(), whole);
        assert!(planting.is_none_or(|change| change.change.get(0) && change.armed.get(1)));
        assert_eq!(actions.last(), Some(&Action::Resume { tid: CHILD, signal: None }));
        // Once a copy was whole, all later ones are.
        let other = Tid(103);
        step(&mut state, Input::Born { tid: LEADER, child: other, lineage, waits: false });
        let checks = matches!(step(&mut state, Input::Stopped { tid: other }).last(), Some(Action::CheckCopy { .. }));
        assert_eq!(checks, !whole);
    }
}

#[test]
fn sleepers_are_let_go_by_the_tracers_end_and_others_in_a_stop() {
    let mut state = planted(State::default(), &[LEADER, OTHER]);
    let actions = step(&mut state, Input::LetGo);
    assert!(
        matches!(&actions[0], Action::TextChange(change) if change.armed.last().is_none() && change.landmarks == LandmarkChange::Disarm)
    );
    assert_eq!(actions.iter().filter(|action| matches!(action, Action::Look { .. })).count(), 2);
    assert_eq!(step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Asleep }), []);
    assert!(!state.may_leave());
    let actions = step(&mut state, Input::Looked { tid: OTHER, activity: Activity::Busy });
    assert_eq!(actions, [Action::Interrupt { tid: OTHER }]);
    // A trap that was on the way is served first.
    let actions = step(&mut state, Input::Trap { tid: OTHER, at: Avma(TEXT + 0x10) });
    assert!(matches!(actions[..], [Action::AskCause { .. }]));
    let cause = platform::TrapCause::Breakpoint;
    let actions = step(&mut state, Input::Cause { tid: OTHER, at: Avma(TEXT + 0x10), cause, remains: Remains::Ours });
    assert!(matches!(actions[..], [Action::Serve(ServedHit { then: Then::Detach, .. })]), "{actions:?}");
    assert!(state.may_leave() && !state.is_empty());
    let actions = step(&mut state, Input::Leave);
    assert!(matches!(actions[0], Action::Ended { how: EndOfProcess::LetGo, .. }));
    assert!(state.is_empty());
}

#[test]
fn a_trap_behind_the_interrupt_is_served_before_letting_go() {
    let mut state = planted(State::default(), &[LEADER]);
    step(&mut state, Input::LetGo);
    let actions = step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Busy });
    assert_eq!(actions, [Action::Interrupt { tid: LEADER }]);
    let actions = step(&mut state, Input::StoppedBeforeTrap { tid: LEADER });
    assert_eq!(actions, [Action::Resume { tid: LEADER, signal: None }]);
    assert!(!state.may_leave());
    step(&mut state, Input::Trap { tid: LEADER, at: Avma(TEXT + 0x10) });
    let cause = platform::TrapCause::Breakpoint;
    let actions = step(&mut state, Input::Cause { tid: LEADER, at: Avma(TEXT + 0x10), cause, remains: Remains::Ours });
    assert!(matches!(actions[0], Action::Serve(ServedHit { then: Then::Detach, .. })), "{actions:?}");
}

#[test]
fn a_group_stop_is_left_as_it_is() {
    let mut state = planted(State::default(), &[LEADER]);
    assert_eq!(step(&mut state, Input::GroupStopped { tid: LEADER }), [Action::Listen { tid: LEADER }]);
    let actions = step(&mut state, Input::LetGo);
    assert!(matches!(actions[..], [Action::TextChange(_), Action::RestoreCopies { .. }]));
    assert!(state.may_leave());
}

#[test]
fn text_that_only_a_stopped_thread_can_restore_is() {
    let mut state = planted(State::default(), &[LEADER]);
    let actions = step(&mut state, Input::LetGo);
    let Action::TextChange(change) = &actions[0] else { panic!("{actions:?}") };
    let (space, none) = (change.space, change.tid);
    assert_eq!(none, None);
    step(&mut state, Input::Unrestored { space });
    let actions = step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Asleep });
    assert_eq!(actions, [Action::Interrupt { tid: LEADER }]);
    let actions = step(&mut state, Input::Stopped { tid: LEADER });
    let synced =
        actions.iter().any(|action| matches!(action, Action::TextChange(change) if change.tid == Some(LEADER)));
    assert!(synced && actions.contains(&Action::Detach { tid: LEADER, signal: None }), "{actions:?}");
}

#[test]
fn where_the_tracers_end_kills_everybody_is_let_go_before() {
    let mut state = planted(State::new(OnTracerDeath::Kill, Forks::Rearm), &[LEADER, OTHER]);
    step(&mut state, Input::GroupStopped { tid: OTHER });
    let actions = step(&mut state, Input::LetGo);
    assert!(actions.contains(&Action::Interrupt { tid: OTHER }));
    let actions = step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Asleep });
    assert_eq!(actions, [Action::Interrupt { tid: LEADER }]);
    assert!(state.must_stay() && !state.may_leave());
    let weighed = |disposition| Input::Weighed { tid: LEADER, signal: Signal::TERM, disposition, interrupted: false };
    step(&mut state, Input::Signal { tid: LEADER, signal: Signal::TERM });
    let actions = step(&mut state, weighed(None));
    assert_eq!(actions.first(), Some(&Action::Detach { tid: LEADER, signal: Some(Signal::TERM) }));
    step(&mut state, Input::GroupStopped { tid: OTHER });
    assert!(!state.must_stay() && state.is_empty());
}
