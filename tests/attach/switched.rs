//! The context of a program that runs is switched: each label has exactly what ran under it.

use super::scene::Scene;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::session::Session;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use testing::run::{Outcome, signal, to_end};

const ALPHA: [&str; 3] = ["alpha(void)", "sum += 5", "sum += 6"];
const BETA: [&str; 2] = ["beta(void)", "sum += 7"];
const CHILD: [&str; 2] = ["child(void)", "sum += 8"];
const EVEN: [&str; 3] = ["even(void)", "sum += 2", "if (sum % 7"];
const ODD: [&str; 2] = ["odd(void)", "sum += 3"];
/// What the threads and the loop of the service run all the time.
const ALWAYS: [&str; 5] = ["while (!stop)", "if (mode)", "while (read", "if (letter == 'a')", "dprintf(1, \"done"];

fn cov_trace(scene: &Scene, words: &[&str]) -> Outcome {
    to_end(&mark(), scene.folder(), Command::new(COV_TRACE).args(words).arg("--data").arg(&scene.data))
}

#[track_caller]
fn switch(scene: &Scene, words: &[&str]) {
    let said = cov_trace(scene, &[&["context"], words].concat());
    assert!(said.status.success(), "{said:?}");
}

/// The lines that ran under a label.
#[track_caller]
fn lines_of(scene: &Scene, label: &str) -> BTreeSet<u64> {
    // Nothing is to be flushed once it is over.
    cov_trace(scene, &["flush"]);
    let said = cov_trace(scene, &["what", label, "--json"]);
    assert!(said.status.success(), "{said:?}");
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    let lines = said["files"].as_array().unwrap().iter().flat_map(|file| file["lines"].as_array().unwrap());
    lines.map(|line| line.as_u64().unwrap()).collect()
}

/// Under a label ran all of these, and none of those.
#[track_caller]
fn ran(scene: &Scene, label: &str, these: &[&[&str]], none: &[&[&str]]) {
    let lines = lines_of(scene, label);
    let has = |text: &&str| lines.contains(&u64::from(scene.line_of(text)));
    let missing: Vec<_> = these.concat().into_iter().filter(|text| !has(text)).collect();
    let wrong: Vec<_> = none.concat().into_iter().filter(has).collect();
    assert!(missing.is_empty() && wrong.is_empty(), "{label}: {missing:?} missing, {wrong:?} wrong of {lines:?}");
}

/// Asks for everything under one label after the other.
fn each_label_has_its_own(scene: &mut Scene) {
    scene.ask("a", &["done a"]);
    switch(scene, &["one"]);
    scene.ask("b", &["done b"]);
    switch(scene, &["two words"]);
    scene.ask("fa", &["done f", "done a"]);
    switch(scene, &["--pop"]);
    scene.ask("b", &["done b"]);
    scene.ask("m", &["done m"]);
    switch(scene, &["three"]);
    // They compute something else from some time on, and before that are seen to.
    scene.ask("b", &["done b"]);
    ran(scene, "one", &[&BETA, &ALWAYS, &ODD], &[&ALPHA, &CHILD, &["fork()", "ready", "pthread_create"]]);
    ran(scene, "two words", &[&ALPHA, &CHILD, &ALWAYS, &ODD, &["fork()"]], &[&BETA, &EVEN]);
    ran(scene, "three", &[&BETA, &EVEN, &ALWAYS], &[&ALPHA, &CHILD, &ODD]);
    // What is over does not change any more.
    let before = lines_of(scene, "one");
    scene.ask("a", &["done a"]);
    assert_eq!(lines_of(scene, "one"), before);
    ran(scene, "three", &[&ALPHA], &[]);
}

#[test]
fn of_an_attached_program() {
    let mut scene = Scene::start("attach/switched");
    scene.session.expect("ready");
    let attached = scene.attach_with(&["--context", "zero"]);
    each_label_has_its_own(&mut scene);
    scene.let_go(attached);
    ran(&scene, "zero", &[&ALPHA, &ALWAYS, &ODD], &[&BETA, &EVEN, &CHILD]);
    scene.end();
}

#[test]
fn of_a_launched_program() {
    let mut scene = Scene::start_as("attach/switched", |program, folder| {
        let mut command = Command::new(COV_TRACE);
        command.args(["-q", "--data"]).arg(folder.join("data")).arg("--").arg(program);
        command
    });
    scene.session.expect("ready");
    each_label_has_its_own(&mut scene);
    scene.end();
    ran(&scene, "", &[&ALPHA, &ALWAYS, &["ready", "pthread_create"]], &[&EVEN, &CHILD]);
}

#[test]
fn of_one_process_of_several() {
    let mut scene = Scene::start("attach/switched");
    scene.session.expect("ready");
    let program = std::fs::read_link(format!("/proc/{}/exe", scene.pid())).unwrap();
    let mut other = Session::start(scene.folder(), Command::new(program));
    other.expect("ready");
    let attached =
        crate::harness::command::attach(&[scene.pid(), other.pid], &["--context", "both"], &scene.data).unwrap();
    switch(&scene, &["mine", &scene.pid().to_string()]);
    scene.ask("a", &["done a"]);
    other.send("b");
    other.expect("done b");
    switch(&scene, &["--pop", "--pid", &scene.pid().to_string()]);
    scene.ask("f", &["done f"]);
    attached.detach("TERM").unwrap();
    ran(&scene, "mine", &[&ALPHA, &ALWAYS], &[&BETA, &CHILD]);
    ran(&scene, "both", &[&BETA, &CHILD, &ALWAYS], &[&ALPHA]);
    scene.end();
    other.end_input();
    other.expect_end_of_output();
}

#[test]
fn what_makes_no_sense_is_refused_and_says_why() {
    let mut scene = Scene::start("attach/switched");
    scene.session.expect("ready");
    let refused = |scene: &Scene, words: &[&str], cause: &str| {
        let said = cov_trace(scene, &[&["context"], words].concat());
        assert!(!said.status.success() && said.stderr.contains(cause), "{said:?}");
    };
    for option in ["--once", "--fork=inherit", "--only-new"] {
        let attached = scene.attach_with(&[option]);
        refused(&scene, &["a"], option);
        scene.let_go(attached);
    }
    refused(&scene, &["a"], "nothing is being measured");
    let attached = scene.attach();
    refused(&scene, &["--pop"], "none to come back to");
    refused(&scene, &["a", "1"], "process 1 is not being measured");
    refused(&scene, &[" "], "it is empty");
    refused(&scene, &[], "LABEL");
    scene.ask("a", &["done a"]);
    scene.let_go(attached);
    scene.end();
}

#[test]
fn whoever_is_killed_while_it_switches_the_program_goes_on_and_nothing_is_lost() {
    for victim in ["cov-supervisor", "cov-recorder", "cov-guard"] {
        let mut scene = Scene::start("attach/switched");
        scene.session.expect("ready");
        let attached = scene.attach();
        switch(&scene, &["first"]);
        scene.ask("a", &["done a"]);
        let pid = attached.process_named(victim).unwrap();
        std::thread::scope(|scope| {
            let (folder, data) = (scene.folder(), scene.data.as_path());
            scope.spawn(move || until_refused(folder, data));
            signal(pid, "KILL");
        });
        scene.ask("b", &["done b"]);
        scene.end();
        // Its end kills what is left of cov-trace.
        drop(attached);
        ran(&scene, "first", &[&ALPHA], &[&CHILD]);
    }
}

/// Switches again and again, a hundred times at most.
fn until_refused(folder: &Path, data: &Path) {
    for label in 0..100 {
        let mut command = Command::new(COV_TRACE);
        command.args(["context", &label.to_string(), "--data"]).arg(data);
        if !to_end(&mark(), folder, &mut command).status.success() {
            return;
        }
    }
}
