//! What `cov-trace status` tells of a run under way.

use super::ledger::Ledger;
use super::replay::ProcessFacts;
use crate::link::{ImageId, ProcessStatus};
use crate::store::LabelValues;
use platform::Pid;
use std::collections::HashMap;

/// How much of a program's arguments is shown, in characters.
const SHOWN: usize = 1000;

/// How much of the labels is shown, in bytes.
const SHOWN_OF_LABELS: usize = 8_000;

/// What "lately" is, in milliseconds.
const LATELY: i64 = 60_000;

/// The processes that have not ended, as they were at the last look.
pub(super) fn of_processes(ledger: &Ledger) -> Vec<ProcessStatus> {
    let mut known: HashMap<&[ImageId], u64> = HashMap::new();
    let now = platform::unix_millis();
    let living = ledger.replay.processes.values().filter(|facts| facts.head.end.is_none() && !facts.execs.is_empty());
    living
        .map(|facts| {
            let lines = *known.entry(&facts.images).or_insert_with(|| ledger.lines.executable_of(&facts.images));
            of_process(facts, lines, now)
        })
        .collect()
}

/// Labels of the run, as many as are not too much for a message.
pub(super) fn labels(labels: &LabelValues) -> LabelValues {
    let mut left = SHOWN_OF_LABELS;
    let fits = |(key, value): &(&String, &String)| {
        let size = key.len() + value.len();
        let fits = size <= left;
        left = left.saturating_sub(if fits { size } else { 0 });
        fits
    };
    labels.iter().filter(fits).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn of_process(facts: &ProcessFacts, lines: u64, now: i64) -> ProcessStatus {
    let lately = facts.flushes.iter().rev().take_while(|flush| flush.at.0 >= now - LATELY);
    ProcessStatus {
        pid: Pid(facts.head.pid),
        program: program(facts),
        ran: facts.lines.len(),
        lines,
        new: lately.map(|flush| flush.new_lines).sum(),
        since: facts.head.attached.unwrap_or(facts.head.started).0,
        attached: facts.head.attached.is_some(),
    }
}

fn program(facts: &ProcessFacts) -> Vec<String> {
    let Some(exec) = facts.execs.last() else { return Vec::new() };
    let words = if exec.argv.is_empty() { std::slice::from_ref(&exec.exe) } else { &exec.argv };
    let mut left = SHOWN;
    let mut shown = Vec::new();
    for word in words {
        shown.push(word.chars().take(left).collect());
        left = left.saturating_sub(word.chars().count());
        if left == 0 {
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_too_long_leave_room_for_the_others() {
        let all = [("a", 7_000), ("b", 70_000), ("c", 900), ("d", 300)];
        let all: LabelValues = all.map(|(key, length)| (key.to_owned(), "x".repeat(length))).into();
        assert_eq!(labels(&all).into_keys().collect::<Vec<_>>(), ["a", "c"]);
    }
}
