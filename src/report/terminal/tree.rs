//! Processes as a tree, run by run.
//!
//! Invariant: every process is shown exactly once, whatever the parents say.

use super::escape::printable;
use super::signal::signal_name;
use super::wording::{Width, command_line, date_time, labels, span};
use crate::report::model::processes::ProcessSummary;
use crate::report::model::scopes::Scopes;
use crate::store::{EndReason, RunLabels, UnixMillis};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Deeper descendants are not moved further to the right.
const MAX_DEPTH: usize = 24;

/// What the tree is drawn for: the time, and the runs that are under way at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time, for how long processes have been running.
    pub time: UnixMillis,
    /// Names of the runs under way.
    pub live: BTreeSet<String>,
    /// The time zone in which times are shown.
    pub zone: TimeZone,
}

/// The processes of each run with its labels, children below their parents, in the order in which they appeared.
pub fn tree(processes: &[ProcessSummary], run_labels: &RunLabels, now: &Now, width: Width) -> String {
    let mut runs: BTreeMap<&str, Vec<&ProcessSummary>> = BTreeMap::new();
    for process in processes {
        runs.entry(&process.head.run).or_default().push(process);
    }
    let mut text = String::new();
    for (run, mut of_run) in runs {
        of_run.sort_by_key(|process| (process.head.sequence, process.head.pid));
        let state = if now.live.contains(run) { ", under way" } else { "" };
        let mut scopes = Scopes::default();
        of_run.iter().for_each(|process| scopes.extend(&process.scopes));
        let scope: String = scopes.in_words().iter().map(|scope| format!(", {scope}")).collect();
        let gap = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{gap}run {}{state}{scope}\n", printable(run)));
        let labels = run_labels.get(run).map_or_else(String::new, |of_run| labels(of_run, width));
        if !labels.is_empty() {
            text.push_str(&format!("labels {labels}\n"));
        }
        text.push_str(&table_of(&of_run, now, width));
    }
    text
}

fn table_of(processes: &[&ProcessSummary], now: &Now, width: Width) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.force_no_tty();
    // Processes that were measured from their start need no column that says so.
    let attached = processes.iter().any(|process| process.head.attached.is_some());
    let columns = ["PID", "PROGRAM", "END", "LINES", "TIME", "ATTACHED"];
    let columns = if attached { &columns[..] } else { &columns[..5] };
    table.set_header(columns);
    for (index, branch) in branches(processes) {
        let process = processes[index];
        let mut row = vec![
            process.head.pid.to_string(),
            branch + &command_line(&process.program, width),
            end(process, now),
            process.lines.to_string(),
            duration(process, now),
        ];
        if attached {
            row.push(process.head.attached.map_or(String::new(), |at| date_time(at, &now.zone)));
        }
        table.add_row(row);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let left = index == 1 || index == 2;
        column.set_cell_alignment(if left { CellAlignment::Left } else { CellAlignment::Right });
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// The processes in the order of the tree, each with the branch that leads to it.
pub(crate) fn branches(processes: &[&ProcessSummary]) -> Vec<(usize, String)> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); processes.len()];
    let mut roots = Vec::new();
    for (index, parent) in parents(processes).into_iter().enumerate() {
        match parent {
            Some(parent) => children[parent].push(index),
            None => roots.push(index),
        }
    }
    let mut shown = vec![false; processes.len()];
    let mut order = Vec::with_capacity(processes.len());
    // Parents that go round in a circle have no root: the first of them that is left over becomes one.
    for root in roots.into_iter().chain(0..processes.len()) {
        let mut waiting = vec![(root, 0, String::new(), String::new())];
        while let Some((index, depth, branch, below)) = waiting.pop() {
            if std::mem::replace(&mut shown[index], true) {
                continue;
            }
            order.push((index, branch));
            for (place, &child) in children[index].iter().enumerate().rev() {
                let last = place + 1 == children[index].len();
                let (corner, line) =
                    if last { ("\u{2514}\u{2500} ", "   ") } else { ("\u{251c}\u{2500} ", "\u{2502}  ") };
                let below_child = if depth < MAX_DEPTH { below.clone() + line } else { below.clone() };
                waiting.push((child, depth + 1, below.clone() + corner, below_child));
            }
        }
    }
    order
}

/// The position of each process's parent, if that is among them: the pid must fit, and the start time where it is known;
/// where it is not, the last one with that pid that came before.
fn parents(processes: &[&ProcessSummary]) -> Vec<Option<usize>> {
    let mut by_pid: HashMap<i32, Vec<usize>> = HashMap::new();
    for (index, process) in processes.iter().enumerate() {
        by_pid.entry(process.head.pid).or_default().push(index);
    }
    let parent_of = |(index, process): (usize, &&ProcessSummary)| {
        let parent = process.head.parent?;
        let mut candidates = by_pid.get(&parent.pid)?.iter().copied().rev();
        candidates.find(|&candidate| match parent.start_ticks {
            Some(ticks) => candidate != index && processes[candidate].head.start_ticks == ticks,
            None => candidate < index,
        })
    };
    processes.iter().enumerate().map(parent_of).collect()
}

/// How a process ended, or that it did not.
pub(crate) fn end(process: &ProcessSummary, now: &Now) -> String {
    let how = match process.head.end.map(|end| end.reason) {
        Some(EndReason::Exited(status)) => format!("exit {status}"),
        Some(EndReason::Signaled { signal, core: false }) => signal_name(signal).into_owned(),
        Some(EndReason::Signaled { signal, core: true }) => format!("{} (core dumped)", signal_name(signal)),
        Some(EndReason::Detached) => "detached".to_owned(),
        None if now.live.contains(&process.head.run) => return "running".to_owned(),
        None => return "incomplete".to_owned(),
    };
    if process.complete || now.live.contains(&process.head.run) { how } else { format!("{how}, incomplete") }
}

/// How long a process ran.
pub(crate) fn duration(process: &ProcessSummary, now: &Now) -> String {
    let until = match process.head.end {
        Some(end) => end.at,
        None if now.live.contains(&process.head.run) => now.time,
        None => return "-".to_owned(),
    };
    span(until.0.saturating_sub(process.head.started.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{End, Parent, ProcessHead};

    fn process(sequence: u32, pid: i32, start_ticks: u64, parent: Option<(i32, Option<u64>)>) -> ProcessSummary {
        ProcessSummary {
            scopes: Scopes::default(),
            head: ProcessHead {
                scope: None,
                run: "one".to_owned(),
                sequence,
                pid,
                start_ticks,
                started: UnixMillis(1_000),
                attached: None,
                parent: parent.map(|(pid, start_ticks)| Parent { pid, start_ticks }),
                end: Some(End { at: UnixMillis(1_250), reason: EndReason::Exited(0) }),
            },
            complete: true,
            program: vec!["prog".to_owned(), pid.to_string()],
            lines: 10,
        }
    }

    fn run_labels() -> RunLabels {
        let of_run = [("host", "here"), ("note", "it's\u{1b}[1m"), ("rev", "4f1c")];
        RunLabels::of_run("one", of_run.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    fn now() -> Now {
        Now { time: UnixMillis(3_723_000), live: BTreeSet::from(["live".to_owned()]), zone: TimeZone::UTC }
    }

    #[test]
    fn children_stand_below_their_parents_run_by_run() {
        let mut processes = vec![
            process(0, 10, 1, Some((9, Some(1)))),
            process(2, 12, 3, Some((11, None))),
            process(1, 11, 2, Some((10, Some(1)))),
            process(3, 13, 4, Some((10, Some(1)))),
            // Pid 10 came again: this one is the child of the second.
            process(4, 10, 9, None),
            process(5, 15, 9, Some((10, Some(9)))),
            process(6, 16, 9, Some((10, Some(7)))),
        ];
        processes[1].head.end =
            Some(End { at: UnixMillis(62_000), reason: EndReason::Signaled { signal: 9, core: false } });
        processes[3].program = ["sh", "-c", "echo 'a\nb'", ""].map(str::to_owned).to_vec();
        processes[5].head.end = None;
        processes[6].complete = false;
        processes[6].program = vec!["x".repeat(60)];
        let mut live = process(0, 4_000_000, 1, None);
        (live.head.run, live.head.end, live.complete) = ("live".to_owned(), None, false);
        processes.push(live);
        let expected = "\
run live, under way
    PID  PROGRAM       END      LINES        TIME
4000000  prog 4000000  running     10  1 h 02 min

run one
labels 'note=it'\\''s\\u{1b}[1m' rev=4f1c
PID  PROGRAM                                           END                 LINES        TIME
 10  prog 10                                           exit 0                 10     0.250 s
 11  |- prog 11                                        exit 0                 10     0.250 s
 12  |  `- prog 12                                     SIGKILL                10  1 min 01 s
 13  `- sh -c 'echo '\\''a\\nb'\\''' ''                   exit 0                 10     0.250 s
 10  prog 10                                           exit 0                 10     0.250 s
 15  `- prog 15                                        incomplete             10           -
 16  xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.  exit 0, incomplete     10     0.250 s
";
        let text = tree(&processes, &run_labels(), &now(), Width::Short);
        let ascii = text
            .replace("\u{251c}\u{2500}", "|-")
            .replace("\u{2514}\u{2500}", "`-")
            .replace('\u{2502}', "|")
            .replace('\u{2026}', ".");
        assert_eq!(ascii, expected);
        let wide = tree(&processes, &run_labels(), &now(), Width::Full);
        assert!(wide.contains(&"x".repeat(60)) && wide.contains("\nlabels host=here "), "{wide}");
        processes.reverse();
        assert_eq!(tree(&processes, &run_labels(), &now(), Width::Short), text, "whatever the order");
    }

    #[test]
    fn what_was_attached_to_says_since_when() {
        let mut running = process(0, 10, 1, None);
        running.head.attached = Some(UnixMillis(3_661_000));
        (running.head.run, running.head.end) = ("live".to_owned(), None);
        let mut child = process(1, 11, 2, Some((10, Some(1))));
        child.head.run = "live".to_owned();
        let expected = "\
run live, under way
PID  PROGRAM     END      LINES        TIME             ATTACHED
 10  prog 10     running     10  1 h 02 min  1970-01-01 01:01:01
 11  `- prog 11  exit 0      10     0.250 s
";
        let text = tree(&[running, child], &run_labels(), &now(), Width::Short);
        assert_eq!(text.replace("\u{2514}\u{2500}", "`-"), expected);
    }

    #[test]
    fn parents_in_a_circle_are_still_shown_once() {
        let processes = [
            process(0, 1, 1, Some((2, Some(2)))),
            process(1, 2, 2, Some((1, Some(1)))),
            process(2, 3, 3, Some((3, Some(3)))),
            process(3, 4, 4, Some((4, None))),
        ];
        let text = tree(&processes, &run_labels(), &now(), Width::Short);
        for pid in 1..=4 {
            assert_eq!(text.matches(&format!("prog {pid}")).count(), 1, "{text}");
        }
    }

    #[test]
    fn a_deep_tree_stays_narrow() {
        let processes: Vec<ProcessSummary> = (0..20_000u32)
            .map(|n| process(n, n as i32 + 1, 1, n.checked_sub(1).map(|_| (n as i32, Some(1)))))
            .collect();
        let text = tree(&processes, &RunLabels::default(), &now(), Width::Short);
        assert_eq!(text.lines().count(), 20_002);
        assert!(text.lines().all(|line| line.chars().count() < 200));
    }

    #[test]
    fn ends_are_named() {
        let mut one = process(0, 1, 1, None);
        let mut named = |reason, complete| {
            one.head.end = Some(End { at: UnixMillis(0), reason });
            one.complete = complete;
            end(&one, &now())
        };
        assert_eq!(named(EndReason::Detached, true), "detached");
        assert_eq!(named(EndReason::Signaled { signal: 11, core: true }, true), "SIGSEGV (core dumped)");
        assert_eq!(named(EndReason::Exited(3), false), "exit 3, incomplete");
        assert_eq!(duration(&one, &now()), "0.000 s", "a clock that was set back");
    }
}
