//! Sources that changed between builds that were measured into one data directory.

use super::{Finished, Measurements, file, function, lines, process};
use cov_trace::store::{Digest, SourceOrigin};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Line 4 runs with an argument, line 5 without.
const SOURCE: &str = "\
int f(int x) {
    if (x > 1)
        return
            1;
    return 0;
}
int main(int argc, char **argv) {
    return f(argc) < 0;
}
";

/// A working directory with the source `v.c` in it.
fn project() -> Measurements {
    let project = Measurements::new();
    fs::write(project.path("v.c"), SOURCE).unwrap();
    project
}

#[track_caller]
fn build(project: &Measurements, arguments: &[&str]) {
    let built = project.other("gcc", &[&["-g", "-o", "v", "v.c"], arguments].concat());
    assert_eq!(built.status, Some(0), "{built:?}");
}

#[track_caller]
fn measure(project: &Measurements, program: &[&str]) -> Finished {
    let measured = project.run(&[&["--"], program].concat());
    assert_eq!(measured.status, Some(0), "{measured:?}");
    measured
}

/// The row of a source in a report, and what the report told.
#[track_caller]
fn row(project: &Measurements, arguments: &[&str], source: &str) -> (String, String) {
    let report = project.run_in_full(&[&["report", "-m"], arguments].concat());
    assert_eq!(report.status, Some(0), "{report:?}");
    let row = report.stdout.lines().find(|row| row.starts_with(&format!("{source} ")));
    let row = row.unwrap_or_else(|| panic!("{report:?}"));
    (row.split_whitespace().skip(1).collect::<Vec<_>>().join(" "), report.stderr)
}

fn set_modified(path: impl AsRef<Path>, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

#[test]
fn lines_of_the_build_before_do_not_count_for_the_source_of_now() {
    let project = project();
    build(&project, &[]);
    measure(&project, &["./v", "a"]);
    fs::write(project.path("v.c"), format!("/* one */\n/* two */\n{SOURCE}")).unwrap();
    build(&project, &[]);
    measure(&project, &["./v"]);
    let (row, told) = row(&project, &[], "v.c");
    assert_eq!(row, "8 1 87.5% 6", "{told}");
    let first = project.data().process_files().unwrap()[0].run.clone();
    assert!(told.contains("other-build: source v.c in run ") && told.contains(&first), "{told}");
    assert!(!told.contains("source-newer"), "{told}");
    for command in [&["lcov"][..], &["json"], &["cobertura"], &["codecov"], &["show", "v.c"], &["html"]] {
        let written = project.run_in_full(command);
        assert!(written.stderr.contains("other-build: source v.c"), "{command:?}: {written:?}");
        assert!(!written.stdout.contains("DA:2,1") && !written.stdout.contains("DA:5,1"), "{written:?}");
    }
    assert!(project.run_in_full(&["json"]).stdout.contains("other-build: "), "formats with notes have it");
    let shown = project.run_in_full(&["show", "v.c"]).stdout;
    let one_ran = shown.lines().filter(|line| line.contains(" + ")).count();
    assert_eq!(one_ran, 7, "{shown}");
    // What is combined keeps them apart.
    assert_eq!(project.run(&["combine", "-o", "all", ".cov-trace"]).status, Some(0));
    let (combined, told) = self::row(&project, &["--data=all"], "v.c");
    assert!(combined == row && told.contains("other-build: source v.c"), "{combined}: {told}");
    // And the way out that was told works.
    let erased = project.run(&["erase", "--run", &first]);
    assert!(erased.stdout.contains("erased 1 process from"), "{erased:?}");
    assert_eq!(self::row(&project, &[], "v.c"), (row, String::new()));
    let error = project.run(&["erase", "--run", &first]).error();
    assert!(error.contains(&first), "{error}");
}

#[test]
fn a_build_of_the_same_text_counts_too() {
    let project = project();
    fs::write(project.path("h.h"), "static int h(int x) {\n    return x\n        ? 1 : 2;\n}\n").unwrap();
    fs::write(project.path("v.c"), format!("#include \"h.h\"\n{SOURCE}").replace("f(argc)", "f(argc) + h(argc)"))
        .unwrap();
    build(&project, &[]);
    measure(&project, &["./v", "a"]);
    set_modified(project.path("v.c"), SystemTime::now());
    build(&project, &["-fwrapv"]);
    measure(&project, &["./v"]);
    let (of_source, told) = row(&project, &[], "v.c");
    assert!(of_source.contains("100.0%") && told.is_empty(), "{of_source}: {told}");
    // Another program with the same header, then with another source of the first.
    fs::write(project.path("w.c"), "#include \"h.h\"\nint main(void) {\n    return h(0) < 0;\n}\n").unwrap();
    let built = project.other("gcc", &["-g", "-o", "w", "w.c"]);
    assert_eq!(built.status, Some(0), "{built:?}");
    measure(&project, &["./w"]);
    fs::write(project.path("w.c"), "#include \"h.h\"\n\nint main(void) {\n    return h(0) < 0;\n}\n").unwrap();
    let built = project.other("gcc", &["-g", "-o", "w", "w.c"]);
    assert_eq!(built.status, Some(0), "{built:?}");
    measure(&project, &["./w"]);
    let (of_header, told) = row(&project, &[], "h.h");
    assert!(of_header.contains("100.0%"), "{of_header}");
    assert!(told.contains("other-build: source w.c in run") && !told.contains("h.h"), "{told}");
}

#[test]
fn times_do_not_tell_texts_apart() {
    let project = project();
    build(&project, &[]);
    measure(&project, &["./v", "a"]);
    // Another text with an older time, of which the program is built.
    fs::write(project.path("v.c"), format!("\n{SOURCE}")).unwrap();
    set_modified(project.path("v.c"), long_ago());
    build(&project, &[]);
    measure(&project, &["./v"]);
    let (newer, told) = row(&project, &[], "v.c");
    assert_eq!(newer, "8 1 87.5% 5", "{told}");
    assert!(told.contains("other-build") && !told.contains("source-newer"), "{told}");
    // The first text comes back.
    fs::write(project.path("v.c"), SOURCE).unwrap();
    let (first, told) = row(&project, &[], "v.c");
    assert_eq!(first, "8 1 87.5% 5", "{told}");
    assert!(told.contains("other-build") && !told.contains("source-newer"), "{told}");
}

#[test]
fn an_image_with_a_time_in_whole_seconds_is_no_older_than_its_source() {
    let project = project();
    build(&project, &[]);
    // As installers do it that copy times in whole seconds.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
    set_modified(project.path("v.c"), second + Duration::from_millis(1));
    set_modified(project.path("v"), second);
    measure(&project, &["./v", "a"]);
    let (_, told) = row(&project, &[], "v.c");
    assert_eq!(told, "");
}

#[test]
fn a_source_that_was_edited_after_the_build_makes_no_certain_digest() {
    let project = project();
    build(&project, &[]);
    // A line in front: what was built does not match any more, and nobody has measured it before.
    fs::write(project.path("v.c"), format!("\n{SOURCE}")).unwrap();
    measure(&project, &["./v", "a"]);
    let (alone, told) = row(&project, &[], "v.c");
    assert!(alone.starts_with("8 1") && told.contains("source-newer: source v.c"), "{alone}: {told}");
    build(&project, &[]);
    measure(&project, &["./v"]);
    let (rebuilt, told) = row(&project, &[], "v.c");
    assert_eq!(rebuilt, "8 1 87.5% 5", "{told}");
    assert!(told.contains("other-build: source v.c") && !told.contains("source-newer"), "{told}");
}

#[test]
fn a_touched_source_counts_for_the_build_that_was_measured_before() {
    let project = project();
    build(&project, &[]);
    measure(&project, &["./v"]);
    set_modified(project.path("v.c"), SystemTime::now() + Duration::from_secs(5));
    measure(&project, &["./v", "a"]);
    assert_eq!(row(&project, &[], "v.c"), ("8 0 100.0%".to_owned(), String::new()));
}

#[test]
fn the_digest_in_the_debug_info_counts_before_times() {
    let project = project();
    let built = project.other("clang", &["-gdwarf-5", "-o", "v", "v.c"]);
    assert_eq!(built.status, Some(0), "{built:?}");
    fs::write(project.path("v.c"), format!("\n{SOURCE}")).unwrap();
    set_modified(project.path("v.c"), long_ago());
    measure(&project, &["./v"]);
    let (_, told) = row(&project, &[], "v.c");
    assert!(told.contains("source-newer: source v.c"), "{told}");
    fs::write(project.path("v.c"), SOURCE).unwrap();
    assert_eq!(row(&project, &[], "v.c").1, "", "it is newer, and what the program was built from");
}

#[test]
fn the_newest_build_counts_where_none_matches() {
    let project = project();
    build(&project, &[]);
    measure(&project, &["./v", "a"]);
    fs::write(project.path("v.c"), format!("\n\n{SOURCE}")).unwrap();
    build(&project, &[]);
    measure(&project, &["./v"]);
    fs::remove_file(project.path("v.c")).unwrap();
    let (newest, told) = row(&project, &[], "v.c");
    assert_eq!(newest, "8 1 87.5% 6", "{told}");
    assert!(told.contains("other-build") && told.contains("source-missing"), "{told}");
}

#[test]
fn what_an_old_build_ran_is_not_known_of_the_new_one() {
    let project = project();
    // Without a build-id only the path is left to tell an image.
    build(&project, &["-Wl,--build-id=none"]);
    measure(&project, &["./v", "a"]);
    fs::write(project.path("v.c"), SOURCE.replace("return\n            1", "\n        return 1")).unwrap();
    build(&project, &["-Wl,--build-id=none"]);
    assert_eq!(project.run(&["--only-new", "--", "./v", "a"]).status, Some(0));
    let (again, told) = row(&project, &[], "v.c");
    assert!(again.ends_with(" 5") && told.contains("other-build"), "{again}: {told}");
}

#[test]
fn images_that_know_no_text_of_a_source_count_as_far_as_they_do_not_contradict() {
    let mut measurements = Measurements::new();
    for (pid, start) in [(1, 3), (2, 7)] {
        let facts = file("/src/a.c", lines(1..=9), vec![function(start, start + 2, "f")]);
        let mut record =
            process(pid, vec![(facts, lines([start])), (file("/src/a.h", lines([4]), vec![]), lines([4]))]);
        record.head.started.0 += i64::from(pid);
        for image in &mut record.images {
            Arc::make_mut(image).files.iter_mut().for_each(|file| file.origin = SourceOrigin::default());
        }
        measurements.add(&record);
    }
    let (newest, told) = row(&measurements, &[], "/src/a.c");
    assert_eq!(newest, "9 8 11.1% 1-6, 8-9", "{told}");
    assert!(told.contains("other-build: source /src/a.c in run") && told.contains("(/bin/1)"), "{told}");
    assert_eq!(row(&measurements, &[], "/src/a.h").0, "1 0 100.0%");
    assert!(measurements.run(&["ps"]).clean().contains('1'));
    assert_eq!(measurements.run(&["combine", "-o", "all", ".cov-trace"]).status, Some(0));
    assert_eq!(row(&measurements, &["--data=all"], "/src/a.h").0, "1 0 100.0%");
}

#[test]
fn digests_decide_where_builds_have_them() {
    let mut measurements = Measurements::new();
    for (pid, digest) in [(1, Digest::Built([1; 16])), (2, Digest::Built([2; 16])), (3, Digest::Changed([2; 16]))] {
        let mut facts = file("/src/a.c", lines(1..=9), vec![function(1, 9, "f")]);
        facts.origin = SourceOrigin { digest, ..SourceOrigin::default() };
        let mut record = process(pid, vec![(facts, lines([pid as u32]))]);
        record.head.started.0 -= i64::from(pid);
        measurements.add(&record);
    }
    let (newest, told) = row(&measurements, &[], "/src/a.c");
    assert_eq!(newest, "9 8 11.1% 2-9", "{told}");
    assert!(told.contains("(/bin/2)") && told.contains("(/bin/3)") && !told.contains("(/bin/1)"), "{told}");
    let of_one = row(&measurements, &["--pid", "2"], "/src/a.c");
    assert!(of_one.0.ends_with("1, 3-9") && !of_one.1.contains("other-build"), "{of_one:?}");
}
