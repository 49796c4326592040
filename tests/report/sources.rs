//! Where sources are, what they are called, and which of their lines count.

use super::{Measurements, file, lines, process};
use std::fs::{self, File};
use std::time::SystemTime;

/// One process that ran lines 1 and 2 of 4, of a source that was built elsewhere.
fn built_elsewhere() -> Measurements {
    let mut measurements = Measurements::new();
    let ran = vec![(file("/build/x/src/a.c", lines(1..=4), vec![]), lines([1, 2]))];
    measurements.add(&process(10, ran));
    fs::create_dir_all(measurements.path("src")).unwrap();
    fs::write(measurements.path("src/a.c"), "1\n2\n3 // LCOV_EXCL_LINE\nassert(4);\n").unwrap();
    File::options()
        .write(true)
        .open(measurements.path("src/a.c"))
        .unwrap()
        .set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(900))
        .unwrap();
    measurements
}

#[test]
fn a_missing_source_is_told_and_found_by_a_map() {
    let measurements = built_elsewhere();
    let missing = measurements.run_in_full(&["report"]);
    assert!(missing.stdout.contains("/build/x/src/a.c      4       2  50.0%"), "{missing:?}");
    assert!(missing.stderr.contains("source-missing: source /build/x/src/a.c") && missing.stderr.contains("--map"));
    for map in ["/build/x=.", "/build/*/=.", "/build/x/src=src", "/nowhere=/,"] {
        let found = measurements.run_in_full(&["report", "--map", map]);
        if map.starts_with("/build") {
            assert_eq!(found.stderr, "", "{map}");
            assert!(found.stdout.contains("\nsrc/a.c      3       1  66.7%\n"), "{found:?}");
        } else {
            assert_eq!(found.stdout, missing.stdout);
            assert!(found.stderr.contains("map-unused: --map /nowhere=/,"), "{found:?}");
        }
    }
    let lcov = measurements.run(&["lcov", "--map=/build/x=."]).clean();
    assert!(lcov.contains("SF:src/a.c\n") && !lcov.contains("DA:3,"), "{lcov}");
    let whole = measurements.run(&["lcov", "--map=/build/x=.", "--absolute-paths"]).clean();
    assert!(whole.contains(&format!("SF:{}\n", measurements.path("src/a.c"))), "{whole}");
    let below = measurements.run(&["lcov", "--map=/build/x=..", "--source-root=deep/../src"]).clean();
    assert!(below.contains("SF:a.c\n") && !below.contains("DA:3,"), "{below}");
    let filtered = measurements.run(&["report", "--map=/build/x=.", "--include=src"]).clean();
    assert!(filtered.contains("src/a.c"), "filters know sources by where they are");
    let error = measurements.run(&["report", "--map", "/build"]).error();
    assert!(error.contains("FROM=TO"), "{error}");
}

#[test]
fn a_source_that_is_newer_is_told() {
    let measurements = built_elsewhere();
    let path = measurements.path("src/a.c");
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now()).unwrap();
    let told = measurements.run_in_full(&["report", "--map=/build/x=."]).stderr;
    assert!(told.contains("source-newer: source src/a.c: changed since"), "{told}");
}

#[test]
fn lines_that_match_do_not_count() {
    let measurements = built_elsewhere();
    let report =
        |arguments: &[&str]| measurements.run(&[&["report", "--map=/build/x=.", "-m"], arguments].concat()).clean();
    assert!(report(&["--exclude-line=^assert"]).contains("src/a.c      2       0  100.0%"));
    assert!(report(&["--exclude-line=2", "--exclude-line", "as+ert"]).contains("src/a.c      1       0  100.0%"));
    let error = measurements.run(&["report", "--exclude-line=("]).error();
    assert!(error.contains("--exclude-line") && error.contains("unclosed group"), "{error}");
    fs::write(measurements.path("src/a.c"), "1\n2\n3 // GCOVR_EXCL_STOP\n4 LCOV_EXCL_START\n").unwrap();
    let told = measurements.run_in_full(&["report", "--map=/build/x=."]).stderr;
    assert!(told.contains("exclusion-mark: src/a.c:3: a stop without a start"), "{told}");
    assert!(told.contains("exclusion-mark: src/a.c:4: a start without a stop"), "{told}");
}

#[test]
fn a_source_is_shown_with_what_ran_of_it() {
    let mut measurements = built_elsewhere();
    let ran = vec![(file("/build/x/src/a.c", lines(1..=4), vec![]), lines([2]))];
    measurements.add(&process(11, ran));
    let shown = measurements.run(&["show", "--map=/build/x=.", "a.c"]).clean();
    let expected = "\
src/a.c: 2 of 3 lines ran, 66.7%
1 + 10    | 1
2 + all 2 | 2
3 x       | 3 // LCOV_EXCL_LINE
4 -       | assert(4);
";
    assert_eq!(shown, expected);
    let missed = measurements.run(&["show", "--map=/build/x=.", "--missed=0", "src/a.c", "--pid=11"]).clean();
    assert_eq!(missed, "src/a.c: 1 of 3 lines ran, 33.3%\n1 -  | 1\n  ...\n4 -  | assert(4);\n");
    let error = measurements.run(&["show", "b.c"]).error();
    assert!(error.contains("no source \"b.c\"") && error.contains("cov-trace report"), "{error}");
}

#[test]
fn programs_built_with_other_paths_are_reported() {
    for (prefix, arguments) in [
        ("=.", &["--source-root=."][..]),
        ("=", &[]),
        ("=/usr/src/nowhere", &["--map=/usr/src/nowhere=."]),
        ("=/usr/src/nowhere", &["--map=/usr/*/nowhere=..", "--source-root=src"]),
    ] {
        let measurements = Measurements::new();
        fs::create_dir(measurements.path("src")).unwrap();
        fs::write(measurements.path("src/a.c"), "int main(void)\n{\n\treturn 0; // LCOV_EXCL_LINE\n}\n").unwrap();
        let map = format!("-ffile-prefix-map={}{prefix}", measurements.cwd().display());
        measurements.other("cc", &["-g", &map, "-o", "prog", "src/a.c"]).clean();
        let measured = measurements.run(&["-q", "--all", "--", "./prog"]);
        assert_eq!(measured.status, Some(0), "{measured:?}");
        let report = measurements.run_in_full(&[&["report"], arguments].concat());
        assert_eq!(report.stderr, "", "{prefix} {arguments:?}");
        let name = if arguments.len() == 2 { "\na.c" } else { "\nsrc/a.c" };
        assert!(report.stdout.contains(name) && report.stdout.contains("2       0  100.0%"), "{prefix}: {report:?}");
        if prefix.len() < 3 {
            let filtered = ["-q", "--data=filtered", "--include=src", "--", "./prog"];
            assert_eq!(measurements.run(&filtered).status, Some(0));
            assert!(measurements.run(&["report", "--data=filtered"]).stdout.contains("src/a.c"));
        }
    }
}
