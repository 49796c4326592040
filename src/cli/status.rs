//! The table of `cov-trace status`.

use crate::link::{ProcessStatus, RunStatus};
use crate::report::{Ratio, Width, command_line, date_time, labels, printable, scope_in_words, span};
use crate::store::UnixMillis;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::tz::TimeZone;

/// A measurement, when and where it is looked at.
pub(super) struct Shown<'a> {
    pub name: &'a str,
    pub run: &'a RunStatus,
    pub processes: &'a [ProcessStatus],
    pub now: UnixMillis,
    pub zone: &'a TimeZone,
}

pub(super) fn status_table(shown: &Shown<'_>) -> String {
    let Shown { name, run, processes, now, zone } = shown;
    let how = if run.attached { "attached" } else { "launched" };
    let since = run.since.map_or("beginning".to_owned(), |since| {
        format!("{how} {} ({} ago)", date_time(UnixMillis(since), zone), span(now.0 - since))
    });
    let until = run.until.map_or(String::new(), |until| format!(", detaches in {}", span(until - now.0)));
    let helpers: Vec<String> = run.helpers.iter().map(|helper| format!("{} {}", helper.name, helper.pid)).collect();
    let scope = run.scope.as_deref().map_or(String::new(), |scope| format!("; {}", scope_in_words(scope)));
    let labels = match labels(&run.labels, Width::Short) {
        none if none.is_empty() => none,
        shown => format!("labels {shown}\n"),
    };
    let marks = format!("marks {} KiB", run.marks / 1024);
    // The names come from a process that merely has the recorder's place.
    let helpers = helpers.join(", ");
    let trouble = run.trouble.as_ref().map_or(String::new(), |trouble| format!("warning: {}\n", printable(trouble)));
    let hint = run.repeats.hint().map_or(String::new(), |hint| format!("hint: {hint}\n"));
    let helpers = printable(&helpers);
    format!("run {name}: {since}{until}{scope}\n{labels}{helpers}, {marks}\n{trouble}{hint}{}", table(processes, zone))
}

fn table(processes: &[ProcessStatus], zone: &TimeZone) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.force_no_tty();
    table.set_header(["PID", "PROGRAM", "RAN", "LINES", "COVER", "NEW/MIN", "SINCE"]);
    for process in processes {
        let ratio = Ratio { ran: process.ran, lines: process.lines };
        table.add_row([
            process.pid.to_string(),
            command_line(&process.program, Width::Short),
            process.ran.to_string(),
            process.lines.to_string(),
            format!("{}%", ratio.percent(1)),
            process.new.to_string(),
            date_time(UnixMillis(process.since), zone),
        ]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let left = index == 1 || index == 6;
        column.set_cell_alignment(if left { CellAlignment::Left } else { CellAlignment::Right });
        column.set_padding((if index == 0 { 0 } else { 2 }, 0));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{Helper, Repeats};
    use platform::Pid;

    #[test]
    fn a_measurement_is_a_head_and_a_table() {
        let helper = |name: &str, pid| Helper { name: name.to_owned(), pid: Pid(pid) };
        let run = RunStatus {
            scope: Some("/home/u/p".to_owned()),
            labels: [("host", "node"), ("note", "a\nb"), ("rev", "4f1c")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            since: Some(1_795_395_723_512),
            attached: true,
            until: Some(1_795_395_903_512),
            helpers: vec![helper("supervisor", 12), helper("recorder", 13)],
            marks: 2 << 20,
            trouble: Some("the disk is full".to_owned()),
            repeats: Repeats { processes: 100, lines: 5000, distinct: 500 },
        };
        let process = |pid, program: &str, ran| ProcessStatus {
            pid: Pid(pid),
            program: vec![program.to_owned()],
            ran,
            lines: 200,
            new: 3,
            since: 1_795_395_723_512,
            attached: true,
        };
        let processes = [process(4711, "nginx", 50), process(12, "a\nb", 0)];
        let shown = Shown {
            name: "20261123T010203.512Z-9",
            run: &run,
            processes: &processes,
            now: UnixMillis(1_795_395_733_512),
            zone: &TimeZone::UTC,
        };
        let expected = "\
run 20261123T010203.512Z-9: attached 2026-11-23 01:02:03 (10.000 s ago), detaches in 2 min 50 s; project /home/u/p
labels 'note=a\\nb' rev=4f1c
supervisor 12, recorder 13, marks 2048 KiB
warning: the disk is full
hint: 100 processes ran the same 500 lines; if it does not matter which of them ran a line, `--once` has a breakpoint \
there until the first one did
 PID  PROGRAM  RAN  LINES  COVER  NEW/MIN  SINCE
4711  nginx     50    200  25.0%        3  2026-11-23 01:02:03
  12  'a\\nb'     0    200   0.0%        3  2026-11-23 01:02:03
";
        assert_eq!(status_table(&shown), expected);
    }
}
