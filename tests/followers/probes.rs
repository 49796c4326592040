//! Programs that switch their context by a probe of their own.

use super::asked::{run, who};
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use std::fs;
use tempfile::TempDir;
use testing::run::Outcome;

/// Labels that are hostile, and threads that switch at once.
const HOSTILE: &str = r#"
#include "cov_trace_context.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static volatile int sum;
static char long_label[100000];
static void long_one(void)
{
	sum += 1;
}
static void nowhere(void)
{
	sum += 2;
}
static void *switching(void *label)
{
	for (int i = 0; i < 20; i++) {
		COV_TRACE_CONTEXT(label);
		sum += 3;
		COV_TRACE_CONTEXT(NULL);
	}
	return NULL;
}
int main(void)
{
	pthread_t threads[4];
	const char *labels[] = {"a", "b", "\x1b[31m<b>", "\xff\xfe"};
	COV_TRACE_CONTEXT(NULL);
	memset(long_label, 'x', sizeof long_label - 1);
	COV_TRACE_CONTEXT(long_label);
	long_one();
	COV_TRACE_CONTEXT((char *)8);
	nowhere();
	COV_TRACE_CONTEXT("");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, switching, (void *)labels[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", sum);
	return 0;
}
"#;

/// A folder with the program of this source, which was measured.
#[track_caller]
fn measured(source: &str, options: &[&str]) -> (TempDir, Outcome) {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join("program.c"), source).unwrap();
    let headers = format!("-I{}/samples/contexts", env!("CARGO_MANIFEST_DIR"));
    let built = run(folder.path(), "gcc", &["-g", "-O0", "-pthread", &headers, "-o", "program", "program.c"]);
    assert!(built.status.success(), "{built:?}");
    let traced = run(folder.path(), COV_TRACE, &[options, &["--", "./program"]].concat());
    assert!(traced.status.success(), "{traced:?}");
    (folder, traced)
}

#[test]
fn what_runs_is_in_the_context_that_the_program_says() {
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/contexts/probe.c")).unwrap();
    let (folder, _) = measured(&source, &["-q"]);
    assert_eq!(who(folder.path(), "add"), ["add, twice"]);
    assert_eq!(who(folder.path(), "subtract"), ["subtract"]);
    assert_eq!(who(folder.path(), "in_child"), ["subtract"]);
    assert_eq!(who(folder.path(), "both"), ["", "add, twice", "subtract"]);
}

#[test]
fn each_test_of_googletest_has_a_context() {
    const TESTS: &str = r#"
#include <gtest/gtest.h>
static int add(int a, int b)
{
	return a + b;
}
static int twice(int a)
{
	return add(a, a);
}
struct Numbers : testing::TestWithParam<int> {};
TEST(Sum, OfTwo)
{
	EXPECT_EQ(add(1, 2), 3);
}
TEST(Sum, Fails)
{
	ASSERT_EQ(add(1, 2), 4);
	twice(1);
}
TEST_P(Numbers, Twice)
{
	EXPECT_EQ(twice(GetParam()), 2 * GetParam());
}
INSTANTIATE_TEST_SUITE_P(Some, Numbers, testing::Values(3, 4));
"#;
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join("tests.cc"), TESTS).unwrap();
    let parts = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/contexts");
    fs::copy(format!("{parts}/googletest.cc"), folder.path().join("listener.cc")).unwrap();
    let headers = format!("-I{parts}");
    let words =
        ["-g", "-O0", &headers, "-o", "tests", "tests.cc", "listener.cc", "-lgtest", "-lgtest_main", "-pthread"];
    let built = run(folder.path(), "g++", &words);
    assert!(built.status.success(), "{built:?}");
    let traced = run(folder.path(), COV_TRACE, &["-q", "--", "./tests"]);
    assert_eq!(traced.status.code(), Some(1), "{traced:?}");
    let all = ["Some/Numbers.Twice/0", "Some/Numbers.Twice/1", "Sum.Fails", "Sum.OfTwo"];
    assert_eq!(who(folder.path(), "add"), all);
    assert_eq!(who(folder.path(), "twice"), all[..2]);
}

#[test]
fn labels_that_are_hostile_do_no_harm() {
    let (folder, traced) = measured(HOSTILE, &["-q"]);
    let [long] = &who(folder.path(), "long_one")[..] else { panic!("one context") };
    assert_eq!(long, &"x".repeat(4096));
    // Of a label that cannot be read nothing is known, so the context stays.
    assert_eq!(who(folder.path(), "nowhere"), std::slice::from_ref(long));
    assert!(traced.stdout.trim().parse::<u32>().is_ok_and(|sum| sum > 3), "{traced:?}");
    let told = run(folder.path(), COV_TRACE, &["report"]);
    assert!(told.stderr.contains("the label cannot be read"), "{told:?}");
    let labels = who(folder.path(), "switching");
    assert!(
        labels.iter().any(|label| label == "a") && labels.iter().any(|label| label == "\u{fffd}\u{fffd}"),
        "{labels:?}"
    );
}

#[test]
fn a_measurement_that_sees_each_line_once_goes_on_and_says_so() {
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/contexts/probe.c")).unwrap();
    let (folder, _) = measured(&source, &["-q", "--once"]);
    assert_eq!(who(folder.path(), "add"), [""]);
    let told = run(folder.path(), COV_TRACE, &["report"]);
    assert!(told.stderr.contains("was begun with --once"), "{told:?}");
}
