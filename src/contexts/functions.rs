//! Which functions are contexts as long as they run, and how these are called.

use regex::Regex;
use std::collections::HashMap;

/// How a framework names the functions of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// `Suite_Name_Test::TestBody()`: Suite.Name.
    GoogleTest,
    /// `Suite::Name::test_method()`: Suite/Name.
    BoostTest,
    /// `krate::module::name`, which a closure of the test's own calls: module::name.
    Libtest,
}

/// Which functions are contexts.
#[derive(Clone, Debug)]
pub(crate) enum FunctionRule {
    /// Those whose demangled names match one of these. The label is what the first group of it matched, or the name.
    Named(Vec<Regex>),
    /// The tests of a framework.
    Tests(Framework),
    /// The tests of whichever framework an image holds.
    AnyTests,
}

/// A function of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFunction<'n> {
    /// Where it starts.
    pub start: u64,
    /// The demangled name.
    pub name: &'n str,
}

impl FunctionRule {
    /// The functions that are contexts, by where they start, with their labels. `calls` tells whether the function that
    /// starts at the first address calls the one that starts at the second.
    pub fn labels(&self, functions: &[NamedFunction<'_>], calls: impl Fn(u64, u64) -> bool) -> Vec<(u64, String)> {
        match self {
            FunctionRule::Named(patterns) => {
                let label = |function: &NamedFunction<'_>| {
                    let found = patterns.iter().find_map(|pattern| pattern.captures(function.name))?;
                    let label = found.get(1).map_or(function.name, |group| group.as_str()).trim();
                    Some((function.start, label.to_owned())).filter(|_| !label.is_empty())
                };
                functions.iter().filter_map(label).collect()
            }
            FunctionRule::Tests(framework) => framework.labels(functions, &calls),
            FunctionRule::AnyTests => {
                Framework::ALL.iter().flat_map(|framework| framework.labels(functions, &calls)).collect()
            }
        }
    }

    /// The framework of an image that holds no such function, if the names of its functions do not tell its tests.
    pub fn untold(&self, functions: &[NamedFunction<'_>]) -> Option<&'static str> {
        const UNTOLD: [(&str, &str); 3] =
            [("Catch::", "Catch2"), ("doctest::", "doctest"), ("_cmocka_run_group_tests", "cmocka")];
        let holds = |start: &str| functions.iter().any(|function| function.name.starts_with(start));
        let found = UNTOLD.iter().find(|(start, _)| holds(start)).map(|(_, name)| *name);
        found.filter(|_| matches!(self, FunctionRule::AnyTests))
    }
}

impl Framework {
    const ALL: [Framework; 3] = [Framework::GoogleTest, Framework::BoostTest, Framework::Libtest];

    /// The functions that are its tests, by where they start, with their names.
    fn labels(self, functions: &[NamedFunction<'_>], calls: &impl Fn(u64, u64) -> bool) -> Vec<(u64, String)> {
        match self {
            Framework::GoogleTest => of_names(functions, |name| google_test(name.strip_suffix("::TestBody()")?)),
            Framework::BoostTest => {
                let label = |name: &str| Some(name.strip_suffix("::test_method()")?.replace("::", "/"));
                of_names(functions, label)
            }
            Framework::Libtest => libtest(functions, calls),
        }
    }
}

fn of_names(functions: &[NamedFunction<'_>], label: impl Fn(&str) -> Option<String>) -> Vec<(u64, String)> {
    functions.iter().filter_map(|function| Some((function.start, label(function.name)?))).collect()
}

/// `ns::Suite_Name_Test` is Suite.Name, and `ns::Suite_Name_Test<int>` is Suite<int>.Name: names of suites have no
/// underscores.
fn google_test(class: &str) -> Option<String> {
    let (class, kind) = match class.find('<') {
        Some(at) if class.ends_with('>') => class.split_at(at),
        _ => (class, ""),
    };
    let class = class.rsplit("::").next()?;
    let (suite, name) = class.strip_suffix("_Test")?.split_once('_')?;
    Some(format!("{suite}{kind}.{name}"))
}

/// Each test has a closure of its own, which its harness calls: it calls the test and checks what that returns.
fn libtest(functions: &[NamedFunction<'_>], calls: &impl Fn(u64, u64) -> bool) -> Vec<(u64, String)> {
    const CHECK: &str = "test::assert_test_result";
    let checks: Vec<u64> =
        functions.iter().filter(|function| function.name == CHECK).map(|check| check.start).collect();
    let closures = functions.iter().filter_map(|function| {
        let test =
            function.name.strip_suffix("::{{closure}}").or_else(|| function.name.strip_suffix("::{closure#0}"))?;
        Some((test, function.start))
    });
    let mut by_test: HashMap<&str, Vec<u64>> = HashMap::new();
    closures.for_each(|(test, closure)| by_test.entry(test).or_default().push(closure));
    let is_test = |function: &&NamedFunction<'_>| {
        let is_of_harness = |closure: u64| checks.iter().any(|&check| calls(closure, check));
        let calls_it = |closure: &u64| calls(*closure, function.start) && is_of_harness(*closure);
        by_test.get(function.name).is_some_and(|closures| closures.iter().any(calls_it))
    };
    let label = |function: &NamedFunction<'_>| {
        let name = function.name.split_once("::").map_or(function.name, |(_, name)| name);
        (function.start, name.to_owned())
    };
    functions.iter().filter(is_test).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(rule: &FunctionRule, names: &[&str]) -> Vec<String> {
        let functions: Vec<_> = names.iter().zip(1..).map(|(name, start)| NamedFunction { start, name }).collect();
        rule.labels(&functions, |caller, callee| caller == callee + 1 || callee >= 9)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn functions_are_called_by_what_the_group_matched_or_by_their_names() {
        let rule = FunctionRule::Named(vec![Regex::new(r"^test_(\w+)$").unwrap(), Regex::new("^check").unwrap()]);
        assert_eq!(labels(&rule, &["test_a", "main", "check_b(int)", "a_test_c"]), ["a", "check_b(int)"]);
        assert_eq!(labels(&FunctionRule::Named(vec![Regex::new("^x( *)").unwrap()]), &["x", "x  "]), [""; 0]);
    }

    #[test]
    fn tests_are_called_as_their_frameworks_call_them() {
        let google = [
            "Sums_AddsUp_Test::TestBody()",
            "n::Sums_adds_up_Test::TestBody()",
            "(anonymous namespace)::Typed_Fits_Test<std::vector<int> >::TestBody()",
            "Other::TestBody()",
            "Sums_AddsUp_Test::Sums_AddsUp_Test()",
        ];
        assert_eq!(
            labels(&FunctionRule::Tests(Framework::GoogleTest), &google),
            ["Sums.AddsUp", "Sums.adds_up", "Typed<std::vector<int> >.Fits"]
        );
        let boost = ["sums::adds::test_method()", "plain::test_method()", "sums::adds_invoker()"];
        assert_eq!(labels(&FunctionRule::Tests(Framework::BoostTest), &boost), ["sums/adds", "plain"]);
        let rust = [
            "krate::tests::adds",
            "krate::tests::adds::{{closure}}",
            "krate::with_closure",
            "krate::other",
            "krate::with_closure::{{closure}}",
            "krate::more",
            "krate::even_more",
            "krate::most",
            "test::assert_test_result",
        ];
        assert_eq!(labels(&FunctionRule::Tests(Framework::Libtest), &rust), ["tests::adds"]);
        let all = [&google[..1], &boost[1..2], &rust].concat();
        assert_eq!(labels(&FunctionRule::AnyTests, &all), ["Sums.AddsUp", "plain", "tests::adds"]);
    }

    #[test]
    fn a_framework_that_does_not_tell_is_named() {
        let functions = ["main", "Catch::Session::run()"].map(|name| NamedFunction { start: 0, name });
        assert_eq!(FunctionRule::AnyTests.untold(&functions), Some("Catch2"));
        assert_eq!(FunctionRule::AnyTests.untold(&functions[..1]), None);
        assert_eq!(FunctionRule::Tests(Framework::GoogleTest).untold(&functions), None);
    }
}
