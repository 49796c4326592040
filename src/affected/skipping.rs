//! Arguments with which test runners leave out what need not run: tests that are not known run too.
//!
//! Invariant: nothing is left out by a name that the runner takes for a pattern.

/// A test runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// A program with Catch2.
    Catch2,
    /// `ctest`
    Ctest,
    /// `go test`, from 1.20 on.
    Go,
    /// A program with GoogleTest.
    GoogleTest,
    /// A Rust test program, or `cargo test --`.
    Libtest,
    /// `cargo nextest run`
    Nextest,
    /// `pytest`, with the plugin of cov-trace.
    Pytest,
}

/// The arguments, each on its own, with which a runner leaves out these tests.
pub fn skipping<'t>(runner: Runner, tests: impl Iterator<Item = &'t str>) -> Vec<String> {
    let tests: Vec<&str> = tests.filter(|test| is_literal(runner, test)).collect();
    let each = |before: &str, escaped: &[char], behind: &str, between: &str| {
        let tests = tests.iter().map(|test| format!("{before}{}{behind}", escape(test, escaped)));
        tests.collect::<Vec<_>>().join(between)
    };
    match runner {
        _ if tests.is_empty() => none(runner).iter().map(|word| (*word).to_owned()).collect(),
        Runner::GoogleTest => vec![format!("--gtest_filter=-{}", tests.join(":"))],
        Runner::Catch2 => vec![each("~\"", &['\\', '"'], "\"", "")],
        Runner::Ctest => vec!["-E".to_owned(), format!("^({})$", each("", REGEX, "", "|"))],
        Runner::Go => vec![format!("-skip=^({})$", each("", REGEX, "", "|"))],
        Runner::Nextest => vec!["-E".to_owned(), format!("not ({})", each("test(=", &['\\', ')', ','], ")", " | "))],
        Runner::Pytest => tests.iter().map(|test| format!("--cov-trace-deselect={test}")).collect(),
        Runner::Libtest => {
            let skipped = tests.iter().flat_map(|test| ["--skip".to_owned(), (*test).to_owned()]);
            std::iter::once("--exact".to_owned()).chain(skipped).collect()
        }
    }
}

/// The arguments that leave out nothing: as many as others, where a runner takes one that must be there.
fn none(runner: Runner) -> &'static [&'static str] {
    match runner {
        Runner::Catch2 => &["*"],
        Runner::Ctest => &["-E", "^$"],
        Runner::Go => &["-skip=^$"],
        Runner::GoogleTest => &["--gtest_filter=*"],
        Runner::Nextest => &["-E", "all()"],
        Runner::Libtest | Runner::Pytest => &[],
    }
}

/// What means something in a regular expression.
const REGEX: &[char] = &['\\', '^', '$', '.', '[', ']', '|', '(', ')', '?', '*', '+', '{', '}'];

fn escape(text: &str, escaped: &[char]) -> String {
    let mut whole = String::with_capacity(text.len());
    for letter in text.chars() {
        whole.extend(escaped.contains(&letter).then_some('\\'));
        whole.push(letter);
    }
    whole
}

/// Whether a name stands for no more than one test.
fn is_literal(runner: Runner, test: &str) -> bool {
    let fits = match runner {
        Runner::GoogleTest => !test.contains(['*', '?', ':', '-']),
        Runner::Catch2 => !test.starts_with('*') && !test.ends_with('*'),
        // Between slashes there are the names of parts of a test.
        Runner::Go => !test.contains('/'),
        Runner::Ctest | Runner::Libtest | Runner::Nextest | Runner::Pytest => true,
    };
    // Each argument is a line.
    fits && !test.contains(['\n', '\r', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runner_has_its_own_way() {
        let skip = |runner| skipping(runner, ["A.a", "b(c) \"d\""].into_iter());
        assert_eq!(skip(Runner::GoogleTest), ["--gtest_filter=-A.a:b(c) \"d\""]);
        assert_eq!(skip(Runner::Libtest), ["--exact", "--skip", "A.a", "--skip", "b(c) \"d\""]);
        assert_eq!(skip(Runner::Catch2), ["~\"A.a\"~\"b(c) \\\"d\\\"\""]);
        assert_eq!(skip(Runner::Ctest), ["-E", "^(A\\.a|b\\(c\\) \"d\")$"]);
        assert_eq!(skip(Runner::Go), ["-skip=^(A\\.a|b\\(c\\) \"d\")$"]);
        assert_eq!(skip(Runner::Nextest), ["-E", "not (test(=A.a) | test(=b(c\\) \"d\"))"]);
        assert_eq!(skip(Runner::Pytest), ["--cov-trace-deselect=A.a", "--cov-trace-deselect=b(c) \"d\""]);
    }

    #[test]
    fn where_nothing_is_left_out_everything_runs() {
        let all = [
            Runner::Catch2,
            Runner::Ctest,
            Runner::Go,
            Runner::GoogleTest,
            Runner::Libtest,
            Runner::Nextest,
            Runner::Pytest,
        ];
        for runner in all {
            let some = skipping(runner, ["a"].into_iter());
            let all = skipping(runner, std::iter::empty());
            let takes_one = !matches!(runner, Runner::Libtest | Runner::Pytest);
            assert_eq!(all.len(), if takes_one { some.len() } else { 0 }, "{runner:?}");
            assert_eq!(skipping(runner, ["a\nb"].into_iter()), all, "a name of several lines");
        }
        assert_eq!(skipping(Runner::GoogleTest, ["A.*", "A.b/0"].into_iter()), ["--gtest_filter=-A.b/0"]);
        assert_eq!(skipping(Runner::Catch2, ["a*", "b"].into_iter()), ["~\"b\""]);
        assert_eq!(skipping(Runner::Go, ["TestA/b", "TestA"].into_iter()), ["-skip=^(TestA)$"]);
    }
}
