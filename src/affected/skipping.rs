//! Arguments with which test runners leave out what need not run: tests that are not known run too.

/// A test runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// A program with GoogleTest.
    GoogleTest,
    /// A Rust test program, or `cargo test --`.
    Libtest,
}

/// The arguments, each on its own, with which a runner leaves out these tests.
pub fn skipping<'t>(runner: Runner, tests: impl Iterator<Item = &'t str>) -> Vec<String> {
    match runner {
        Runner::GoogleTest => {
            let tests: Vec<&str> = tests.collect();
            vec![if tests.is_empty() {
                "--gtest_filter=*".to_owned()
            } else {
                format!("--gtest_filter=-{}", tests.join(":"))
            }]
        }
        Runner::Libtest => {
            let skipped: Vec<String> = tests.flat_map(|test| ["--skip".to_owned(), test.to_owned()]).collect();
            if skipped.is_empty() { skipped } else { std::iter::once("--exact".to_owned()).chain(skipped).collect() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runner_has_its_own_way() {
        let skip = |runner| skipping(runner, ["A.a", "B.b/0"].into_iter());
        assert_eq!(skip(Runner::GoogleTest), ["--gtest_filter=-A.a:B.b/0"]);
        assert_eq!(skip(Runner::Libtest), ["--exact", "--skip", "A.a", "--skip", "B.b/0"]);
        assert_eq!(skipping(Runner::GoogleTest, std::iter::empty()), ["--gtest_filter=*"]);
        assert_eq!(skipping(Runner::Libtest, std::iter::empty()), [""; 0]);
    }
}
