//! A switch of the context, decided without a kernel.

use super::action::{Action, Mark};
use super::input::Input;
use super::launched_state::{self, LEADER, TEXT, step};
use super::state::{Forks, State};
use super::text_change::TextChange;
use crate::link::{ImageId, ProcessNo};
use crate::plan::{Bits, Dominance, FileOffset, Plan};
use platform::threads::Activity;
use platform::{Avma, Lineage, Tid};

const CHILD: Tid = Tid(200);

/// Probes 0 to 2 are one stretch, which whatever follows tells of; 3 is the next one.
const PROBES: [u64; 4] = [0x10, 0x14, 0x18, 0x20];

fn at(probe: usize) -> Avma {
    Avma(TEXT + PROBES[probe])
}

fn plan() -> Plan {
    let mut plan = Plan {
        offsets: PROBES.map(FileOffset).to_vec(),
        originals: vec![0x55; 4],
        straight: vec![12, 8, 4, 4],
        lines: vec![0, 1, 2, 3],
        ..Plan::default()
    };
    plan.dominance.push_stretch(FileOffset(0x10), None);
    plan.dominance.push_stretch(FileOffset(0x1c), Some(2));
    plan.dominance.push_stretch(FileOffset(0x24), None);
    plan.dominance.push_implied(2, &[3]);
    plan
}

fn measured() -> State {
    launched_state::planted(Forks::Rearm, plan())
}

fn changes(actions: &[Action]) -> Vec<&TextChange> {
    actions
        .iter()
        .filter_map(|action| if let Action::TextChange(change) = action { Some(&**change) } else { None })
        .collect()
}

fn probes(bits: &Bits) -> Vec<u32> {
    (0..4).filter(|probe| bits.get(*probe)).collect()
}

/// The probes of each mark.
fn marks(actions: &[Action]) -> Vec<(u32, u32, bool)> {
    let told = |Mark { first, probe, exact, .. }: &Mark| (*first, *probe, *exact);
    let mark = |action: &Action| match action {
        Action::Mark(mark) => Some(told(mark)),
        Action::Serve(hit) => Some(told(&hit.mark)),
        _ => None,
    };
    actions.iter().filter_map(mark).collect()
}

fn switch(state: &mut State) -> Vec<Action> {
    step(state, Input::Switch { processes: vec![ProcessNo(0)] })
}

#[test]
fn each_stretch_gets_its_breakpoint_before_a_thread_is_looked_at() {
    let mut state = measured();
    let actions = switch(&mut state);
    let [change] = changes(&actions)[..] else { panic!("{actions:?}") };
    assert_eq!((probes(&change.change), probes(&change.armed), change.tid), (vec![2], vec![2, 3], None));
    assert!(matches!(actions[0], Action::LeaveOriginals { image: ImageId(0), .. }));
    assert!(matches!(actions[..], [.., Action::TextChange(_), Action::Look { tid: LEADER }]));
    step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Gone });
    assert!(!state.awaits_threads());
    // Once is enough.
    step(&mut state, Input::EnterContext);
    step(&mut state, Input::ContextEntered);
    assert!(changes(&switch(&mut state)).is_empty());
}

#[test]
fn what_one_breakpoint_told_before_is_not_armed_for_it() {
    let mut state = measured();
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(3) })), [(3, 3, false)]);
    assert!(changes(&switch(&mut state)).is_empty());
    let actions = step(&mut state, Input::EnterContext);
    let [change] = changes(&actions)[..] else { panic!("{actions:?}") };
    assert_eq!(probes(&change.armed), [2, 3]);
    let entered =
        |action: &Action| matches!(action, Action::EnterContext { processes } if processes[..] == [ProcessNo(0)]);
    let planted = |action: &Action| matches!(action, Action::TextChange(_));
    assert!(actions.iter().position(entered) < actions.iter().position(planted), "the old one is told no more");
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(2) })), [(0, 2, true)]);
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(3) })), [(3, 3, true)]);
}

#[test]
fn a_stretch_is_cut_where_a_thread_is_seen() {
    let mut state = measured();
    switch(&mut state);
    step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Busy });
    assert!(state.awaits_threads());
    let actions = step(&mut state, Input::PausedAt { tid: LEADER, at: at(1), faulted: false });
    assert_eq!(marks(&actions), [(0, 0, false)]);
    step(&mut state, Input::Stopped { tid: LEADER });
    assert!(!state.awaits_threads());
    let actions = step(&mut state, Input::EnterContext);
    let [change] = changes(&actions)[..] else { panic!("{actions:?}") };
    assert_eq!(probes(&change.armed), [0, 2, 3]);
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(2) })), [(1, 2, true)]);
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(0) })), [(0, 0, true)]);
    step(&mut state, Input::ContextEntered);
    let again = switch(&mut state);
    assert_eq!(changes(&again), Vec::<&TextChange>::new());
    let actions = step(&mut state, Input::EnterContext);
    assert_eq!(probes(&changes(&actions)[0].armed), [0, 2, 3], "it stays cut there");
}

#[test]
fn a_thread_is_seen_at_whatever_stop_comes_first() {
    let mut state = measured();
    switch(&mut state);
    step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Busy });
    let actions = step(&mut state, Input::PausedAt { tid: LEADER, at: at(2), faulted: true });
    assert_eq!(marks(&actions), [(2, 2, false)]);
    step(&mut state, Input::Trap { tid: LEADER, at: at(2) });
    assert!(!state.awaits_threads());
}

#[test]
fn who_sleeps_is_left_alone_unless_it_does_so_within_a_stretch() {
    let mut state = measured();
    switch(&mut state);
    let actions = step(&mut state, Input::Looked { tid: LEADER, activity: Activity::Asleep });
    assert_eq!(actions, [Action::TellSleeper { tid: LEADER }]);
    assert_eq!(step(&mut state, Input::SleepsAt { tid: LEADER, at: Some(at(3)) }), []);
    assert!(!state.awaits_threads());
    let interrupted = [Action::Interrupt { tid: LEADER }];
    assert_eq!(step(&mut state, Input::SleepsAt { tid: LEADER, at: Some(at(1)) }), interrupted);
    assert!(state.awaits_threads());
    step(&mut state, Input::Stopped { tid: LEADER });
    assert_eq!(step(&mut state, Input::SleepsAt { tid: LEADER, at: None }), interrupted);
}

#[test]
fn a_child_that_is_made_meanwhile_has_the_new_context_and_all_its_breakpoints() {
    let mut state = measured();
    switch(&mut state);
    step(&mut state, Input::EnterContext);
    let born = Input::Born { tid: LEADER, child: CHILD, lineage: Lineage::CopiedMemory, waits: false };
    step(&mut state, born);
    let actions = step(&mut state, Input::Stopped { tid: CHILD });
    // Its memory may have been copied before any was planted.
    let [change] = changes(&actions)[..] else { panic!("{actions:?}") };
    assert_eq!((probes(&change.change), probes(&change.armed)), (vec![2, 3], vec![2, 3]));
    step(&mut state, Input::ContextEntered);
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: CHILD, at: at(2) })), [(0, 2, true)]);
    let entered = step(&mut state, Input::Switch { processes: vec![ProcessNo(0)] });
    assert!(!entered.contains(&Action::Look { tid: CHILD }));
    let born = Input::Born { tid: LEADER, child: Tid(201), lineage: Lineage::CopiedMemory, waits: false };
    step(&mut state, born);
    let actions = step(&mut state, Input::EnterContext);
    assert!(actions.contains(&Action::EnterContext { processes: vec![ProcessNo(0), ProcessNo(2)] }));
}

#[test]
fn the_memory_of_a_vfork_child_is_armed_for_its_maker_too() {
    let mut state = measured();
    step(&mut state, Input::Trap { tid: LEADER, at: at(3) });
    let born = Input::Born { tid: LEADER, child: CHILD, lineage: Lineage::SharedMemory, waits: true };
    step(&mut state, born);
    step(&mut state, Input::Stopped { tid: CHILD });
    switch(&mut state);
    step(&mut state, Input::EnterContext);
    step(&mut state, Input::ContextEntered);
    step(&mut state, Input::VforkDone { tid: LEADER });
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(2) })), [(0, 2, true)]);
    assert_eq!(marks(&step(&mut state, Input::Trap { tid: LEADER, at: at(3) })), [(3, 3, true)]);
}

#[test]
fn a_detach_ends_a_switch() {
    let mut state = measured();
    switch(&mut state);
    step(&mut state, Input::LetGo);
    assert!(!state.is_switching());
    assert_eq!(step(&mut state, Input::EnterContext), []);
}

#[test]
fn dominance_is_of_use_until_the_first_switch() {
    assert_ne!(plan().dominance, Dominance::default());
    let mut state = measured();
    let armed = |state: &State| {
        state
            .spaces
            .values()
            .next()
            .map(|space| space.instances.values().map(|instance| probes(&instance.armed)).collect::<Vec<_>>())
    };
    assert_eq!(armed(&state), Some(vec![vec![3]]));
    switch(&mut state);
    assert_eq!(armed(&state), Some(vec![vec![2, 3]]));
}
