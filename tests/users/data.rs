//! Data directories, runs and configurations.

use super::scene::{Scene, give_all_away, give_away, is_root};
use crate::report::{RUN, listing};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// A run that was cut short, with a process in its journal.
fn forge_run(data: &Path) -> std::path::PathBuf {
    let run = data.join("run-20261123T020304.000Z-9");
    fs::create_dir(&run).unwrap();
    fs::write(run.join("lock"), "").unwrap();
    let journal = "{\"Process\":{\"process\":0,\"pid\":77,\"start_ticks\":1,\"maker\":null,\"parent\":1,\"started\":0,\
                   \"attached\":null}}\n\
                   {\"Exec\":{\"process\":0,\"at\":0,\"exe\":\"/bin/true\",\"argv\":[],\"cwd\":\"/\"}}\n";
    fs::write(run.join("journal"), journal).unwrap();
    run
}

/// The pids that the next commands may have.
fn coming_pids() -> impl Iterator<Item = u32> {
    let own = std::process::id();
    own..own + 1000
}

#[test]
fn a_forged_run_is_recovered_and_leads_nowhere() {
    let scene = Scene::new();
    let data = scene.measurements.data().path().to_owned();
    let run = forge_run(&data);
    symlink("../../made", run.join("marks")).unwrap();
    symlink("../../victim", run.join("0.facts")).unwrap();
    // Where a name could be guessed, a link would be there.
    let (taken, name) = ("0-20261123T020304.000Z-9-1.sqlite", "0-20261123T020304.000Z-9-2.sqlite");
    for pid in coming_pids() {
        symlink("../victim", data.join(format!(".{name}.{pid}.tmp"))).unwrap();
        symlink("../victim", data.join(format!("known-lines.{pid}"))).unwrap();
    }
    symlink("../victim", data.join(taken)).unwrap();
    let refused = scene.run(&["report"]);
    assert!(refused.stderr.contains("a symbolic link, not a regular file"), "{refused:?}");
    assert!(run.exists(), "what could not be read stays");
    fs::remove_file(run.join("marks")).unwrap();
    let recovered = scene.run(&["report"]);
    assert!(recovered.stderr.contains("recovered 1 process"), "{recovered:?}");
    assert!(!run.exists() && data.join(name).symlink_metadata().unwrap().is_file());
    scene.run(&["-q", "--only-new", "--no-cache", "--", "true"]);
    assert!(data.join("known-lines").is_file());
    symlink("../victim", data.join(format!("9-{RUN}-9.sqlite"))).unwrap();
    let report = scene.run(&["report"]);
    assert!(report.stderr.contains("left out") && report.stderr.contains("symbolic link"), "{report:?}");
    let erased = scene.run(&["erase"]);
    assert!(erased.stdout.contains("unfinished files"), "{erased:?}");
}

#[test]
fn a_socket_that_is_a_link_is_not_asked() {
    let scene = Scene::new();
    let run = forge_run(scene.measurements.data().path());
    let lock = fs::File::open(run.join("lock")).unwrap();
    lock.lock().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(scene.path("socket")).unwrap();
    symlink("../../socket", run.join("control")).unwrap();
    for command in ["status", "flush", "detach"] {
        let asked = scene.run(&[command]);
        assert!(asked.status == Some(1) && asked.stderr.contains("ENOTSOCK"), "{command}: {asked:?}");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn a_data_directory_of_another_user_is_refused_with_the_way_out() {
    if !is_root() {
        return the_owner_of_a_data_directory_is_looked_at();
    }
    let scene = Scene::new();
    let data = scene.measurements.data().path().to_owned();
    forge_run(&data);
    give_all_away(&data);
    let before = listing(&data);
    let commands: [&[&str]; 9] = [
        &["report"],
        &["show", "a.c"],
        &["html"],
        &["lcov"],
        &["coveragepy"],
        &["ps"],
        &["status"],
        &["erase"],
        &["combine", "-o", "all", ".cov-trace"],
    ];
    for command in commands {
        let refused = scene.run(command);
        assert_eq!(refused.status, Some(1), "{command:?}: {refused:?}");
        for told in ["belongs to user nobody (uid 65534)", "--trust-owner", "COV_TRACE_TRUST_OWNER"] {
            assert!(refused.stderr.contains(told), "{command:?}: {refused:?}");
        }
    }
    let unmeasured = scene.run(&["--", "sh", "-c", "exit 7"]);
    assert_eq!(unmeasured.status, Some(7));
    assert!(unmeasured.stderr.contains("runs unmeasured") && unmeasured.stderr.contains("--trust-owner"));
    assert_eq!(listing(&data), before, "nothing was written");
    let trusted = scene.run(&["report", "--trust-owner"]);
    assert!(trusted.status == Some(0) && trusted.stderr.contains("recovered 1 process"), "{trusted:?}");
    let mut command = scene.measurements.command(&["ps"]);
    command.env("COV_TRACE_TRUST_OWNER", "1");
    assert_eq!(crate::report::finish(command).status, Some(0));
    let mut command = scene.measurements.command(&["report"]);
    command.env("SUDO_UID", super::scene::NOBODY.to_string());
    assert_eq!(crate::report::finish(command).status, Some(0), "the user who became root");
}

/// An ordinary user has no second one, but root's directories, which are trusted.
fn the_owner_of_a_data_directory_is_looked_at() {
    let scene = Scene::new();
    let refused = scene.run(&["report", "--data", "/usr"]);
    assert!(refused.status == Some(1) && !refused.stderr.contains("--trust-owner"), "{refused:?}");
}

#[test]
fn a_run_of_another_user_is_not_recovered() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let run = forge_run(scene.measurements.data().path());
    give_all_away(&run);
    let report = scene.run(&["report"]);
    assert!(report.status == Some(0) && report.stderr.contains("belongs to user nobody"), "{report:?}");
    assert!(run.join("journal").exists());
    let erased = scene.run(&["erase"]);
    assert!(erased.stdout.contains("1 run that was cut short") && !run.exists(), "{erased:?}");
}

#[test]
fn a_link_of_another_user_is_no_data_directory() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let data = scene.measurements.data().path().to_owned();
    fs::rename(&data, scene.path("elsewhere")).unwrap();
    scene.link_of_nobody("elsewhere", ".cov-trace");
    scene.link_of_nobody(".", "here");
    let before = listing(&scene.path("elsewhere"));
    for arguments in
        [&["erase"][..], &["report"], &["report", "--data", "here/elsewhere"], &["erase", "--data=here/elsewhere"]]
    {
        let refused = scene.run(arguments);
        assert!(refused.status == Some(1) && refused.stderr.contains("symbolic link of user nobody"), "{refused:?}");
    }
    assert_eq!(listing(&scene.path("elsewhere")), before);
    let combined = scene.run(&["combine", "--delete", "-o", "all", &format!("here/elsewhere/5-{RUN}-5.sqlite")]);
    assert!(combined.status == Some(1) && combined.stderr.contains("symbolic link of user nobody"), "{combined:?}");
    // One's own is followed.
    fs::remove_file(&data).unwrap();
    symlink("elsewhere", &data).unwrap();
    assert_eq!(scene.run(&["report"]).status, Some(0));
}

#[test]
fn options_of_another_user_are_not_taken() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let config = scene.path("cov-trace.toml");
    fs::write(&config, "[lcov]\noutput = \"victim\"\n").unwrap();
    give_away(&config);
    let deep = scene.path("deep/er");
    fs::create_dir_all(&deep).unwrap();
    for cwd in [scene.path(""), deep] {
        let mut command = scene.measurements.command(&["lcov"]);
        command.current_dir(cwd).env("COV_TRACE_DATA", scene.measurements.data().path());
        let refused = crate::report::finish(command);
        assert_eq!(refused.status, Some(1), "{refused:?}");
        for told in ["cov-trace.toml", "belongs to user nobody", "--no-config", "--config"] {
            assert!(refused.stderr.contains(told), "{refused:?}");
        }
    }
    assert_eq!(scene.run(&["report", "--no-config"]).status, Some(0));
    assert_eq!(scene.run(&["report", "--config", "cov-trace.toml"]).status, Some(0), "named, so meant");
    fs::remove_file(&config).unwrap();
    scene.link_of_nobody("victim", "cov-trace.toml");
    let refused = scene.run(&["report"]);
    assert!(refused.status == Some(1) && refused.stderr.contains("symbolic link of user nobody"), "{refused:?}");
}
