//! Where functions start and end, and that none is missing.

use super::{functions_of, ran};
use crate::harness::sample::Sample;

#[test]
fn what_was_put_into_others_is_listed() {
    let sample = Sample::load("functions/inlined");
    for variant in ["", "optimized"] {
        for probing in ["fewest", "runs", "all"] {
            let found = functions_of(&sample, variant, &["--probe", probing]);
            let told = ["body", "caller", "unused_body", "unused", "last", "main"].map(|name| found[name].2);
            assert_eq!(told, [true, true, false, false, true, true], "{variant} {probing} {found:?}");
        }
    }
}

#[test]
fn a_stray_line_makes_no_function_longer() {
    let sample = Sample::load("functions/inlined");
    let line = |text: &str| sample.line_of(text);
    assert_eq!(line("// this one"), 43, "the sample names it");
    let found = functions_of(&sample, "", &[]);
    let (start, end, has_run) = found["strayed"];
    assert!(start == line("int strayed") && end < line("int last") && has_run, "{found:?}");
    assert_eq!(found["main"].1, line("int main") + 5, "{found:?}");
}

#[test]
fn a_function_of_a_function_does_not_end_it() {
    let found = functions_of(&Sample::load("functions/instances"), "", &[]);
    let lambdas: Vec<_> = found.iter().filter(|(name, _)| name.contains("lambda")).map(|(_, lines)| *lines).collect();
    let main = found["main"];
    assert!(lambdas.len() == 2 && lambdas.iter().all(|(start, end, _)| main.0 < *start && *end < main.1), "{found:?}");
    let found = functions_of(&Sample::load("functions/generics"), "", &[]);
    let of = |name: &str| *found.iter().find(|(other, _)| other.ends_with(name)).unwrap().1;
    let (outer, inner) = (of("outer"), of("inner"));
    assert!(ran(&found, "inner") && outer.0 < inner.0 && inner.1 < outer.1, "{found:?}");
}
