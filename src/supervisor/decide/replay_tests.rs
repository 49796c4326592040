//! Replays what the real kernel said when samples ran (`tests/stops`), in the order it said it and in others that it
//! may choose, and checks what the supervisor decides.

use super::action::{Action, Mark, ServedHit, Then};
use super::input::Input;
use super::sigtrap::Sigtrap;
use super::sigtrap_input::{SigtrapAnswer, SigtrapInput, SigtrapLine};
use super::state::State;
use platform::Tid;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn logs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stops");
    let mut logs: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.sort();
    assert!(logs.len() >= 8, "{logs:?}");
    logs
}

/// An input, and what was decided about SIGTRAP until the next one.
#[derive(Clone)]
struct Heard {
    input: Input,
    sigtrap: Vec<SigtrapLine<SigtrapInput>>,
}

fn heard(log: &Path) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        if line.starts_with("{\"sigtrap\":") {
            heard.last_mut().unwrap().sigtrap.push(serde_json::from_str(line).unwrap());
        } else {
            heard.push(Heard { input: serde_json::from_str(line).unwrap(), sigtrap: Vec::new() });
        }
    }
    heard
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
    fn take(&mut self, state: &mut State, heard: &Heard, context: &str) {
        let input = &heard.input;
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
        // Who may not enter the handler yet stays in its stop.
        self.stopped.extend(heard.sigtrap.iter().filter_map(|line| match line.sigtrap {
            SigtrapInput::TakesTurn { tid, .. } if line.answer == SigtrapAnswer::No => Some(tid),
            _ => None,
        }));
    }
}

fn replay(heard: &[Heard], context: &str) -> (State, Replayed) {
    let (mut state, mut replayed) = (State::default(), Replayed::default());
    for heard in heard {
        replayed.take(&mut state, heard, context);
    }
    (state, replayed)
}

#[test]
fn every_stop_is_left_once_and_nobody_is_forgotten() {
    for log in logs() {
        let context = log.display().to_string();
        let (state, replayed) = replay(&heard(&log), &context);
        assert!(replayed.stopped.is_empty(), "{context}: {:?} never leave their stops", replayed.stopped);
        assert!(state.is_empty(), "{context}: somebody is still traced");
        assert!(state.processes.is_empty() && state.spaces.is_empty(), "{context}: something is never forgotten");
        assert!(!replayed.marks.is_empty(), "{context}: nothing was hit");
    }
}

/// The same with every child's first stop right before, or right after, its maker tells of it.
fn reordered(log: &[Heard], first_stop_first: bool) -> Vec<Heard> {
    let mut born: BTreeMap<Tid, usize> = BTreeMap::new();
    let mut pulled: BTreeMap<usize, Heard> = BTreeMap::new();
    let mut skipped = BTreeSet::new();
    for (at, heard) in log.iter().enumerate() {
        if let Input::Born { child, .. } = heard.input {
            born.insert(child, at);
        }
    }
    for (at, heard) in log.iter().enumerate() {
        if let Input::Stopped { tid } = heard.input
            && let Some(told) = born.remove(&tid)
        {
            pulled.insert(told, heard.clone());
            skipped.insert(at);
        }
    }
    let mut order = Vec::new();
    for (at, heard) in log.iter().enumerate().filter(|(at, _)| !skipped.contains(at)) {
        let stop = pulled.remove(&at);
        let (before, after) = if first_stop_first { (stop, None) } else { (None, stop) };
        order.extend(before);
        order.push(heard.clone());
        order.extend(after);
    }
    order
}

#[test]
fn both_orders_of_birth_and_first_stop_give_the_same() {
    for log in logs() {
        let context = log.display().to_string();
        let heard = heard(&log);
        let (_, as_recorded) = replay(&heard, &context);
        for first in [true, false] {
            let (state, replayed) = replay(&reordered(&heard, first), &context);
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
        let heard = heard(&log);
        for cut in (0..heard.len()).step_by(heard.len().div_ceil(200)) {
            let (mut state, mut replayed) = replay(&heard[..cut], &context);
            replayed.take(&mut state, &Heard { input: Input::LetGo, sigtrap: Vec::new() }, &context);
            let armed = |action: &Action| matches!(action, Action::TextChange(sync) if !sync.armed.is_empty());
            for Heard { input, .. } in &heard[cut..] {
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

/// What an action tells the decisions about SIGTRAP, without what is read for that.
fn told(action: &Action) -> Option<SigtrapInput> {
    match *action {
        Action::Inherit { thread_of, child, maker, .. } => {
            Some(SigtrapInput::ThreadBorn { thread_of, child, maker, starts_with: None, at: Duration::ZERO })
        }
        Action::Began { process, maker: Some(maker), .. } => Some(SigtrapInput::ProcessBorn { process, maker }),
        Action::Execed { process, tid } => Some(SigtrapInput::Execed { process, tid, state: None }),
        Action::Forget { tid } => Some(SigtrapInput::ThreadGone { tid }),
        Action::Ended { process, .. } => Some(SigtrapInput::ProcessGone { process }),
        _ => None,
    }
}

/// The same of what was told.
fn was_told(line: &SigtrapLine<SigtrapInput>) -> Option<SigtrapInput> {
    match line.sigtrap.clone() {
        SigtrapInput::ThreadBorn { thread_of, child, maker, .. } => {
            Some(SigtrapInput::ThreadBorn { thread_of, child, maker, starts_with: None, at: Duration::ZERO })
        }
        SigtrapInput::Execed { process, tid, .. } => Some(SigtrapInput::Execed { process, tid, state: None }),
        born_or_gone @ (SigtrapInput::ProcessBorn { .. }
        | SigtrapInput::ThreadGone { .. }
        | SigtrapInput::ProcessGone { .. }) => Some(born_or_gone),
        _ => None,
    }
}

/// The logs that hold what was decided about SIGTRAP, as recorded and in both orders of births and first stops.
fn logs_with_sigtrap() -> impl Iterator<Item = (String, Vec<Heard>)> {
    let all = logs().into_iter().map(|log| (log.display().to_string(), heard(&log)));
    let some = all.filter(|(_, heard)| heard.iter().any(|heard| !heard.sigtrap.is_empty()));
    some.flat_map(|(context, heard)| {
        let orders =
            [true, false].map(|first| (format!("{context}, first stop first: {first}"), reordered(&heard, first)));
        [(context, heard)].into_iter().chain(orders)
    })
}

#[test]
fn sigtrap_is_decided_as_when_it_was_recorded() {
    for (context, heard) in logs_with_sigtrap() {
        let mut sigtrap = Sigtrap::default();
        for line in heard.iter().flat_map(|heard| &heard.sigtrap) {
            assert_eq!(sigtrap.step(&line.sigtrap), line.answer, "{context}: {:?}", line.sigtrap);
        }
        // Whom it detaches from may go on, and the supervisor ends.
        if !heard.iter().any(|heard| heard.input == Input::LetGo) {
            assert_eq!(sigtrap, Sigtrap::default(), "{context}: something is never forgotten");
        }
    }
}

#[test]
fn births_and_ends_are_told_to_who_decides_about_sigtrap() {
    for (context, heard) in logs_with_sigtrap() {
        let mut state = State::default();
        for Heard { input, sigtrap } in heard {
            let mut actions = Vec::new();
            state.step(input.clone(), &mut actions);
            let expected: Vec<_> = actions.iter().filter_map(told).collect();
            assert_eq!(sigtrap.iter().filter_map(was_told).collect::<Vec<_>>(), expected, "{context}: {input:?}");
        }
    }
}
