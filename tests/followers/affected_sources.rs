//! Which tests must run since sources and files changed, by git and by name.

use super::affected::{affected, labels, measure, reasons};
use super::asked::run;
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const LIBRARY: &str = r#"#include "library.h"
#define LIMIT 100
int twice(int a)
{
	return a + a;
}
int limited(int a)
{
	if (a > LIMIT)
		return LIMIT;
	return a;
}
int weighted(int a)
{
	if (a < 0) {
		return -1;
	}
	return a * 3;
}
"#;

const HEADER: &str = "int twice(int), limited(int), weighted(int);\n";

const TESTS: &str = r#"#include "library.h"
int failed;
static void check(int is_so)
{
	failed |= !is_so;
}
void test_twice(void)
{
	check(twice(2) == 4);
}
void test_keeps(void)
{
	check(limited(7) == 7);
}
void test_cuts(void)
{
	check(limited(1000) == 100);
}
void test_weight(void)
{
	check(weighted(2) == 6);
}
void test_minus(void)
{
	check(weighted(-2) == -1);
}
int main(void)
{
	test_twice();
	test_keeps();
	test_cuts();
	test_weight();
	test_minus();
	return failed;
}
"#;

const ALL: [&str; 5] = ["cuts", "keeps", "minus", "twice", "weight"];

pub fn git(folder: &Path, words: &[&str]) {
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let ran = run(folder, "git", &[&identity, words].concat());
    assert!(ran.status.success(), "{words:?}: {ran:?}");
}

pub fn built(folder: &Path, flags: &[&str]) {
    let words = [&["-g", "-o", "tests", "tests.c", "library.c"], flags].concat();
    let built = run(folder, "gcc", &words);
    assert!(built.status.success(), "{built:?}");
}

/// A committed project that was measured.
pub fn measured(flags: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let here = folder.path();
    for (name, text) in [
        ("library.c", LIBRARY),
        ("library.h", HEADER),
        ("tests.c", TESTS),
        ("README", "1"),
        (".gitignore", "tests\n*.o\n.cov-trace/\n"),
    ] {
        fs::write(here.join(name), text).unwrap();
    }
    git(here, &["init", "-q"]);
    git(here, &["add", "."]);
    git(here, &["commit", "-q", "-m", "first"]);
    built(here, flags);
    measure(here, &["--context-function=^test_(.*)", "--", "./tests"]);
    folder
}

/// Changes, and the tests that they concern before and after the program is built again.
const CHANGES: [(&str, &str, &[&str], &[&str]); 9] = [
    ("int weighted", "/* A comment. */\nint weighted", &[], &[]),
    ("return a + a;", "return a + a + 1;", &["twice"], &["twice"]),
    // One line of a function that others ran other lines of.
    ("return a;\n", "return a + 1;\n", &["keeps"], &["cuts", "keeps"]),
    // The name of a macro may hide anything.
    ("return LIMIT;", "return LIMIT + 1;", &["cuts", "keeps"], &["cuts", "keeps"]),
    ("return -1;", "return -2;", &["minus"], &["minus", "weight"]),
    ("return a * 3;", "return a * 4;", &["weight"], &["minus", "weight"]),
    ("return a * 3;", "a++;\n\treturn a * 3;", &["minus", "weight"], &["minus", "weight"]),
    // The header of a function, and what is outside of all.
    ("if (a < 0) {", "if (a <= 0) {", &["minus", "weight"], &["minus", "weight"]),
    ("LIMIT 100", "LIMIT 99", &ALL, &["cuts", "keeps"]),
];

#[test]
fn lines_that_changed_concern_who_ran_them() {
    for flags in [["-O0"], ["-O2"]] {
        let folder = measured(&flags);
        let here = folder.path();
        assert_eq!(affected(here, &["--diff", "HEAD"]).stdout, "", "nothing changed");
        for (from, to, before, after) in CHANGES {
            assert_eq!(LIBRARY.matches(from).count(), 1, "{from}");
            fs::write(here.join("library.c"), LIBRARY.replace(from, to)).unwrap();
            let told = affected(here, &["--diff", "HEAD"]);
            let expected = if flags == ["-O2"] && !before.is_empty() { &ALL } else { before };
            assert_eq!(labels(&told), expected.iter().copied().collect(), "{flags:?} {to}: {told:?}");
            let by_name = affected(here, &["--files", "library.c"]);
            let whole: BTreeSet<&str> =
                if before.is_empty() { BTreeSet::new() } else { expected.iter().copied().collect() };
            assert_eq!(labels(&by_name), whole, "{flags:?} {to}: {by_name:?}");
            built(here, &flags);
            let told = affected(here, &["--diff", "HEAD"]);
            let named = labels(&told);
            if flags == ["-O0"] {
                assert_eq!(named, after.iter().copied().collect(), "{to}: {told:?}");
            }
            assert!(after.iter().all(|test| named.contains(test)), "{flags:?} {to}: {told:?}");
        }
        fs::write(here.join("library.c"), LIBRARY).unwrap();
        assert_eq!(affected(here, &["--diff", "HEAD"]).stdout, "", "as it was measured, though the build is older");
    }
}

#[test]
fn reasons_name_the_lines() {
    let folder = measured(&["-O0"]);
    let here = folder.path();
    fs::write(here.join("library.c"), LIBRARY.replace("return -1;", "return -2;").replace("a + a", "2 * a")).unwrap();
    let said = reasons(here, &["--diff", "HEAD"]);
    assert_eq!(said["minus"], "library.c:16 changed, which it ran");
    assert_eq!(said["twice"], "library.c:5 changed, which it ran");
    git(here, &["commit", "-q", "-a", "-m", "second"]);
    fs::write(here.join("library.c"), LIBRARY.replace("return -1;", "return -3;")).unwrap();
    let said = reasons(here, &["--diff", "HEAD~1"]);
    assert_eq!(said.keys().collect::<Vec<_>>(), ["minus"], "what was measured is compared, not what is in between");
    let said = reasons(here, &["--diff", "HEAD"]);
    assert!(said.contains_key("minus"), "{said:?}");
    // Measured after the change: it is the lines of now that ran.
    fs::write(here.join("library.c"), LIBRARY.replace("return -1;", "return 0 - 1;")).unwrap();
    built(here, &["-O0"]);
    fs::remove_dir_all(here.join(".cov-trace")).unwrap();
    measure(here, &["--context-function=^test_(.*)", "--", "./tests"]);
    fs::write(here.join("README"), "1").unwrap();
    let said = reasons(here, &["--diff", "HEAD~1"]);
    assert_eq!(said.keys().collect::<Vec<_>>(), ["minus"], "{said:?}");
}

#[test]
fn a_line_does_not_tell_all_that_differs_of_a_build() {
    let folder = measured(&["-O0"]);
    let here = folder.path();
    let both = LIBRARY.replace("return -1;", "return -1 - LIMIT;").replace("a * 3", "a * LIMIT / 25");
    fs::write(here.join("library.c"), both).unwrap();
    assert_eq!(labels(&affected(here, &["--diff", "HEAD"])), ["minus", "weight"].into());
    for text in [LIBRARY, &LIBRARY.replace("LIMIT 100", "LIMIT 99").replace("return a;\n", "return a + 0;\n")] {
        fs::write(here.join("library.c"), text).unwrap();
        built(here, &["-O0"]);
        let told = affected(here, &["--diff", "HEAD"]);
        let expected: &[&str] = if text == LIBRARY { &[] } else { &["cuts", "keeps"] };
        assert_eq!(labels(&told), expected.iter().copied().collect(), "the macro is in other lines: {told:?}");
    }
}

#[test]
fn an_older_build_is_named_in_any_way() {
    let folder = measured(&["-O0"]);
    let here = folder.path();
    fs::write(here.join("library.c"), LIBRARY.replace("a * 3", "a * 4")).unwrap();
    fs::rename(here.join("tests"), here.join("old")).unwrap();
    built(here, &["-O0"]);
    fs::rename(here.join("tests"), here.join("new")).unwrap();
    fs::rename(here.join("old"), here.join("tests")).unwrap();
    fs::create_dir(here.join("below")).unwrap();
    std::os::unix::fs::symlink("tests", here.join("link")).unwrap();
    for old in ["tests", "./tests", "below/../tests", here.join("tests").to_str().unwrap()] {
        assert_eq!(labels(&affected(here, &["--binary", old, "new"])), ["minus", "weight"].into(), "{old}");
    }
    let told = affected(&here.join("below"), &["--data", "../.cov-trace", "--binary", "../tests", "../new"]);
    assert_eq!(labels(&told).len(), 2, "{told:?}");
    let none = run(here, COV_TRACE, &["affected", "--binary", "nope", "new"]);
    assert!(none.status.code() == Some(1) && none.stderr.contains("nope: no executable or library"), "{none:?}");
}

#[test]
fn what_is_not_known_concerns_all_tests() {
    let all: BTreeSet<&str> = ALL.into_iter().collect();
    let folder = measured(&["-O0"]);
    let here = folder.path();
    let is_all = |words: &[&str], cause: &str| {
        let told = affected(here, words);
        assert!(labels(&told) == all && told.stdout.contains(cause), "{words:?} {cause}: {told:?}");
    };
    fs::write(here.join("README"), "2").unwrap();
    is_all(&["--diff", "HEAD"], "README: it changed, no test is known to read it");
    assert_eq!(affected(here, &["--diff", "HEAD", "--ignore", "README"]).stdout, "");
    is_all(&["--files", "README"], "README: ");
    fs::write(here.join("README"), "1").unwrap();
    fs::write(here.join("new.c"), "int x;").unwrap();
    is_all(&["--diff", "HEAD"], "new.c: ");
    fs::remove_file(here.join("new.c")).unwrap();
    fs::remove_file(here.join("library.c")).unwrap();
    is_all(&["--diff", "HEAD"], "library.c: it is gone");
    fs::write(here.join("library.c"), LIBRARY.replace("a + a", "2 * a")).unwrap();
    // A text that git never had was measured.
    built(here, &["-O0"]);
    fs::remove_dir_all(here.join(".cov-trace")).unwrap();
    measure(here, &["--context-function=^test_(.*)", "--", "./tests"]);
    fs::write(here.join("library.c"), LIBRARY.replace("a + a", "a * 2")).unwrap();
    is_all(&["--diff", "HEAD"], "its text as it was measured is not known to git");
    fs::write(here.join("library.c"), LIBRARY).unwrap();
    git(here, &["clone", "-q", "--depth=1", &format!("file://{}", here.display()), "clone"]);
    fs::rename(here.join(".cov-trace"), here.join("clone/.cov-trace")).unwrap();
    let told = affected(&here.join("clone"), &["--diff", "HEAD~1"]);
    assert!(labels(&told) == all && told.stdout.contains("git fetch --unshallow"), "{told:?}");
    let told =
        run(&here.join("clone"), COV_TRACE, &["affected", "--diff", "HEAD", "--map", &format!("{}=.", here.display())]);
    assert!(told.stdout.contains("library.c: "), "{told:?}");
    let none = run(here, COV_TRACE, &["affected", "--data", "clone/.cov-trace", "--diff", "no_such"]);
    assert!(none.status.code() == Some(1) && none.stderr.contains("compare with \"no_such\""), "{none:?}");
}
