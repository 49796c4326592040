//! Functions that are contexts as long as they run.

use super::asked::{run, said, who};
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tempfile::TempDir;
use testing::run::Outcome;

/// Tests in threads that run at once, and what runs when one of them is left.
const AT_ONCE: &str = r#"
#include <pthread.h>
static pthread_barrier_t both, over;
static volatile int sum;
static void meet(void)
{
	pthread_barrier_wait(&both);
	sum += 1;
}
static void alone(void)
{
	sum += 2;
}
void *test_short(void *unused)
{
	meet();
	return unused;
}
static void *shorter(void *unused)
{
	test_short(unused);
	pthread_barrier_wait(&over);
	return unused;
}
void *test_long(void *unused)
{
	meet();
	pthread_barrier_wait(&over);
	alone();
	return unused;
}
int main(void)
{
	pthread_t threads[2];
	pthread_barrier_init(&both, 0, 2);
	pthread_barrier_init(&over, 0, 2);
	pthread_create(&threads[0], 0, shorter, 0);
	pthread_create(&threads[1], 0, test_long, 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], 0);
	return 0;
}
"#;

/// A folder with a program that was built of this source and measured with these options.
#[track_caller]
fn measured(name: &str, source: &str, compiler: &[&str], options: &[&str]) -> (TempDir, Outcome) {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join(name), source).unwrap();
    let words = [&["-g", "-pthread", "-o", "program", name], &compiler[1..]].concat();
    let built = run(folder.path(), compiler[0], &words);
    assert!(built.status.success(), "{built:?}");
    let traced = run(folder.path(), COV_TRACE, &[options, &["--", "./program"]].concat());
    (folder, traced)
}

/// The lines that ran under each label; `-` is that without.
fn lines(folder: &Path) -> BTreeMap<u64, BTreeSet<String>> {
    let mut lines: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for context in said(folder, &["contexts"])["contexts"].as_array().unwrap() {
        let label = context["label"].as_str().unwrap();
        for file in said(folder, &["what", label])["files"].as_array().unwrap() {
            let shown = if label.is_empty() { "-" } else { label };
            for line in file["lines"].as_array().unwrap() {
                lines.entry(line.as_u64().unwrap()).or_default().insert(shown.to_owned());
            }
        }
    }
    lines
}

/// All labels but the empty one.
fn labels(folder: &Path) -> Vec<String> {
    let contexts = said(folder, &["contexts"])["contexts"].clone();
    let labels = contexts.as_array().unwrap().iter().map(|context| context["label"].as_str().unwrap().to_owned());
    labels.filter(|label| !label.is_empty()).collect()
}

/// What its comments say of a source: labels, of which those with a `?` may be missing.
fn said_by(source: &str) -> BTreeMap<u64, BTreeSet<String>> {
    let labels = |line: &str| -> Option<BTreeSet<String>> {
        let (code, labels) = line.split_once("//")?;
        (!code.trim().is_empty()).then(|| labels.split(',').map(|label| label.trim().to_owned()).collect())
    };
    (1..).zip(source.lines()).filter_map(|(number, line)| Some((number, labels(line)?))).collect()
}

/// Functions that are contexts, and all ways out of them.
const WAYS_OUT: &str = include_str!("ways_out.cc");

#[test]
fn each_line_is_of_the_functions_that_ran_it_whatever_way_they_end() {
    let rule = "--context-function=^test_([a-z]+)";
    for compiler in [&["g++", "-O0"][..], &["clang++", "-O0"]] {
        for options in [&[rule][..], &[rule, "--probe=all"]] {
            let (folder, traced) = measured("program.cc", WAYS_OUT, compiler, options);
            assert_eq!((traced.status.code(), traced.stdout.as_str()), (Some(0), "71\n"), "{traced:?}");
            let (found, expected) = (lines(folder.path()), said_by(WAYS_OUT));
            for (line, labels) in &found {
                let text = WAYS_OUT.lines().nth(*line as usize - 1).unwrap_or_default();
                let expected = expected.get(line).cloned().unwrap_or_default();
                let must = expected.iter().all(|label| label.ends_with('?') || labels.contains(label));
                let may =
                    labels.iter().all(|label| expected.contains(label) || expected.contains(&format!("{label}?")));
                assert!(must && may, "{compiler:?} {options:?} {line} {labels:?}: {text}");
            }
            assert!(found.len() > 80, "{}", found.len());
        }
    }
}

/// Functions that begin in the ways that optimized code does, one of them with a load that faults.
const BEGINNINGS: &str = r#"
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#define FUNCTION(name, first)                                                                      \
	__asm__(".text\n.type test_" #name ",@function\ntest_" #name ":\n" first                    \
		"\npush %rax\ncall mark\npop %rax\nret\n.size test_" #name ",.-test_" #name);         \
	long test_##name(const long *, long)
static sigjmp_buf before;
const unsigned number = 40;
void mark(void)
{
	__asm__ volatile("");
}
FUNCTION(load, "mov 8(%rdi),%rax");
FUNCTION(half, "mov (%rdi,%rsi,4),%eax");
FUNCTION(byte, "movzbl 1(%rdi),%eax");
FUNCTION(word, "movzwl (%rdi),%eax");
FUNCTION(here, "mov number(%rip),%eax");
FUNCTION(take, "lea -3(%rsi,%rsi,8),%rax");
FUNCTION(test, "test %rsi,%rsi\nmov $0,%eax\nsets %al\nsetz %ah");
FUNCTION(low, "test %esi,%esi\nmov $0,%eax\nsets %al\nsetz %ah");
static void caught(int signal)
{
	(void)signal;
	siglongjmp(before, 1);
}
int main(void)
{
	const long numbers[] = {0x123456789abcdef0, -5, 7};
	const long second[] = {1, 0, -1, 1L << 31, 1L << 32};
	long *closed = mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 5; i++)
		printf("%lx %lx %lx %lx %lx %lx %lx %lx\n", test_load(numbers, 0), test_half(numbers, i),
		       test_byte(numbers, 0), test_word(numbers, 0), test_here(0, 0), test_take(0, second[i]),
		       test_test(0, second[i]), test_low(0, second[i]));
	signal(SIGSEGV, caught);
	for (int i = 0; i < 3; i++)
		if (sigsetjmp(before, 1) == 0)
			printf("%ld\n", test_load(closed, 0));
		else
			puts("it faulted");
	return 0;
}
"#;

#[test]
fn optimized_beginnings_do_what_they_do_bare() {
    let compiler = ["gcc", "-O1", "-no-pie"];
    let (folder, traced) = measured("program.c", BEGINNINGS, &compiler, &["--context-function=^test_(.*)"]);
    let bare = run(folder.path(), "./program", &[]);
    assert!(bare.status.success() && bare.stdout.ends_with("it faulted\nit faulted\nit faulted\n"), "{bare:?}");
    assert_eq!((traced.status, traced.stdout), (bare.status, bare.stdout), "{}", traced.stderr);
    assert_eq!(who(folder.path(), "mark"), ["byte", "half", "here", "load", "low", "take", "test", "word"]);
    let told = run(folder.path(), COV_TRACE, &["report"]);
    assert!(!told.stderr.contains("context-unwatched"), "{told:?}");
}

#[test]
fn what_runs_while_several_run_is_of_none_of_them() {
    let (folder, traced) = measured("program.c", AT_ONCE, &["gcc", "-O0"], &["--context-function=^test_(.*)"]);
    assert!(traced.status.success(), "{traced:?}");
    // Whoever is slower may be there still when the short one is over.
    let met = (1..).zip(AT_ONCE.lines()).find(|(_, line)| line.contains("sum += 1")).map(|(number, _)| number);
    let met = &lines(folder.path())[&met.unwrap()];
    assert!(met.contains("(several at once)") && !met.contains("short"), "{met:?}");
    assert_eq!(who(folder.path(), "alone"), ["long"]);
    let told = run(folder.path(), COV_TRACE, &["report"]);
    assert!(told.stderr.contains("--test-threads=1"), "{told:?}");
    assert!(traced.stderr.contains("--test-threads=1"), "{traced:?}");
}

#[test]
fn what_names_no_function_that_runs_is_told() {
    let options = ["--context-function=^tets_"];
    let (folder, traced) = measured("program.c", AT_ONCE, &["gcc", "-O0"], &options);
    assert!(traced.stderr.contains("none of the functions was called that are contexts"), "{traced:?}");
    assert_eq!(labels(folder.path()), [""; 0]);
}

#[test]
fn tests_of_googletest_are_contexts_by_their_functions() {
    const TESTS: &str = r#"
#include <gtest/gtest.h>
__attribute__((noinline, noclone)) static int add(int a, int b)
{
	__asm__ volatile("");
	return a + b;
}
template <typename T> struct Typed : testing::Test {};
typedef testing::Types<int, long> Kinds;
TYPED_TEST_SUITE(Typed, Kinds);
TEST(Sum, of_two)
{
	EXPECT_EQ(add(1, 2), 3);
}
TEST(Sum, DISABLED_OfThree)
{
	add(add(1, 2), 3);
}
TEST(Sum, Skipped)
{
	GTEST_SKIP();
	add(1, 2);
}
struct With_Set_Up : testing::TestWithParam<const char *> {
	int sum;
	void SetUp() override
	{
		sum = add(1, 2);
	}
	void TearDown() override
	{
		add(sum, 1);
	}
};
TEST_P(With_Set_Up, Runs)
{
	EXPECT_EQ(sum, 3);
}
INSTANTIATE_TEST_SUITE_P(All, With_Set_Up, testing::Values("one", "two"),
			 [](const testing::TestParamInfo<const char *> &info) { return std::string(info.param); });
TEST(Sum, Throws)
{
	add(1, 2);
	throw 1;
}
TYPED_TEST(Typed, Fits)
{
	EXPECT_EQ(add(sizeof(TypeParam), 0), (int)sizeof(TypeParam));
}
"#;
    for (flag, by) in [("-O0", "--context-by=gtest"), ("-O2", "--context-by=auto")] {
        let compiler = ["g++", flag, "-fno-inline", "-lgtest", "-lgtest_main"];
        let (folder, traced) = measured("tests.cc", TESTS, &compiler, &[by]);
        assert_eq!(traced.status.code(), Some(1), "{traced:?}");
        let set_up = ["All/With_Set_Up.Runs/one", "All/With_Set_Up.Runs/two"];
        let expected = [&set_up[..], &["Sum.Throws", "Sum.of_two", "Typed/0.Fits", "Typed/1.Fits"]].concat();
        assert_eq!(who(folder.path(), "add"), expected, "{flag}");
        let all = [&expected[..2], &["Sum.Skipped"], &expected[2..]].concat();
        assert_eq!(labels(folder.path()), all, "{flag}");
    }
}

#[test]
fn test_cases_of_catch_are_contexts_by_their_text() {
    const TESTS: &str = r#"
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
__attribute__((noinline, noclone)) static int add(int a, int b)
{
	__asm__ volatile("");
	return a + b;
}
TEST_CASE("two numbers are added", "[sum]")
{
	SECTION("small")
	CHECK(add(1, 2) == 3);
	SECTION("large")
	CHECK(add(1000, 2) == 1002);
}
TEST_CASE("hidden", "[.]")
{
	add(1, 2);
}
TEST_CASE("it throws")
{
	add(1, 2);
	throw 1;
}
TEMPLATE_TEST_CASE("of types", "", int, char)
{
	CHECK(add(sizeof(TestType), 0) == sizeof(TestType));
}
SCENARIO("numbers")
{
	GIVEN("two") THEN("they add up") CHECK(add(1, 1) == 2);
}
TEST_CASE("other")
{
}
"#;
    for (flag, by) in [("-O0", "--context-by=catch2"), ("-O1", "--context-by=auto")] {
        let (folder, traced) = measured("tests.cc", TESTS, &["g++", flag], &["--include=**/tests.cc", by]);
        assert_eq!(traced.status.code(), Some(1), "{traced:?}");
        let expected = ["Scenario: numbers", "it throws", "of types - char", "of types - int", "two numbers are added"];
        assert_eq!(who(folder.path(), "add"), expected, "{flag}");
        let all = [&expected[..2], &["of types - char", "of types - int", "other", "two numbers are added"]].concat();
        assert_eq!(labels(folder.path()), all, "{flag}");
    }
}

#[test]
fn tests_of_rust_are_contexts_by_their_names() {
    const TESTS: &str = r#"
fn add(a: u32, b: u32) -> u32 {
    a + b
}
fn twice(a: u32) -> u32 {
    let double = |a| add(a, a);
    double(a)
}
mod tests {
    mod inner {
        #[test]
        fn adds() {
            assert_eq!(crate::add(1, 2), 3);
        }
    }
    #[test]
    fn doubles() {
        let four = || crate::twice(2);
        assert_eq!(four(), 4);
    }
    #[test]
    #[should_panic]
    fn panics() {
        assert_eq!(crate::add(1, 2), 4);
    }
}
"#;
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join("tests.rs"), TESTS).unwrap();
    let built = run(
        folder.path(),
        "rustc",
        &["--test", "-g", "--crate-name=program", "--edition=2024", "-o", "program", "tests.rs"],
    );
    assert!(built.status.success(), "{built:?}");
    let words = ["-q", "--context-by=libtest", "--", "./program", "--test-threads=1"];
    let traced = run(folder.path(), COV_TRACE, &words);
    assert!(traced.status.success(), "{traced:?}");
    assert_eq!(who(folder.path(), "program::add"), ["tests::doubles", "tests::inner::adds", "tests::panics"]);
    assert_eq!(who(folder.path(), "program::twice"), ["tests::doubles"]);
}

#[test]
fn frameworks_whose_functions_do_not_tell_are_refused_with_a_way_out() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let cases = [
        ("doctest", "cov_trace_context.h"),
        ("go", "go test -c"),
        ("cmocka", "--context-function"),
        ("other", "boost-test"),
    ];
    for (framework, way_out) in cases {
        let refused = run(folder.path(), COV_TRACE, &["--context-by", framework, "--", "true"]);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains(way_out), "{framework}: {refused:?}");
    }
    let both = ["--context-by=process", "--context-function=x", "--", "true"];
    let refused = run(folder.path(), COV_TRACE, &both);
    assert!(refused.stderr.contains("--context-by function"), "{refused:?}");
}
