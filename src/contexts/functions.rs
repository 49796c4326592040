//! Which functions are contexts as long as they run, and how these are called.

use super::label::FunctionLabel;
use super::test_object::{StringLayout, TestObject};
use regex::Regex;
use std::collections::HashSet;

/// How a framework names the functions of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    /// What runs a test tells its suite and name, which `Suite_Name_Test::TestBody()` nearly does, too.
    GoogleTest,
    /// What runs a test case tells its text.
    Catch2,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedFunction<'n> {
    /// Where it starts.
    pub start: u64,
    /// The demangled name.
    pub name: &'n str,
}

impl FunctionRule {
    /// The functions that are contexts, with their labels. `callees` gives where those functions start that one calls which
    /// starts at an address.
    pub fn labels<'n>(
        &self,
        functions: &[NamedFunction<'n>],
        mut callees: impl FnMut(u64) -> Vec<u64>,
    ) -> Vec<(NamedFunction<'n>, FunctionLabel)> {
        match self {
            FunctionRule::Named(patterns) => {
                let label = |name: &str| {
                    let found = patterns.iter().find_map(|pattern| pattern.captures(name))?;
                    let label = found.get(1).map_or(name, |group| group.as_str()).trim();
                    Some(label.to_owned()).filter(|label| !label.is_empty()).map(FunctionLabel::Is)
                };
                of_names(functions, label)
            }
            FunctionRule::Tests(framework) => framework.labels(functions, &mut callees),
            FunctionRule::AnyTests => {
                Framework::ALL.iter().flat_map(|framework| framework.labels(functions, &mut callees)).collect()
            }
        }
    }

    /// Whether functions of other images than those that hold the tests may run them, which are known by their mangled
    /// names.
    pub fn has_runners(&self) -> bool {
        match self {
            FunctionRule::Named(_) => false,
            FunctionRule::AnyTests => true,
            FunctionRule::Tests(framework) => matches!(framework, Framework::GoogleTest | Framework::Catch2),
        }
    }

    /// The framework of an image in which no function is named as a test.
    pub fn nameless(&self, functions: &[NamedFunction<'_>]) -> Option<&'static str> {
        const NAMELESS: [(&str, &str); 2] = [("doctest::", "doctest"), ("_cmocka_run_group_tests", "cmocka")];
        let holds = |start: &str| functions.iter().any(|function| function.name.starts_with(start));
        let found = NAMELESS.iter().find(|(start, _)| holds(start)).map(|(_, name)| *name);
        found.filter(|_| matches!(self, FunctionRule::AnyTests))
    }
}

impl Framework {
    const ALL: [Framework; 4] = [Framework::GoogleTest, Framework::Catch2, Framework::BoostTest, Framework::Libtest];

    /// The functions that are its tests, with the names of these.
    fn labels<'n>(
        self,
        functions: &[NamedFunction<'n>],
        callees: &mut impl FnMut(u64) -> Vec<u64>,
    ) -> Vec<(NamedFunction<'n>, FunctionLabel)> {
        let is_llvm = functions.iter().any(|function| function.name.contains("std::__1::"));
        let strings = if is_llvm { StringLayout::Llvm } else { StringLayout::Gnu };
        let told = |name: &str| TestObject::of_runner(self, name, strings).map(FunctionLabel::OfObject);
        match self {
            Framework::GoogleTest => of_names(functions, |name| {
                let body = || google_test(name.strip_suffix("::TestBody()")?);
                told(name).or_else(|| body().map(FunctionLabel::UnlessWithin))
            }),
            Framework::Catch2 => of_names(functions, told),
            Framework::BoostTest => {
                let label =
                    |name: &str| Some(FunctionLabel::Is(name.strip_suffix("::test_method()")?.replace("::", "/")));
                of_names(functions, label)
            }
            Framework::Libtest => libtest(functions, callees),
        }
    }
}

fn of_names<'n>(
    functions: &[NamedFunction<'n>],
    label: impl Fn(&str) -> Option<FunctionLabel>,
) -> Vec<(NamedFunction<'n>, FunctionLabel)> {
    functions.iter().filter_map(|function| Some((*function, label(function.name)?))).collect()
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
fn libtest<'n>(
    functions: &[NamedFunction<'n>],
    callees: &mut impl FnMut(u64) -> Vec<u64>,
) -> Vec<(NamedFunction<'n>, FunctionLabel)> {
    const CHECK: &str = "test::assert_test_result";
    let checks: HashSet<u64> =
        functions.iter().filter(|function| function.name == CHECK).map(|check| check.start).collect();
    let mut called = HashSet::new();
    for function in functions {
        let name = function.name.strip_suffix("::{{closure}}").or_else(|| function.name.strip_suffix("::{closure#0}"));
        let Some(name) = name.filter(|_| !checks.is_empty()) else { continue };
        let callees = callees(function.start);
        if callees.iter().any(|callee| checks.contains(callee)) {
            called.extend(callees.into_iter().map(|callee| (name, callee)));
        }
    }
    let label = |function: &NamedFunction<'n>| {
        let name = function.name.split_once("::").map_or(function.name, |(_, name)| name);
        (*function, FunctionLabel::Is(name.to_owned()))
    };
    functions.iter().filter(|function| called.contains(&(function.name, function.start))).map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(rule: &FunctionRule, names: &[&str]) -> Vec<String> {
        let functions: Vec<_> = names.iter().zip(1..).map(|(name, start)| NamedFunction { start, name }).collect();
        // Each calls the one before it, and what the harness has at the end.
        rule.labels(&functions, |caller| (9..=names.len() as u64).chain([caller - 1]).collect())
            .into_iter()
            .map(|(_, label)| match label {
                FunctionLabel::Is(label) | FunctionLabel::UnlessWithin(label) => label,
                FunctionLabel::OfObject(object) => format!("{object:?}"),
            })
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
    fn a_framework_whose_functions_have_no_names_of_tests_is_named() {
        let functions = ["main", "doctest::Context::run()"].map(|name| NamedFunction { start: 0, name });
        assert_eq!(FunctionRule::AnyTests.nameless(&functions), Some("doctest"));
        assert_eq!(FunctionRule::AnyTests.nameless(&functions[..1]), None);
        assert_eq!(FunctionRule::Tests(Framework::GoogleTest).nameless(&functions), None);
    }
}
