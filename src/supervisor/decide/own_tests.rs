//! Breakpoints of the program's own where ours was taken out, decided without a kernel.

use super::action::{Action, ServedHit, Spent};
use super::input::{Input, Remains};
use super::launched_state::{self, LEADER, TEXT, step};
use super::space::Found;
use super::state::{Forks, State};
use super::text_change::TextChange;
use crate::link::ProcessNo;
use crate::plan::{FileOffset, Plan};
use platform::{Avma, Lineage, Signal, Tid, TrapCause};

const CHILD: Tid = Tid(200);
/// Two probes of different lines.
const FIRST: Avma = Avma(TEXT + 0x10);
const SECOND: Avma = Avma(TEXT + 0x20);

fn planted(forks: Forks) -> State {
    let plan = Plan {
        offsets: [0x10, 0x20].map(FileOffset).to_vec(),
        originals: vec![0x55, 0x0f],
        straight: vec![1, 1],
        lines: vec![0, 1],
        ..Plan::default()
    };
    launched_state::planted(forks, plan)
}

/// A thread meets a breakpoint at a spent site; gives whether it is known that it is not ours.
fn is_taken_out(state: &mut State, tid: Tid, at: Avma) -> bool {
    let actions = step(state, Input::Trap { tid, at });
    let [Action::AskCause { spent: Some(Spent { taken_out, .. }), .. }] = actions[..] else { panic!("{actions:?}") };
    taken_out
}

fn cause(tid: Tid, at: Avma, remains: Remains) -> Input {
    Input::Cause { tid, at, cause: TrapCause::Breakpoint, remains }
}

fn syncs(actions: Vec<Action>) -> Vec<TextChange> {
    let change = |action| if let Action::TextChange(change) = action { Some(*change) } else { None };
    actions.into_iter().filter_map(change).collect()
}

fn forked(state: &mut State) -> Vec<TextChange> {
    step(state, Input::Born { tid: LEADER, child: CHILD, lineage: Lineage::CopiedMemory, waits: false });
    syncs(step(state, Input::Stopped { tid: CHILD }))
}

#[test]
fn the_programs_own_breakpoint_at_a_spent_site_is_its_signal() {
    let mut state = planted(Forks::Rearm);
    let actions = step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    assert!(
        matches!(actions[..], [Action::Serve(ServedHit { restore: Some(0x55), offset: FileOffset(0x10), .. })]),
        "{actions:?}"
    );
    assert!(is_taken_out(&mut state, LEADER, FIRST));
    let actions = step(&mut state, cause(LEADER, FIRST, Remains::Own));
    let weighed = Action::WeighSignal { tid: LEADER, process: Some(ProcessNo(0)), signal: Signal::TRAP };
    assert!(matches!(&actions[..], [Action::KeepHandler { .. }, last] if *last == weighed), "{actions:?}");
}

#[test]
fn a_stale_hit_is_served_and_writes_only_where_a_breakpoint_is() {
    let mut state = planted(Forks::Rearm);
    step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    for (remains, byte) in [(Remains::Nothing, None), (Remains::Ours, Some(0x55))] {
        let actions = step(&mut state, cause(LEADER, FIRST, remains));
        assert!(matches!(actions[..], [Action::Serve(ServedHit { restore, .. })] if restore == byte), "{actions:?}");
    }
}

#[test]
fn what_the_program_wrote_over_may_come_back_once() {
    let mut state = planted(Forks::Rearm);
    let actions = step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    let [Action::Serve(ServedHit { space, .. })] = actions[..] else { panic!("{actions:?}") };
    step(&mut state, Input::Overwritten { space, places: vec![FIRST, Avma(0)] });
    assert!(!is_taken_out(&mut state, LEADER, FIRST));
    step(&mut state, cause(LEADER, FIRST, Remains::Ours));
    assert!(is_taken_out(&mut state, LEADER, FIRST));
}

#[test]
fn a_child_inherits_the_programs_own_breakpoints() {
    let mut state = planted(Forks::Rearm);
    step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    let changes = forked(&mut state);
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert!(
        change.taken_out.get(0) && !change.taken_out.get(1) && change.change.get(0) && change.copied_from.is_some()
    );
    // It stood there and was left alone: the site stays known, for those who met ours before.
    step(&mut state, Input::Refused { space: change.space, instance: change.instance, probes: vec![0, 1] });
    let space = &state.spaces[&change.space];
    assert!(matches!((space.find(FIRST), space.find(SECOND)), (Found::Spent(_), Found::Nothing)));
    assert!(is_taken_out(&mut state, CHILD, FIRST));
}

/// Where the child goes on with what its parent had left, it is not looked at what was copied: another thread may have
/// met a breakpoint after that.
#[test]
fn a_child_of_threads_that_inherits_is_not_sure() {
    for threads in [false, true] {
        let mut state = planted(Forks::Inherit);
        if threads {
            step(&mut state, Input::Born { tid: LEADER, child: Tid(101), lineage: Lineage::Thread, waits: false });
            step(&mut state, Input::Stopped { tid: Tid(101) });
        }
        step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
        assert!(forked(&mut state).is_empty());
        assert_eq!(is_taken_out(&mut state, CHILD, FIRST), !threads);
    }
}

#[test]
fn letting_go_leaves_the_programs_own_breakpoints() {
    let mut state = planted(Forks::Rearm);
    step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    for _ in 0..2 {
        let changes = syncs(step(&mut state, Input::LetGo));
        assert!(
            matches!(&changes[..], [change] if change.taken_out.get(0) && change.user == Some(LEADER)),
            "{changes:?}"
        );
    }
    let changes = syncs(step(&mut state, Input::LetGo));
    assert!(changes[0].change.get(1) && !changes[0].taken_out.get(1));
}

#[test]
fn what_a_vfork_child_had_armed_anew_is_taken_out_again() {
    let mut state = planted(Forks::Rearm);
    step(&mut state, Input::Trap { tid: LEADER, at: FIRST });
    let born = Input::Born { tid: LEADER, child: CHILD, lineage: Lineage::SharedMemory, waits: true };
    let changes = syncs(step(&mut state, born));
    assert!(matches!(&changes[..], [change] if change.taken_out.get(0) && change.armed.get(0)), "{changes:?}");
    let changes = syncs(step(&mut state, Input::VforkDone { tid: LEADER }));
    assert!(matches!(&changes[..], [change] if !change.taken_out.get(0) && !change.armed.get(0)), "{changes:?}");
    assert!(is_taken_out(&mut state, LEADER, FIRST));
}
