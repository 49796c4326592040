//! Replays what the real kernel said when samples ran (`tests/stops`), in the order it said it and in others that it
//! may choose, and checks what the supervisor decides.

use super::action::{Action, Mark, ServedHit, Then};
use super::input::Input;
use super::state::State;
use platform::Tid;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn logs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stops");
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    assert!(logs.len() >= 8, "{logs:?}");
    logs
}

fn inputs(log: &Path) -> Vec<Input> {
    let text = std::fs::read_to_string(log).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn leaves(action: &Action) -> Option<Tid> {
    match action {
        Action::Serve(ServedHit { tid, .. })
        | Action::Resume { tid, .. }
        | Action::Deliver { tid, .. }
        | Action::Listen { tid }
        | Action::Refault { tid, .. }
        | Action::Detach { tid, .. } => Some(*tid),
        _ => None,
    }
}

/// What came of a replay.
#[derive(Default)]
struct Replayed {
    stopped: BTreeSet<Tid>,
    marks: BTreeSet<(u32, u32, u32)>,
    detached: BTreeSet<Tid>,
}

impl Replayed {
    fn take(&mut self, state: &mut State, input: &Input, context: &str) {
        if let Input::Gone { tid, .. } = input {
            self.stopped.remove(tid);
        }
        if let Input::Exec { tid, former } = input {
            self.stopped.remove(former);
            self.stopped.remove(tid);
        }
        if let Some(tid) = input.stop() {
            assert!(self.stopped.insert(tid), "{context}: {tid} stops twice at {input:?}");
        }
        let mut actions = Vec::new();
        state.step(input.clone(), &mut actions);
        for action in &actions {
            if let Some(tid) = leaves(action) {
                assert!(self.stopped.remove(&tid), "{context}: {tid} leaves a stop it is not in, at {input:?}");
            }
            if let Action::Serve(ServedHit { mark, .. }) | Action::Mark(mark) = action {
                let Mark { process, image, probe, .. } = *mark;
                self.marks.insert((process.0, image.0, probe));
            }
            match action {
                Action::Detach { tid, .. } => _ = self.detached.insert(*tid),
                Action::Serve(ServedHit { tid, then: Then::Detach, .. }) => _ = self.detached.insert(*tid),
                _ => {}
            }
        }
    }
}

fn replay(inputs: &[Input], context: &str) -> (State, Replayed) {
    let (mut state, mut replayed) = (State::default(), Replayed::default());
    for input in inputs {
        replayed.take(&mut state, input, context);
    }
    (state, replayed)
}

#[test]
fn every_stop_is_left_once_and_nobody_is_forgotten() {
    for log in logs() {
        let context = log.display().to_string();
        let (state, replayed) = replay(&inputs(&log), &context);
        assert!(replayed.stopped.is_empty(), "{context}: {:?} never leave their stops", replayed.stopped);
        assert!(state.is_empty(), "{context}: somebody is still traced");
        assert!(state.processes.is_empty() && state.spaces.is_empty(), "{context}: something is never forgotten");
        assert!(!replayed.marks.is_empty(), "{context}: nothing was hit");
    }
}

/// The same inputs with every child's first stop right before, or right after, its maker tells of it.
fn reordered(inputs: &[Input], first_stop_first: bool) -> Vec<Input> {
    let mut born: BTreeMap<Tid, usize> = BTreeMap::new();
    let mut pulled: BTreeMap<usize, Input> = BTreeMap::new();
    let mut skipped = BTreeSet::new();
    for (at, input) in inputs.iter().enumerate() {
        if let Input::Born { child, .. } = input {
            born.insert(*child, at);
        }
    }
    for (at, input) in inputs.iter().enumerate() {
        if let Input::Stopped { tid } = input
            && let Some(told) = born.remove(tid)
        {
            pulled.insert(told, input.clone());
            skipped.insert(at);
        }
    }
    let mut order = Vec::new();
    for (at, input) in inputs.iter().enumerate().filter(|(at, _)| !skipped.contains(at)) {
        let stop = pulled.remove(&at);
        let (before, after) = if first_stop_first { (stop, None) } else { (None, stop) };
        order.extend(before);
        order.push(input.clone());
        order.extend(after);
    }
    order
}

#[test]
fn both_orders_of_birth_and_first_stop_give_the_same() {
    for log in logs() {
        let context = log.display().to_string();
        let inputs = inputs(&log);
        let (_, as_recorded) = replay(&inputs, &context);
        for first in [true, false] {
            let (state, replayed) = replay(&reordered(&inputs, first), &context);
            assert!(state.is_empty() && replayed.stopped.is_empty(), "{context}, first stop first: {first}");
            assert_eq!(replayed.marks, as_recorded.marks, "{context}, first stop first: {first}");
        }
    }
}

/// Letting go at any moment: a thread that is stopped then or stops later is let go, with nothing armed.
#[test]
fn letting_go_at_any_moment_keeps_nobody() {
    for log in logs() {
        let context = log.display().to_string();
        let inputs = inputs(&log);
        for cut in (0..inputs.len()).step_by(inputs.len().div_ceil(200)) {
            let (mut state, mut replayed) = replay(&inputs[..cut], &context);
            replayed.take(&mut state, &Input::LetGo, &context);
            let armed = |action: &Action| matches!(action, Action::TextChange(sync) if !sync.armed.is_empty());
            for input in &inputs[cut..] {
                // What was let go reports no more.
                let of = input.stop().or(match input {
                    Input::Gone { tid, .. } | Input::Mapped { tid, .. } => Some(*tid),
                    _ => None,
                });
                if of.is_some_and(|tid| replayed.detached.contains(&tid)) {
                    continue;
                }
                let mut actions = Vec::new();
                let before = replayed.stopped.clone();
                let stops_now = input.stop().filter(|tid| state.process_number(*tid).is_some());
                if let Some(tid) = stops_now {
                    state.step(input.clone(), &mut actions);
                    assert!(!actions.iter().any(armed), "{context}, cut at {cut}: planted for {tid}");
                    let left = actions.iter().any(|action| leaves(action) == Some(tid));
                    let asked = actions.iter().any(|action| {
                        matches!(
                            action,
                            Action::AskCause { .. } | Action::WeighSignal { .. } | Action::FindMaker { .. }
                        )
                    });
                    assert!(left || asked || before.contains(&tid), "{context}, cut at {cut}: {tid} kept at {input:?}");
                    replayed.detached.extend(actions.iter().filter_map(leaves));
                }
            }
        }
    }
}
