//! Contexts: which run or which program ran a line, launched and attached, whatever is killed.

use super::asked::{said, who};
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::server::Server;
use crate::harness::session::Session;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use testing::run::{Outcome, signal, to_end};

/// A program with a test for each argument: one passes, one fails, one is killed.
const TESTED: &str = "#include <stdlib.h>
#include <string.h>
static int add(int a, int b)
{
	return a + b;
}
static int sub(int a, int b)
{
	return a - b;
}
int main(int argc, char **argv)
{
	const char *test = argc > 1 ? argv[1] : \"\";
	if (!strcmp(test, \"add\"))
		return add(1, 2) != 3;
	if (!strcmp(test, \"sub\"))
		return sub(3, 1) != 1;
	abort();
}
";

/// Runs them all, and what is no test.
const SUITE: &str = "TEST=sum ./tested add; ./tested sub; TEST=end ./tested crash; ls; true";

fn cov_trace(folder: &Path, words: &[&str]) -> Outcome {
    to_end(&mark(), folder, Command::new(COV_TRACE).args(words))
}

/// A folder with the program, which was measured with these options by the shell.
fn measured(options: &[&str], script: &str) -> TempDir {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join("tested.c"), TESTED).unwrap();
    let built = to_end(&mark(), folder.path(), Command::new("gcc").args(["-g", "-O0", "-o", "tested", "tested.c"]));
    assert!(built.status.success(), "{built:?}");
    let run = cov_trace(folder.path(), &[&["-q"], options, &["--", "sh", "-c", script]].concat());
    assert!(run.status.success(), "{run:?}");
    folder
}

#[test]
fn each_program_of_a_suite_is_a_test() {
    let folder = measured(&["--context-by", "process"], SUITE);
    let folder = folder.path();
    let rows = said(folder, &["contexts"]);
    let row = |label: &str| {
        let rows = rows["contexts"].as_array().unwrap();
        let row = rows.iter().find(|row| row["label"] == label).unwrap_or_else(|| panic!("{label}: {rows:?}"));
        (row["lines"].clone(), row["unique_lines"].clone(), row["opened"].clone(), row["result"].clone())
    };
    assert_eq!(row("tested add"), (json!(8), json!(4), json!(1), json!({ "exited": 0 })));
    assert_eq!(row("tested sub"), (json!(9), json!(4), json!(1), json!({ "failed": 1 })));
    assert_eq!(row("tested crash"), (json!(5), json!(1), json!(1), json!({ "killed": 6 })));
    assert_eq!(rows["contexts"].as_array().unwrap().len(), 3, "the shell and ls ran no line that counts");
    assert_eq!(who(folder, "tested.c:5"), ["tested add"]);
    assert_eq!(who(folder, "tested.c:3-9"), ["tested add", "tested sub"]);
    assert_eq!(who(folder, "sub"), ["tested sub"]);
    assert_eq!(who(folder, "main"), ["tested add", "tested crash", "tested sub"]);
    // What it ran is what it runs alone.
    for test in ["add", "sub"] {
        let alone = measured(&["--data=alone"], &format!("./tested {test}; true"));
        let of_test = said(folder, &["what", &format!("tested {test}")]);
        assert_eq!(of_test, said_of_all(alone.path()), "{test}");
    }
    let shown = cov_trace(folder, &["report", "--context", "tested s*", "--show-missing"]).stdout;
    assert!(shown.contains("tested.c     14       5  64.3%  4-6, 15, 18"), "{shown}");
    let without = cov_trace(folder, &["report", "--exclude-context", "* crash", "--show-missing"]).stdout;
    assert!(without.contains("92.9%  18"), "{without}");
    let redundant = said(folder, &["contexts", "--redundant"]);
    assert_eq!(redundant, json!({ "contexts": [] }));
    let table = cov_trace(folder, &["contexts", "--sort=unique"]).stdout;
    assert!(table.contains("exit 1\n") && table.contains("killed by SIGABRT\n"), "{table}");
    let traced = cov_trace(folder, &["lcov", "--by-context", "-o", "-"]).stdout;
    let tests: Vec<&str> = traced.lines().filter_map(|line| line.strip_prefix("TN:")).collect();
    assert_eq!(tests, ["tested_add", "tested_crash", "tested_sub"]);
    let of_add = traced.split("end_of_record").next().unwrap();
    assert!(of_add.contains("FNDA:1,add\n") && of_add.contains("FNDA:0,sub\n"), "{of_add}");
    assert!(of_add.contains("DA:5,1\n") && of_add.contains("DA:9,0\n"), "{of_add}");
    // Combined, everything is there still.
    assert!(cov_trace(folder, &["combine", "-o", "all", ".cov-trace"]).status.success());
    assert_eq!(said(folder, &["contexts", "--data=all"]), rows);
}

/// What the only program of a measurement without contexts ran.
fn said_of_all(folder: &Path) -> Value {
    said(folder, &["what", "", "--data=alone"])
}

#[test]
fn labels_are_made_as_the_template_says() {
    let folder = measured(&["--context-by=process", "--context-template={env:TEST}: {argv1}"], SUITE);
    assert_eq!(who(folder.path(), "tested.c:5"), ["sum: add"]);
    assert_eq!(who(folder.path(), "tested.c:18"), ["end: crash"]);
    // Those without the variable stay with the shell, which has none either.
    let folder = measured(&["--context=all else", "--context-by=process", "--context-template={env:TEST}"], SUITE);
    assert_eq!(who(folder.path(), "add"), ["sum"]);
    assert_eq!(who(folder.path(), "sub"), ["all else"]);
    let folder = measured(&["--context-by=process", "--context-depth=0", "--context-template={name}"], SUITE);
    assert_eq!(who(folder.path(), "main").len(), 1, "all belong to the shell");
    let folder = measured(&["--context-by=process", "--context-exe=ls", "--context-exe=*/nothing"], SUITE);
    assert_eq!(who(folder.path(), "main"), [""]);
}

#[test]
fn a_run_has_a_label_and_what_two_runs_share_is_in_both() {
    let folder = measured(&["--context=first"], "./tested add");
    let folder = folder.path();
    let second = cov_trace(folder, &["-q", "--context", " second\u{1b}[31m ", "--", "./tested", "sub"]);
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert_eq!(who(folder, "add"), ["first"]);
    assert_eq!(who(folder, "main"), ["first", "second\u{1b}[31m"]);
    let table = cov_trace(folder, &["contexts"]).stdout;
    assert!(!table.contains('\u{1b}') && table.contains("second\\u{1b}[31m"), "{table}");
    let nothing = cov_trace(folder, &["who", "tested.c:18"]);
    assert_eq!((nothing.status.code(), &*nothing.stdout), (Some(0), "nothing that was measured ran tested.c:18\n"));
    for (words, part) in [
        (&["who", "tested.c:1"][..], "no line of tested.c:1 has code; the nearest that have are 4"),
        (&["who", "other.c:1"], "no source \"other.c\""),
        (&["who", "other"], "no function \"other\""),
        (&["what", "third"], "nothing ran under a context \"third\""),
    ] {
        let refused = cov_trace(folder, words);
        assert!(refused.status.code() == Some(1) && refused.stderr.contains(part), "{refused:?}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    for (options, part) in [
        (&["--context", " "][..], "it is empty"),
        (&["--context-by=process", "--once"], "--once"),
        (&["--context-by=process", "--only-new"], "--only-new"),
        (&["--context-template={name}"], "--context-by"),
        (&["--context-by=process", "--context-template={nome}"], "no {nome}"),
    ] {
        let refused = cov_trace(folder.path(), &[options, &["--data=data", "--", "touch", "ran"]].concat());
        assert!(refused.status.code() == Some(1) && refused.stderr.contains(part), "{refused:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn that_of_an_attached_process_survives_a_kill_of_everything() {
    let server = Server::new();
    let mut session = server.bare();
    let program = session.process_named("server");
    let mut attach = Command::new("sh");
    attach.args(["-c", "exec \"$@\" 2>&1", "sh", COV_TRACE, "attach", "--context", "evening", "--data"]);
    attach.arg(&server.data).arg(program.to_string());
    let attached = Session::start(server.folder.path(), attach);
    assert!(attached.line().contains("attached to"));
    session.send("a");
    session.expect("a");
    let victims = ["cov-recorder", "cov-supervisor"].map(|name| attached.process_named(name));
    victims.iter().for_each(|&pid| signal(pid, "KILL"));
    attached.until_only(&[]);
    session.end_input();
    assert_eq!(session.status().code(), Some(0));
    let rows = said(server.folder.path(), &["contexts", "--data", server.data.to_str().unwrap()]);
    assert_eq!(rows["contexts"].as_array().unwrap().len(), 1, "{rows}");
    assert_eq!(rows["contexts"][0]["label"], "evening", "{rows}");
}
