//! `cov-trace diff`: git tells what changed.

use super::{Measurements, file, lines, process};
use std::fs;

fn git(measurements: &Measurements, arguments: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.quotePath=true"];
    measurements.other("git", &[&identity, arguments].concat()).status.filter(|status| *status == 0).expect("git");
}

/// A committed source and one that is hard to name, both changed since; a third is not measured.
fn changed() -> Measurements {
    let mut measurements = Measurements::new();
    git(&measurements, &["init", "-q"]);
    let hard = "\u{e4} \"b\"\t.c";
    fs::write(measurements.path("a.c"), "1\n2\n3\n4\n5\n6\n").unwrap();
    fs::write(measurements.path(hard), "1\n").unwrap();
    git(&measurements, &["add", "."]);
    git(&measurements, &["commit", "-q", "-m", "first"]);
    fs::write(measurements.path("a.c"), "1\ntwo\n3\nfour\nfive\n6\n").unwrap();
    fs::write(measurements.path(hard), "1\n2\n").unwrap();
    fs::write(measurements.path("new.c"), "1\n").unwrap();
    git(&measurements, &["add", "new.c"]);
    let (a, b) = (measurements.path("a.c"), measurements.path(hard));
    let ran =
        vec![(file(&a, lines(1..=6), vec![]), lines([1, 2, 3])), (file(&b, lines([1, 2]), vec![]), lines([1, 2]))];
    measurements.add(&process(10, ran));
    measurements
}

#[test]
fn only_changed_lines_count() {
    let measurements = changed();
    let told = measurements.run(&["diff", "HEAD"]);
    let expected = "\
File       Lines  Missed   Cover  Missing
--------------------------------
a.c            3       2   33.3%  4-5
\u{e4} \"b\"\\t.c      1       0  100.0%
--------------------------------
TOTAL          4       2   50.0%
";
    assert_eq!(told.stdout, expected);
    assert_eq!(told.stderr, "cov-trace: warning: changed and not measured: new.c\n");
    assert_eq!(measurements.run(&["diff", "HEAD", "--format", "total"]).stdout, "50.0\n");
    let notes = measurements.run(&["diff", "HEAD", "--format=github"]).stdout;
    assert_eq!(notes, "::warning file=a.c,line=4,endLine=5,title=Not covered::Changed lines: 2 did not run\n");
    let markdown = measurements.run(&["diff", "HEAD", "--format=markdown"]).stdout;
    assert!(markdown.contains("| <code>a.c</code> | 3 | 2 | 33.3% | 4-5 |\n"), "{markdown}");
    for (required, status) in [("50", 0), ("50.000001", 2)] {
        assert_eq!(measurements.run(&["diff", "HEAD", "--fail-under", required]).status, Some(status));
    }
}

#[test]
fn what_git_cannot_tell_is_an_error() {
    let measurements = changed();
    let error = measurements.run(&["diff", "nothing"]).error();
    assert!(error.contains("compare with \"nothing\": git says: "), "{error}");
    let error = measurements.run(&["diff", "--output=x"]).error();
    assert!(error.contains("--output"), "{error}");
    let outside = Measurements::new();
    let error = outside.run(&["diff", "HEAD"]).error();
    assert!(error.contains("no git working tree"), "{error}");
}

#[test]
fn a_renamed_source_is_no_new_one_and_one_that_git_does_not_know_is_told() {
    let mut measurements = Measurements::new();
    git(&measurements, &["init", "-q"]);
    let text = "1\n2\n3\n4\n5\n6\n7\n8\n";
    fs::write(measurements.path("a.c"), text).unwrap();
    git(&measurements, &["add", "."]);
    git(&measurements, &["commit", "-q", "-m", "first"]);
    git(&measurements, &["mv", "a.c", "b.c"]);
    fs::write(measurements.path("b.c"), text.replace('4', "four")).unwrap();
    fs::write(measurements.path("u.c"), text).unwrap();
    let (b, u) = (measurements.path("b.c"), measurements.path("u.c"));
    let of = |path: &str| (file(path, lines(1..=8), vec![]), lines([1]));
    measurements.add(&process(10, vec![of(&b), of(&u)]));
    let told = measurements.run(&["diff", "HEAD"]);
    assert!(told.stdout.contains("b.c        1       1   0.0%  4\n"), "{told:?}");
    let note = "cov-trace: warning: measured and not known to git, so not compared (git add): u.c\n";
    assert_eq!(told.stderr, note);
}

#[test]
fn what_changed_in_a_submodule_counts() {
    let mut measurements = Measurements::new();
    fs::create_dir(measurements.path("module")).unwrap();
    fs::write(measurements.path("module/a.c"), "1\n2\n3\n").unwrap();
    for arguments in [&["init", "-q"][..], &["add", "."], &["commit", "-q", "-m", "first"]] {
        git(&measurements, &[&["-C", "module"], arguments].concat());
    }
    git(&measurements, &["init", "-q"]);
    git(&measurements, &["-c", "protocol.file.allow=always", "submodule", "-q", "add", "./module", "sub m"]);
    git(&measurements, &["commit", "-q", "-m", "first"]);
    let source = measurements.path("sub m/a.c");
    fs::write(&source, "1\ntwo\n3\n").unwrap();
    measurements.add(&process(10, vec![(file(&source, lines(1..=3), vec![]), lines([1]))]));
    let told = measurements.run(&["diff", "HEAD"]);
    assert!(told.stdout.contains("sub m/a.c      1       1   0.0%  2\n"), "{told:?}");
}
