//! Functions that are contexts, decided without a kernel.

use super::action::{Action, ServedHit};
use super::frames::{FunctionContext, StackPlace};
use super::input::Input;
use super::launched_state::{self, LEADER, TEXT, step};
use super::state::{Forks, State};
use crate::contexts::FunctionLabel;
use crate::link::ProcessNo;
use crate::plan::{FileOffset, Landmark, LandmarkKind, Plan};
use platform::arch::FirstInstruction;
use platform::{Avma, Lineage, Tid};

const OTHER: Tid = Tid(101);
/// The first instruction of a function, a line of it, its return, and a line of another.
const ENTRY: Avma = Avma(TEXT + 0x10);
const WITHIN: Avma = Avma(TEXT + 0x18);
const RETURN: Avma = Avma(TEXT + 0x20);
const OUTSIDE: Avma = Avma(TEXT + 0x30);
const PROCESS: ProcessNo = ProcessNo(0);

/// A process that is about to enter the function.
fn planted() -> State {
    let enter = LandmarkKind::Enter(FirstInstruction::of(&[0x55]).unwrap());
    let landmark =
        |at: Avma, kind: LandmarkKind, original| Landmark { offset: FileOffset(at.0 - TEXT), kind, original };
    let plan = Plan {
        offsets: [ENTRY, WITHIN, OUTSIDE].map(|at| FileOffset(at.0 - TEXT)).to_vec(),
        originals: vec![0x55, 0x0f, 0x0f],
        straight: vec![1, 1, 1],
        lines: vec![0, 1, 2],
        landmarks: vec![landmark(ENTRY, enter, 0x55), landmark(RETURN, LandmarkKind::Leave, 0xc3)],
        contexts: vec![(FileOffset(ENTRY.0 - TEXT), FunctionLabel::Is("a".to_owned()))],
        ..Plan::default()
    };
    launched_state::planted(Forks::Rearm, plan)
}

/// A thread meets a breakpoint, and its stack is read.
fn trap(state: &mut State, at: Avma, sp: u64) -> Vec<Action> {
    let asked = step(state, Input::Trap { tid: LEADER, at });
    assert_eq!(asked, [Action::ReadStack { tid: LEADER, at, object: None }]);
    let stack = Some(StackPlace { sp: Avma(sp), end: Avma(0x8000), is_own: true });
    step(state, Input::OnStack { tid: LEADER, at, stack, label: None })
}

/// The context that a process is put into, whose thread is held for it at the breakpoint that it has met.
#[track_caller]
fn context(actions: &[Action]) -> FunctionContext {
    let [Action::Rewind { .. }, Action::EnterFunction { tid: LEADER, process: PROCESS, context }] = actions else {
        panic!("{actions:?}")
    };
    context.clone()
}

/// The context is changed, so the thread goes on and meets its breakpoint once more.
fn again(state: &mut State, at: Avma, sp: u64) -> Vec<Action> {
    assert_eq!(step(state, Input::Switched { tid: LEADER }), [Action::Resume { tid: LEADER, signal: None }]);
    trap(state, at, sp)
}

fn a() -> FunctionContext {
    FunctionContext::One("a".to_owned())
}

#[test]
fn the_context_is_changed_before_the_first_and_after_the_last_instruction() {
    let mut state = planted();
    assert_eq!(context(&trap(&mut state, ENTRY, 0x7000)), a());
    let entered = again(&mut state, ENTRY, 0x7000);
    assert!(matches!(entered[..], [Action::Mark(_), Action::Emulate { .. }, Action::Resume { .. }]), "{entered:?}");
    assert!(matches!(trap(&mut state, WITHIN, 0x6f00)[..], [Action::Serve(_)]));
    assert_eq!(context(&trap(&mut state, RETURN, 0x7000)), FunctionContext::Outside);
    let left = again(&mut state, RETURN, 0x7000);
    assert!(matches!(left[..], [Action::Emulate { .. }, Action::Resume { .. }]), "{left:?}");
    let actions = step(&mut state, Input::Trap { tid: LEADER, at: OUTSIDE });
    assert!(matches!(actions[..], [Action::Serve(_)]), "nobody asks where there is no function: {actions:?}");
}

#[test]
fn a_line_behind_a_function_is_served_when_that_is_over() {
    let mut state = planted();
    trap(&mut state, ENTRY, 0x7000);
    again(&mut state, ENTRY, 0x7000);
    assert_eq!(context(&trap(&mut state, OUTSIDE, 0x7100)), FunctionContext::Outside);
    step(&mut state, Input::Switched { tid: LEADER });
    let actions = step(&mut state, Input::Trap { tid: LEADER, at: OUTSIDE });
    assert!(matches!(actions[..], [Action::Serve(ServedHit { at: OUTSIDE, .. })]), "{actions:?}");
}

#[test]
fn a_function_is_over_with_its_thread() {
    let mut state = planted();
    step(&mut state, Input::Born { tid: LEADER, child: OTHER, lineage: Lineage::Thread, waits: false });
    step(&mut state, Input::Stopped { tid: OTHER });
    step(&mut state, Input::Trap { tid: OTHER, at: ENTRY });
    let stack = Some(StackPlace { sp: Avma(0x9000), end: Avma(0xa000), is_own: true });
    step(&mut state, Input::OnStack { tid: OTHER, at: ENTRY, stack, label: None });
    let gone = step(&mut state, Input::Gone { tid: OTHER, how: crate::link::EndOfProcess::Exited(0) });
    let outside = Action::EnterFunction { tid: OTHER, process: PROCESS, context: FunctionContext::Outside };
    assert!(gone.contains(&outside), "{gone:?}");
}

#[test]
fn who_is_let_go_before_the_stack_is_read_has_not_moved() {
    let mut state = planted();
    step(&mut state, Input::Trap { tid: LEADER, at: ENTRY });
    let left = step(&mut state, Input::LetGo);
    let goes_on = |action: &Action| matches!(action, Action::Resume { .. } | Action::Detach { .. });
    assert!(!left.iter().any(goes_on), "{left:?}");
    let stack = Some(StackPlace { sp: Avma(0x7000), end: Avma(0x8000), is_own: true });
    let served = step(&mut state, Input::OnStack { tid: LEADER, at: ENTRY, stack, label: None });
    assert_eq!(served, [Action::AskCause { tid: LEADER, at: ENTRY, spent: None }]);
}
