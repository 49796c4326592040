//! `cov-trace ps`.

use super::{Measurements, file, lines, process};
use cov_trace::store::{EndReason, Parent, ProcessRecord, RunEntry};
use std::fs::{self, File};

fn record(pid: i32, parent: Option<i32>) -> ProcessRecord {
    let source = file("/src/a.c", lines(1..=9), vec![]);
    let mut record = process(pid, vec![(source, lines(1..=pid as u32 % 10))]);
    record.head.parent = parent.map(|pid| Parent { pid, start_ticks: Some(100 + pid as u64) });
    record
}

#[test]
fn processes_stand_below_their_parents() {
    let mut measurements = Measurements::new();
    measurements.add(&record(11, Some(1)));
    measurements.add(&record(12, Some(11)));
    let mut killed = record(13, Some(12));
    if let Some(end) = &mut killed.head.end {
        end.reason = EndReason::Signaled { signal: 9, core: false };
    }
    killed.execs[0].argv = vec!["sh".to_owned(), "-c".to_owned(), format!("echo {}\u{1b}", "x".repeat(60))];
    measurements.add(&killed);
    let mut lost = record(14, Some(11));
    lost.complete = false;
    lost.head.end = None;
    measurements.add(&lost);
    let expected = "\
run 20261123T010203.512Z-4711
PID  PROGRAM                                                 END         LINES     TIME
 11  prog 11                                                 exit 0          1  1.500 s
 12  \u{251c}\u{2500} prog 12                                              exit 0          2  1.500 s
 13  \u{2502}  \u{2514}\u{2500} sh -c 'echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\u{2026}  SIGKILL         3  1.500 s
 14  \u{2514}\u{2500} prog 14                                              incomplete      4        -
";
    assert_eq!(measurements.run(&["ps"]).clean(), expected);
    let wide = measurements.run(&["ps", "--wide"]).clean();
    assert!(wide.contains(&format!("'echo {}\\u{{1b}}'", "x".repeat(60))), "{wide}");
    let alone = measurements.run(&["ps", "--pid", "13"]).clean();
    assert!(alone.contains(" 13  sh -c") && alone.lines().count() == 3, "{alone}");
}

#[test]
fn a_live_run_is_told_from_one_that_was_cut_short() {
    let mut measurements = Measurements::new();
    let mut running = record(11, None);
    running.complete = false;
    running.head.end = None;
    measurements.add(&running);
    let run = RunEntry::new(&measurements.data(), &running.head.run);
    fs::create_dir(&run.path).unwrap();
    let lock = File::create(run.lock_path()).unwrap();
    lock.lock().unwrap();

    let ps = measurements.run(&["ps"]).clean();
    assert!(ps.starts_with("run 20261123T010203.512Z-4711, under way\n") && ps.contains("  running  "), "{ps}");
    let report = measurements.run(&["report"]);
    assert!(report.stderr.contains("pid 11 still being measured"), "{}", report.stderr);
    let erased = measurements.run(&["erase"]);
    assert_eq!((erased.status, erased.stdout.as_str()), (Some(0), "erased 0 processes from .cov-trace\n"));
    assert!(erased.stderr.contains("kept what is being measured right now: 1 run"), "{}", erased.stderr);

    drop(lock);
    let ps = measurements.run(&["ps"]).clean();
    assert!(!ps.contains("under way") && ps.contains("  incomplete  "), "{ps}");
    let erased = measurements.run(&["erase"]).clean();
    assert_eq!(erased, "erased 1 process, 1 run that was cut short from .cov-trace, and the directory itself\n");
}
