//! What `cov-trace status` tells of a run under way.

use super::ledger::Ledger;
use super::replay::ProcessFacts;
use crate::link::{ImageId, ProcessStatus};
use platform::Pid;
use std::collections::HashMap;

/// How much of a program's arguments is shown, in characters.
const SHOWN: usize = 1000;

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
