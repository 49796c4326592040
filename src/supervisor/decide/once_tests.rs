//! What is decided with `--once`: what one process ran has a breakpoint in no other.

use super::action::{Action, ServedHit};
use super::input::Input;
use super::launched_state::step;
use super::space::Found;
use super::state::{Forks, State};
use super::text_change::TextChange;
use crate::link::ImageId;
use crate::plan::{Bits, FileOffset, Plan};
use crate::warning::WarningKind;
use platform::{Avma, FileKey, Lineage, OnTracerDeath, Pid, TextMapping, Tid};
use std::rc::Rc;

const LEADER: Tid = Tid(100);
const CHILD: Tid = Tid(200);
const TEXT: u64 = 0x10_0000;
/// Three probes in a page, of which the first two are of one line, and one in the next page.
const FIRST: Avma = Avma(TEXT + 0x10);
const SAME_LINE: Avma = Avma(TEXT + 0x20);
const OTHER: Avma = Avma(TEXT + 0x30);
const NEXT_PAGE: Avma = Avma(TEXT + 0x1010);

fn mapped(tid: Tid) -> Input {
    let file = FileKey { device: 1, inode: 1, size: 100, modified: 1 };
    let (start, end) = (Avma(TEXT), Avma(TEXT + 0x2000));
    Input::Mapped {
        tid,
        mappings: vec![TextMapping { start, end, offset: 0, file, path: String::new(), dormant: false }],
    }
}

fn launched() -> State {
    let mut state = State::new(OnTracerDeath::LetGo, Forks::Once);
    step(&mut state, Input::Launched { pid: Pid(LEADER.0), parent: Pid(1) });
    step(&mut state, Input::Exec { tid: LEADER, former: LEADER });
    step(&mut state, mapped(LEADER));
    let plan = Plan {
        offsets: [0x10, 0x20, 0x30, 0x1010].map(FileOffset).to_vec(),
        originals: vec![0x55; 4],
        straight: vec![1; 4],
        lines: vec![0, 0, 1, 2],
        ..Plan::default()
    };
    step(&mut state, Input::Planned { image: ImageId(0), plan: Rc::new(plan) });
    state
}

fn changes(actions: Vec<Action>) -> Vec<TextChange> {
    let change = |action| if let Action::TextChange(change) = action { Some(*change) } else { None };
    actions.into_iter().filter_map(change).collect()
}

fn fork(state: &mut State, child: Tid) -> Vec<Action> {
    let mut actions = step(state, Input::Born { tid: LEADER, child, lineage: Lineage::CopiedMemory, waits: false });
    actions.extend(step(state, Input::Stopped { tid: child }));
    actions
}

/// A thread meets an armed breakpoint; gives where others are taken out with it.
fn hit(state: &mut State, tid: Tid, at: Avma) -> Vec<Avma> {
    let actions = step(state, Input::Trap { tid, at });
    let [Action::Serve(ServedHit { also, .. })] = &actions[..] else { panic!("{actions:?}") };
    also.iter().map(|place| place.at).collect()
}

fn bits(set: &[u32]) -> Bits {
    let mut bits = Bits::clear_of(4);
    set.iter().for_each(|bit| bits.put(*bit, true));
    bits
}

#[test]
fn a_new_program_gets_only_what_no_process_has_run() {
    let mut state = launched();
    assert_eq!(hit(&mut state, LEADER, FIRST), [SAME_LINE]);
    fork(&mut state, CHILD);
    step(&mut state, Input::Exec { tid: CHILD, former: CHILD });
    let planted = changes(step(&mut state, mapped(CHILD)));
    let [TextChange { armed, change, .. }] = &planted[..] else { panic!("{planted:?}") };
    assert_eq!((armed, change), (&bits(&[2, 3]), &bits(&[2, 3])));
    let space = state.space_of(CHILD).and_then(|space| state.spaces.get(&space)).unwrap();
    assert_eq!(space.find(FIRST), Found::Nothing, "a breakpoint there is the program's own");
    // What was left is known to all then.
    hit(&mut state, CHILD, OTHER);
    hit(&mut state, CHILD, NEXT_PAGE);
    step(&mut state, Input::Exec { tid: CHILD, former: CHILD });
    let planted = changes(step(&mut state, mapped(CHILD)));
    assert!(planted.iter().all(|change| change.armed.is_empty() && change.change.is_empty()), "{planted:?}");
}

#[test]
fn a_forked_child_inherits_and_its_maker_learns_from_it_at_the_next_fork() {
    let mut state = launched();
    assert_eq!(changes(fork(&mut state, CHILD)), []);
    hit(&mut state, CHILD, OTHER);
    hit(&mut state, CHILD, NEXT_PAGE);
    let caught_up = changes(fork(&mut state, Tid(201)));
    let [TextChange { armed, change, tid, .. }] = &caught_up[..] else { panic!("{caught_up:?}") };
    assert_eq!((armed, change, *tid), (&bits(&[0, 1]), &bits(&[2, 3]), Some(LEADER)));
    assert_eq!(changes(fork(&mut state, Tid(202))), [], "nothing was spent since");
    // The one that was forked at that moment has a copy of what its maker had.
    assert!(matches!(state.spaces.get(&state.space_of(Tid(201)).unwrap()).unwrap().find(OTHER), Found::Armed(_)));
    assert!(matches!(state.spaces.get(&state.space_of(Tid(202)).unwrap()).unwrap().find(OTHER), Found::Spent(_)));
}

#[test]
fn a_hit_takes_out_what_is_spent_in_its_page() {
    let mut state = launched();
    fork(&mut state, CHILD);
    hit(&mut state, CHILD, OTHER);
    hit(&mut state, CHILD, NEXT_PAGE);
    assert_eq!(hit(&mut state, LEADER, FIRST), [SAME_LINE, OTHER]);
    let space = state.spaces.get(&state.space_of(LEADER).unwrap()).unwrap();
    assert!(matches!(space.find(NEXT_PAGE), Found::Armed(_)), "its page is not touched");
}

#[test]
fn every_process_says_that_its_data_is_incomplete() {
    let mut state = launched();
    let says = |actions: &[Action]| {
        actions.iter().any(|action| matches!(action, Action::Warn { kind: WarningKind::Once, .. }))
    };
    assert!(says(&fork(&mut state, CHILD)));
    assert!(says(&step(
        &mut State::new(OnTracerDeath::LetGo, Forks::Once),
        Input::Launched { pid: Pid(LEADER.0), parent: Pid(1) }
    )));
}
