//! What is written where a user said.

use super::scene::{Scene, give_all_away, give_away, is_root, open_to_all};
use std::fs;
use std::os::unix::fs::symlink;

/// Every command that writes one file.
const FORMATS: [&str; 6] = ["lcov", "cobertura", "json", "codecov", "sonarqube", "coveralls"];

#[test]
fn a_result_replaces_a_file_and_never_what_else_has_its_bytes() {
    let scene = Scene::new();
    for format in FORMATS {
        fs::hard_link(scene.path("victim"), scene.path("out")).unwrap();
        assert_eq!(scene.run(&[format, "-o", "out"]).status, Some(0));
        assert!(fs::read_to_string(scene.path("out")).unwrap().contains("a.c"), "{format}");
        fs::remove_file(scene.path("out")).unwrap();
    }
    fs::write(scene.path("real"), "").unwrap();
    symlink("real", scene.path("own")).unwrap();
    assert_eq!(scene.run(&["lcov", "-o", "own"]).status, Some(0));
    assert!(fs::read_to_string(scene.path("real")).unwrap().contains("SF:"), "one's own link is followed");
    assert!(scene.run(&["lcov", "-o", "/dev/stdout"]).stdout.contains("SF:"));
    assert_eq!(scene.run(&["lcov", "-o", "/dev/null"]).status, Some(0));
    for target in [".", "deep/none", "a.c/below"] {
        let refused = scene.run(&["lcov", "-o", target]);
        assert!(refused.status == Some(1) && refused.stderr.contains(&format!("write {target}")), "{refused:?}");
    }
}

#[test]
fn a_result_is_not_written_through_another_users_link() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    scene.link_of_nobody("victim", "out");
    scene.link_of_nobody("made", "dangling");
    scene.link_of_nobody(".", "here");
    symlink("out", scene.path("own")).unwrap();
    for format in FORMATS {
        for target in ["out", "dangling", "here/victim", "own"] {
            let refused = scene.run(&[format, "-o", target]);
            assert_eq!(refused.status, Some(1), "{format} {target}: {refused:?}");
            assert!(refused.stderr.contains("symbolic link of user nobody"), "{format} {target}: {refused:?}");
        }
    }
    for arguments in [
        &["html", "-o", "here/site"][..],
        &["html", "-o", "dangling"],
        &["coveragepy", "-o", "here"],
        &["combine", "-o", "dangling", ".cov-trace"],
        &["man", "-o", "here"],
        &["--data", "here/data", "--", "true"],
    ] {
        let refused = scene.run(arguments);
        assert!(refused.stderr.contains("symbolic link of user nobody"), "{arguments:?}: {refused:?}");
    }
    scene.run(&["--quiet", "--stop-log", "out", "--", "true"]);
}

#[test]
fn a_folder_of_another_user_is_written_to_by_single_names() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let theirs = scene.path("theirs");
    fs::create_dir(&theirs).unwrap();
    for name in ["cov-trace.json", "cov-trace.1", "x.lcov"] {
        symlink("../victim", theirs.join(name)).unwrap();
    }
    give_all_away(&theirs);
    assert_eq!(scene.run(&["coveragepy", "-o", "theirs"]).status, Some(0));
    assert!(theirs.join("cov-trace.json").symlink_metadata().unwrap().is_file());
    assert_eq!(scene.run(&["man", "-o", "theirs"]).status, Some(1));
    fs::write(theirs.join("plain"), "theirs").unwrap();
    give_away(&theirs.join("plain"));
    assert_eq!(scene.run(&["lcov", "-o", "theirs/plain"]).status, Some(0));
    // A pipe of theirs is not waited for.
    let pipe = theirs.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    give_away(&pipe);
    assert_eq!(scene.run(&["lcov", "-o", "theirs/pipe"]).status, Some(1));
}

#[test]
fn a_site_replaces_only_a_site_of_ones_own() {
    let scene = Scene::new();
    symlink(".", scene.path("here")).unwrap();
    for target in ["site", "site", "here/new/site", "here/../site"] {
        let target = if target == "here/../site" { scene.path("here/site") } else { target.into() };
        let written = scene.run(&["html", "-o", target.to_str().unwrap()]);
        assert_eq!(written.status, Some(0), "{written:?}");
    }
    // A mark that is no file of one's own says nothing.
    let shared = scene.path("shared");
    fs::create_dir(&shared).unwrap();
    open_to_all(&shared);
    fs::write(shared.join("precious"), "").unwrap();
    symlink("precious", shared.join(".cov-trace-html")).unwrap();
    assert_eq!(scene.run(&["html", "-o", "shared"]).status, Some(1));
    if is_root() {
        fs::remove_file(shared.join(".cov-trace-html")).unwrap();
        fs::write(shared.join(".cov-trace-html"), "").unwrap();
        give_away(&shared.join(".cov-trace-html"));
        let refused = scene.run(&["html", "-o", "shared"]);
        assert!(refused.status == Some(1) && refused.stderr.contains("no report of cov-trace"), "{refused:?}");
        give_all_away(&scene.path("site"));
        let refused = scene.run(&["html", "-o", "site"]);
        assert!(refused.status == Some(1) && refused.stderr.contains("belongs to user nobody"), "{refused:?}");
    }
    assert!(shared.join("precious").exists());
}
