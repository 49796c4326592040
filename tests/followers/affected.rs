//! Which tests must run since a program was built again.

use super::asked::run;
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use testing::run::Outcome;

const TESTS: &str = r#"
#include <gtest/gtest.h>
#include <string>
#define LIMIT 100
static int weight = 3;
static const char *const words[] = {"zero", "one", "two"};
static int twice(int a) { return a + a; }
static int limited(int a) { return a > LIMIT ? LIMIT : a; }
static int weighted(int a) { return a * weight; }
static const char *word(int a) { return words[a % 3]; }
template <typename T> static T smaller(T a, T b) { return a < b ? a : b; }
struct Shape { virtual ~Shape() {} virtual int sides() const { return 0; } };
struct Square : Shape { int sides() const override { return 4; } };
static int shared_by_all = twice(4);
static int of_both(int a)
{
	if (a < 0)
		return -1;
	return twice(a);
}
TEST(Twice, adds) { EXPECT_EQ(twice(2), 4); }
TEST(Limit, keeps) { EXPECT_EQ(limited(7), 7); }
TEST(Limit, cuts) { EXPECT_EQ(limited(1000), 100); }
TEST(Weight, counts) { EXPECT_EQ(weighted(2), 6); }
TEST(Words, are_known) { EXPECT_EQ(std::string(word(1)), "one"); }
TEST(Smaller, of_numbers) { EXPECT_EQ(smaller(1, 2), 1); }
TEST(Smaller, of_letters) { EXPECT_EQ(smaller('a', 'b'), 'a'); }
TEST(Shapes, have_sides)
{
	Shape *shape = new Square;
	EXPECT_EQ(shape->sides(), 4);
	delete shape;
}
TEST(Both, are_positive) { EXPECT_EQ(of_both(-1) + limited(1), 0); }
TEST(Alone, is_alone) { EXPECT_NE(shared_by_all, 0); }
"#;

const ALL: [&str; 10] = [
    "Alone.is_alone",
    "Both.are_positive",
    "Limit.cuts",
    "Limit.keeps",
    "Shapes.have_sides",
    "Smaller.of_letters",
    "Smaller.of_numbers",
    "Twice.adds",
    "Weight.counts",
    "Words.are_known",
];

/// Changes, and the tests that they concern.
const CHANGES: [(&str, &str, &[&str]); 9] = [
    ("static int weight = 3;", "// Nothing else.\n\nstatic int weight = 3;", &[]),
    ("LIMIT 100", "LIMIT 99", &["Both.are_positive", "Limit.cuts", "Limit.keeps"]),
    ("weight = 3", "weight = 4", &["Weight.counts"]),
    ("\"one\", \"two\"", "\"ones\", \"two\"", &["Words.are_known"]),
    ("a < b ? a : b", "b < a ? a : b", &["Smaller.of_letters", "Smaller.of_numbers"]),
    ("return 4;", "return 3;", &["Shapes.have_sides"]),
    ("return -1;", "return -2;", &["Both.are_positive"]),
    // It runs before all tests, too.
    ("a + a", "a + a + 1", &ALL),
    (
        "Square : Shape { int sides() const override { return 4; } }",
        "Square : Shape { int side; }",
        &["Shapes.have_sides"],
    ),
];

#[track_caller]
fn built(folder: &Path, source: &str, flags: &[&str]) {
    fs::write(folder.join("tests.cc"), source).unwrap();
    let words = [&["-g", "-pthread", "-o", "tests", "tests.cc"], flags, &["-lgtest", "-lgtest_main"]].concat();
    let built = run(folder, "g++", &words);
    assert!(built.status.success(), "{built:?}");
}

/// Measures with options, and a program.
#[track_caller]
pub fn measure(folder: &Path, words: &[&str]) {
    let measured = run(folder, COV_TRACE, &[&["-q"], words].concat());
    assert!(measured.status.success(), "{measured:?}");
}

/// What is said of each test that must run.
pub fn reasons(folder: &Path, words: &[&str]) -> BTreeMap<String, String> {
    let told = affected(folder, words);
    let lines = told.stdout.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(label, reasons)| (label.to_owned(), reasons.to_owned())).collect()
}

#[track_caller]
pub fn affected(folder: &Path, words: &[&str]) -> Outcome {
    let told = run(folder, COV_TRACE, &[&["affected"], words].concat());
    assert!(told.status.success(), "{told:?}");
    told
}

/// The labels of the tests that are named.
pub fn labels(told: &Outcome) -> BTreeSet<&str> {
    told.stdout.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect()
}

/// The tests that a test program says it ran, and those that failed.
fn ran(outcome: &Outcome) -> (BTreeSet<String>, BTreeSet<String>) {
    let after = |start: &str| {
        let lines = outcome.stdout.lines().filter_map(|line| line.strip_prefix(start));
        lines
            .filter(|name| name.contains('.') && name.ends_with("ms)"))
            .map(|name| name.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let failed: BTreeSet<String> = after("[  FAILED  ] ");
    let passed: BTreeSet<String> = after("[       OK ] ");
    (passed.union(&failed).cloned().collect(), failed)
}

#[test]
fn tests_are_affected_that_ran_what_does_something_else() {
    for flags in [&["-O0"][..], &["-O1", "-no-pie"]] {
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        built(folder.path(), TESTS, flags);
        let measured = run(folder.path(), COV_TRACE, &["-q", "--context-by=gtest", "--", "./tests"]);
        assert!(measured.status.success(), "{measured:?}");
        assert_eq!(affected(folder.path(), &[]).stdout, "", "nothing was changed");
        for (from, to, expected) in CHANGES {
            assert_eq!(TESTS.matches(from).count(), 1, "{from}");
            built(folder.path(), &TESTS.replace(from, to), flags);
            let told = affected(folder.path(), &[]);
            let (_, failed) = ran(&run(folder.path(), "./tests", &[]));
            let named = labels(&told);
            assert!(failed.iter().all(|test| named.contains(test.as_str())), "{flags:?} {to}: {failed:?} {told:?}");
            if flags == ["-O0"] {
                assert_eq!(named, expected.iter().copied().collect(), "{to}: {told:?}");
            }
            let skipped = affected(folder.path(), &["--format=gtest"]);
            let filtered = run(folder.path(), "./tests", &[skipped.stdout.trim()]);
            assert_eq!(ran(&filtered).0, named.iter().map(|name| (*name).to_owned()).collect(), "{to}");
        }
        built(folder.path(), TESTS, flags);
        assert_eq!(affected(folder.path(), &[]).stdout, "", "as it was");
    }
}

#[test]
fn what_is_not_known_concerns_all_tests_that_it_may() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let here = folder.path();
    built(here, TESTS, &["-O0"]);
    let none = run(here, COV_TRACE, &["affected"]);
    assert!(none.status.code() == Some(1) && none.stderr.contains("no measurements"), "{none:?}");
    assert!(run(here, COV_TRACE, &["-q", "--context-by=gtest", "--", "./tests"]).status.success());
    let all: BTreeSet<&str> = ALL.into_iter().collect();
    let told = affected(here, &["--always", "Words.*"]);
    assert_eq!(told.stdout, "Words.are_known: --always names it\n");
    assert!(!told.stderr.contains("warning"), "{told:?}");
    let told = affected(here, &["--always", "Words.*", "--always", "Wrods.*"]);
    let warning = "cov-trace: warning: --always Wrods.*: no test that was measured is called so\n";
    assert!(told.status.success() && told.stderr.starts_with(warning), "{told:?}");
    fs::rename(here.join("tests"), here.join("before")).unwrap();
    let told = affected(here, &[]);
    assert_eq!(labels(&told), all, "it is gone");
    assert!(told.stdout.contains("cannot be read"), "{told:?}");
    assert_eq!(affected(here, &["--binary", "tests", "before"]).stdout, "", "it is elsewhere");
    built(here, TESTS, &["-O0", "-Wl,--no-as-needed", "-lresolv"]);
    let told = affected(here, &[]);
    assert!(labels(&told) == all && told.stdout.contains("a library that it needs"), "{told:?}");
    let changed = TESTS.replace("weight = 3", "weight = 4");
    built(here, &changed, &["-O0"]);
    for digests in fs::read_dir(here.join(".cov-trace/images")).unwrap().map(|entry| entry.unwrap().path()) {
        if digests.extension().is_some_and(|extension| extension == "code") {
            fs::remove_file(digests).unwrap();
        }
    }
    let told = affected(here, &[]);
    assert!(labels(&told) == all && told.stdout.contains("do not have the digests of its code"), "{told:?}");
}

#[test]
fn what_failed_the_last_time_must_run_again() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let here = folder.path();
    built(here, &TESTS.replace("LIMIT 100", "LIMIT 99"), &["-O0"]);
    let by_process = ["-q", "--context-by=process", "--context-template={argv1}"];
    let measured = |test: &str, status: i32| {
        let words = ["--", "./tests", &format!("--gtest_filter={test}")];
        let measured = run(here, COV_TRACE, &[&by_process[..], &words].concat());
        assert_eq!(measured.status.code(), Some(status), "{measured:?}");
    };
    measured("Limit.cuts", 1);
    measured("Twice.adds", 0);
    assert_eq!(
        affected(here, &[]).stdout,
        "--gtest_filter=Limit.cuts: it, or the program that it is a part of, failed the last time\n"
    );
    built(here, TESTS, &["-O0"]);
    measured("Limit.cuts", 0);
    // It ran another build the last time.
    assert_eq!(affected(here, &[]).stdout, "", "the newest run of a test counts");
    built(here, &TESTS.replace("a + a", "a + 2 * a"), &["-O0"]);
    let told = affected(here, &[]);
    let both = ["--gtest_filter=Limit.cuts", "--gtest_filter=Twice.adds"];
    assert_eq!(labels(&told), both.into(), "{told:?}");
}

#[test]
fn code_that_is_not_measured_concerns_who_uses_it() {
    const LIBRARY: &str = "int helper(int a) { return a + 1; }\nint unused(int a) { return a + 2; }\n";
    const PROGRAM: &str = r#"
int helper(int), unused(int);
__attribute__((noinline)) static int uses(int a) { return helper(a); }
__attribute__((noinline)) static int does_not(int a) { return a; }
int test_one(void) { return uses(1); }
int test_two(void) { return does_not(2); }
int main(int count, char **words)
{
	return test_one() + test_two() + (count > 9 ? unused(count) : 0) == 4 && words ? 0 : 1;
}
"#;
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let here = folder.path();
    let made = |library: &str| {
        fs::write(here.join("library.c"), library).unwrap();
        fs::write(here.join("program.c"), PROGRAM).unwrap();
        assert!(run(here, "gcc", &["-O0", "-c", "library.c"]).status.success());
        assert!(run(here, "gcc", &["-g", "-O0", "-o", "program", "program.c", "library.o"]).status.success());
    };
    made(LIBRARY);
    let measured = run(here, COV_TRACE, &["-q", "--context-function=^test_(.*)", "--", "./program"]);
    assert!(measured.status.success(), "{measured:?}");
    made(&LIBRARY.replace("a + 1", "a + 3"));
    let told = affected(here, &[]);
    assert_eq!(labels(&told), ["one"].into(), "{told:?}");
    assert!(told.stdout.contains("helper of ") && told.stdout.contains("which uses uses"), "{told:?}");
    made(&LIBRARY.replace("a + 2", "a + 3"));
    let told = affected(here, &[]);
    assert_eq!(labels(&told), ["one", "two"].into(), "main uses it, which ran outside the tests: {told:?}");
}
