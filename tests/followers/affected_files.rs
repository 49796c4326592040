//! Which tests must run since files changed that they opened.

use super::affected::{affected, labels, measure, reasons};
use super::affected_sources::git;
use super::asked::run;
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each test opens a file in another way.
const TESTS: &str = r#"
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
void test_stream(void) { FILE *file = fopen("data/stream", "r"); if (file) fclose(file); }
void test_folder(void)
{
	int folder = open("data", O_RDONLY | O_DIRECTORY);
	close(openat(folder, "folder", O_RDONLY));
	close(folder);
}
void test_missing(void) { close(open("data/../data/./missing", O_RDONLY)); }
void test_link(void) { close(open("link/linked", O_RDONLY)); }
void test_list(void) { DIR *list = opendir("list"); if (list) closedir(list); }
void test_writes(void) { close(open("data/written", O_WRONLY | O_CREAT, 0644)); }
void test_child(void) { if (system("cat data/child >/dev/null")) exit(9); }
void test_thread_of_shell(void) { if (system("cd data; (. ./script)")) exit(9); }
int main(void)
{
	close(open("data/shared", O_RDONLY));
	test_stream(), test_folder(), test_missing(), test_link();
	test_list(), test_writes(), test_child(), test_thread_of_shell();
	return 0;
}
"#;

const ALL: [&str; 8] = ["child", "folder", "link", "list", "missing", "stream", "thread_of_shell", "writes"];

fn project(flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let here = folder.path();
    fs::create_dir(here.join("data")).unwrap();
    fs::create_dir(here.join("list")).unwrap();
    for name in ["stream", "folder", "linked", "child", "shared", "script", "unread"] {
        fs::write(here.join("data").join(name), "true\n").unwrap();
    }
    fs::write(here.join("list/one"), "").unwrap();
    std::os::unix::fs::symlink("data", here.join("link")).unwrap();
    fs::write(here.join("tests.c"), TESTS).unwrap();
    fs::write(here.join(".gitignore"), "/tests\n.cov-trace/\ndata/written\n").unwrap();
    git(here, &["init", "-q"]);
    git(here, &["add", "."]);
    git(here, &["commit", "-q", "-m", "first"]);
    built(here, flags);
    folder
}

fn built(here: &Path, flags: &[&str]) {
    let built = run(here, "gcc", &[&["-g", "-o", "tests", "tests.c"], flags].concat());
    assert!(built.status.success(), "{built:?}");
}

const BY_FUNCTION: &str = "--context-function=^test_(.*)";

/// What is said after a file has got another text, which it loses again.
fn changed(here: &Path, name: &str) -> BTreeSet<String> {
    let before = fs::read(here.join(name)).ok();
    fs::write(here.join(name), "false\n").unwrap();
    let told = affected(here, &["--diff", "HEAD"]);
    match before {
        Some(text) => fs::write(here.join(name), text).unwrap(),
        None => fs::remove_file(here.join(name)).unwrap(),
    }
    labels(&told).into_iter().map(str::to_owned).collect()
}

#[test]
fn files_concern_who_read_them() {
    let folder = project(&[]);
    let here = folder.path();
    measure(here, &["--files", BY_FUNCTION, "--", "./tests"]);
    assert_eq!(affected(here, &["--diff", "HEAD"]).stdout, "");
    for (revision, cause) in [("HEAD..HEAD", "it is a range"), ("nothing", "there is no such revision")] {
        let told = run(here, COV_TRACE, &["affected", "--diff", revision]);
        assert!(told.status.code() == Some(1) && told.stderr.contains(cause), "{told:?}");
    }
    for (name, expected) in [
        ("data/stream", &["stream"][..]),
        ("data/folder", &["folder"]),
        ("data/linked", &["link"]),
        ("data/child", &["child"]),
        ("data/script", &["thread_of_shell"]),
        ("data/shared", &ALL),
        // What nobody read may be a part of the program, which is older.
        ("data/unread", &ALL),
        // New files may concern anybody.
        ("data/missing", &ALL),
        ("list/two", &ALL),
    ] {
        assert_eq!(changed(here, name), expected.iter().map(|test| (*test).to_owned()).collect(), "{name}");
    }
    let said = reasons(here, &["--files", "data/stream", "data/linked"]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said["stream"], "data/stream changed, which it read");
    assert_eq!(reasons(here, &["--files", "data/missing"]).keys().collect::<Vec<_>>(), ["missing"]);
    // Nobody has to say that a file changed which a test read, also if git knows nothing of it.
    fs::write(here.join("data/stream"), "false\n").unwrap();
    fs::write(here.join(".git/info/exclude"), "data/ignored\n").unwrap();
    fs::rename(here.join("data/folder"), here.join("data/ignored")).unwrap();
    std::os::unix::fs::symlink("ignored", here.join("data/folder")).unwrap();
    assert_eq!(labels(&affected(here, &[])), ["stream"].into());
    fs::write(here.join("data/ignored"), "false\n").unwrap();
    assert_eq!(labels(&affected(here, &[])), ["folder", "stream"].into());
    fs::remove_file(here.join("data/folder")).unwrap();
    fs::remove_file(here.join("data/ignored")).unwrap();
    fs::write(here.join("data/folder"), "true\n").unwrap();
    fs::write(here.join("data/missing"), "").unwrap();
    assert_eq!(labels(&affected(here, &[])), ["missing", "stream"].into(), "it was not there");
    fs::remove_file(here.join("data/missing")).unwrap();
    fs::write(here.join("data/stream"), "true\n").unwrap();
    assert_eq!(affected(here, &[]).stdout, "");
    let by_link = here.with_extension("link");
    std::os::unix::fs::symlink(here, &by_link).unwrap();
    let named = affected(here, &["--files", by_link.join("data/linked").to_str().unwrap()]);
    fs::remove_file(&by_link).unwrap();
    assert_eq!(labels(&named), ["link"].into(), "{named:?}");
    fs::remove_file(here.join("data/folder")).unwrap();
    assert_eq!(labels(&affected(here, &["--diff", "HEAD"])), ["folder"].into());
    fs::write(here.join("data/folder"), "true\n").unwrap();
    fs::remove_file(here.join("data/unread")).unwrap();
    assert_eq!(labels(&affected(here, &["--diff", "HEAD"])), ALL.into(), "somebody may have listed the folder");
    fs::write(here.join("data/unread"), "false\n").unwrap();
    built(here, &[]);
    let told = affected(here, &["--files", "data/unread"]);
    assert_eq!(labels(&told), [].into(), "the build that was made since is the same: {told:?}");
    // A source changed, and nothing was built since.
    fs::write(here.join("tests.c"), TESTS.replace("return 0;", "return 0 + 0;")).unwrap();
    let told = affected(here, &["--files", "tests.c", "data/unread"]);
    assert_eq!(labels(&told), ALL.into(), "{told:?}");
}

#[test]
fn files_that_cannot_be_seen_may_concern_all() {
    let all: BTreeSet<String> = ALL.iter().map(|test| (*test).to_owned()).collect();
    let folder = project(&[]);
    let here = folder.path();
    measure(here, &[BY_FUNCTION, "--", "./tests"]);
    assert_eq!(changed(here, "data/unread"), all, "nobody looked");
    fs::remove_dir_all(here.join(".cov-trace")).unwrap();
    measure(here, &["--files", "--context-by=process", "--context-template={name}", "--", "./tests"]);
    fs::write(here.join("data/unread"), "false\n").unwrap();
    built(here, &[]);
    assert_eq!(affected(here, &["--diff", "HEAD"]).stdout, "");
    assert_eq!(changed(here, "data/child"), ["cat".to_owned()].into());
    // Those of the same command at another time are in other files; combining keeps all.
    let combined = run(here, COV_TRACE, &["combine", "-o", "combined", ".cov-trace"]);
    assert!(combined.status.success(), "{combined:?}");
    let told = affected(here, &["--data", "combined", "--files", "data/child"]);
    assert_eq!(labels(&told), ["cat"].into(), "{told:?}");
}
