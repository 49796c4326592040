//! The labels of a run: those that are found and those that the user gives, launched and attached, whatever is killed.

use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use crate::harness::server::{Server, runs};
use crate::harness::session::Session;
use cov_trace::store::{DataDir, LabelValues, Reader, RunLabels};
use std::path::Path;
use std::process::Command;
use testing::run::{Outcome, signal, to_end};

/// The labels of the only run in a data directory.
#[track_caller]
fn labels(data: &Path) -> LabelValues {
    let data = DataDir::open_for_reading(data).unwrap();
    let mut names: Vec<String> = data.process_files().unwrap().into_iter().map(|file| file.run).collect();
    names.dedup();
    assert_eq!(names.len(), 1);
    RunLabels::of_data(&data, &Reader::default()).unwrap().get(&names[0]).cloned().unwrap_or_default()
}

/// What is always found, with other labels.
fn with_found(given: &[(&str, &str)]) -> LabelValues {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap().trim().to_owned();
    let found = [("boot_id", file("random/boot_id")), ("host", file("hostname"))];
    let given = given.iter().map(|(key, value)| (*key, (*value).to_owned()));
    found.into_iter().chain(given).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Without what depends on where the tests run.
fn comparable(mut labels: LabelValues) -> LabelValues {
    labels.remove("container");
    labels
}

/// Runs cov-trace in a folder.
fn cov_trace(folder: &Path, words: &[&str]) -> Outcome {
    to_end(&mark(), folder, Command::new(COV_TRACE).args(words))
}

#[test]
fn a_run_has_what_is_found_and_what_was_given() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let program = program.to_str().unwrap();
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let given = ["--label", "service=api", "--label=rev=a=b", "--label", "note=two words", "--label", "service=api"];
    let measured = cov_trace(folder.path(), &[&["-q", "--data=data"], &given[..], &["--", program]].concat());
    assert_eq!(measured.status.code(), Some(6), "{measured:?}");
    let expected = with_found(&[("service", "api"), ("rev", "a=b"), ("note", "two words")]);
    assert_eq!(comparable(labels(&data)), expected);
    let listed = cov_trace(folder.path(), &["ps", "--data=data"]).stdout;
    assert!(listed.contains("\nlabels 'note=two words' rev=a=b service=api\n"), "{listed}");
    let wide = cov_trace(folder.path(), &["ps", "--data=data", "--wide"]).stdout;
    assert!(wide.contains(&format!(" host={} ", expected["host"])), "{wide}");
    let erased = cov_trace(folder.path(), &["erase", "--data=data"]).stdout;
    assert!(erased.starts_with("erased 1 process") && !data.exists(), "{erased}");
}

#[test]
fn a_given_value_wins_and_those_of_the_configuration_count() {
    let sample = Sample::load("process/plain");
    let program = build::program(&sample, &sample.builds[0]);
    let program = program.to_str().unwrap();
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    std::fs::write(folder.path().join("cov-trace.toml"), "[run]\nlabel = [\"host=node7\", \"team=a b\"]\n").unwrap();
    let of_run = |options: &[&str]| {
        let measured = cov_trace(folder.path(), &[&["-q", "--data=data"], options, &["--", program]].concat());
        assert_eq!(measured.status.code(), Some(6), "{measured:?}");
        let found = comparable(labels(&folder.path().join("data")));
        std::fs::remove_dir_all(folder.path().join("data")).unwrap();
        found
    };
    let found = with_found(&[]);
    let configured = with_found(&[("host", "node7"), ("team", "a b")]);
    let without_service = |mut labels: LabelValues| {
        labels.remove("service");
        labels
    };
    assert_eq!(without_service(of_run(&[])), configured);
    let given = without_service(of_run(&["--label", "team=c"]));
    assert_eq!((given["team"].as_str(), &given["host"]), ("c", &found["host"]), "the command line replaces it");
}

#[test]
fn what_is_no_label_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    for (options, part) in [
        (&["--label", "rev"][..], "KEY=VALUE"),
        (&["--label", "9=x"], "begins with a letter"),
        (&["--label", "rev=1", "--label", "rev=2"], "rev=1"),
    ] {
        let refused = cov_trace(folder.path(), &[options, &["--data=data", "--", "touch", "ran"]].concat());
        assert!(refused.status.code() == Some(1) && refused.stderr.contains(part), "{refused:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_program_that_cannot_be_run_leaves_no_labels() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let failed = cov_trace(folder.path(), &["--data=data", "--label=a=b", "--", "./nowhere"]);
    assert_eq!(failed.status.code(), Some(127), "{failed:?}");
    let report = cov_trace(folder.path(), &["report", "--data=data"]);
    assert!(report.stderr.contains("no measurements"), "{report:?}");
    let data = DataDir::open_for_reading(&folder.path().join("data")).unwrap();
    assert_eq!((data.process_files().unwrap(), runs(data.path())), (vec![], vec![]));
}

#[test]
fn those_of_an_attached_process_survive_a_kill_of_everything() {
    let server = Server::new();
    let mut session = server.bare();
    let program = session.process_named("server");
    let mut attach = Command::new("sh");
    attach.args(["-c", "exec \"$@\" 2>&1", "sh", COV_TRACE, "attach", "--label", "rev=7", "--data"]);
    attach.arg(&server.data).arg(program.to_string());
    let attached = Session::start(server.folder.path(), attach);
    assert!(attached.line().contains("attached to"));
    let victims = ["cov-recorder", "cov-supervisor"].map(|name| attached.process_named(name));
    victims.iter().for_each(|&pid| signal(pid, "KILL"));
    attached.until_only(&[]);
    session.send("a");
    session.expect("a");
    session.end_input();
    assert_eq!(session.status().code(), Some(0));
    let listed = server.command(&["ps"]);
    assert!(listed.stdout.contains("\nlabels ") && listed.stdout.contains("rev=7"), "{listed:?}");
    let found = comparable(labels(&server.data));
    assert_eq!((found["rev"].as_str(), &found["host"]), ("7", &with_found(&[])["host"]));
}
