//! Functions that share lines with others: of each its own entry tells.

use super::{functions, functions_of, measure, ran};
use crate::attach::scene::Scene;
use crate::harness::measured;
use crate::harness::sample::Sample;
use crate::harness::{build, check};

#[test]
fn instances_and_functions_on_one_line_are_told_apart() {
    let sample = Sample::load("functions/instances");
    for build in &sample.builds {
        for probing in ["fewest", "runs", "all"] {
            let found = functions_of(&sample, &build.variant, &["--probe", probing]);
            let what = format!("{} {probing}: {found:?}", build.variant);
            for name in ["int twice_of<int>(int)", "left", "made", "main"] {
                assert!(ran(&found, name), "{name} {what}");
            }
            for name in ["double twice_of<double>(double)", "right", "unmade"] {
                let found: Vec<_> = found.iter().filter(|(other, _)| other.contains(name)).collect();
                assert!(found.len() == 1 && !found[0].1.2, "{name} {what}");
            }
            let lambdas: Vec<bool> = found
                .iter()
                .filter(|(name, _)| name.contains("operator()"))
                .map(|(_, (start, _, ran))| *ran == (*start < 24))
                .collect();
            assert!(!lambdas.is_empty() && lambdas.iter().all(|right| *right), "{what}");
        }
    }
}

#[test]
fn their_lines_are_what_the_samples_say() {
    for name in ["functions/forked", "functions/generics", "functions/inlined", "functions/instances"] {
        check::bare(name);
        check::traced(name);
    }
}

#[test]
fn instances_of_generics_are_told_apart() {
    let sample = Sample::load("functions/generics");
    for variant in ["", "optimized"] {
        for probing in ["fewest", "runs", "all"] {
            let found = functions_of(&sample, variant, &["--probe", probing]);
            let names: Vec<(&str, bool)> = found.iter().map(|(name, (.., ran))| (name.as_str(), *ran)).collect();
            assert!(ran(&found, "outer::inner") && ran(&found, "generics::main"), "{names:?}");
            // Not every mangling tells of what a generic is an instance; one that ran makes the name run.
            assert!(ran(&found, "size") && ran(&found, "speak"), "{variant} {probing} {names:?}");
        }
    }
}

#[test]
fn each_process_has_what_it_ran_itself() {
    let sample = Sample::load("functions/forked");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    measure(folder.path(), &program, &[]);
    let data = folder.path().join("data");
    for process in measured::processes(&data) {
        let found = functions(&data, &sample.main, &["--pid", &process.pid.to_string()]);
        let of = ["int of<int>(int)", "char of<char>(char)", "double of<double>(double)"].map(|name| ran(&found, name));
        assert_eq!(of, if process.sequence == 0 { [true, false, true] } else { [false, true, false] }, "{found:?}");
    }
    let found = functions(&data, &sample.main, &[]);
    assert!(found.values().all(|(.., ran)| *ran), "{found:?}");
}

#[test]
fn what_is_under_way_at_an_attach_has_run() {
    let mut scene = Scene::start("functions/attached");
    scene.session.expect("ready");
    let attached = scene.attach();
    scene.ask("xi", &["x", "i"]);
    scene.ask("yq", &["y"]);
    scene.ask("z", &["z"]);
    scene.let_go(attached);
    scene.ask("cq", &["c"]);
    scene.end();
    let found = functions(&scene.data, &scene.sample.main, &[]);
    assert!(ran(&found, "serve<double>") && ran(&found, "serve<int>") && !ran(&found, "serve<char>"), "{found:?}");
}

#[test]
fn only_what_is_new_leaves_out_no_function() {
    let sample = Sample::load("functions/forked");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    for _ in 0..3 {
        measure(folder.path(), &program, &["--only-new"]);
        let found = functions(&data, &sample.main, &[]);
        assert!(found.values().all(|(.., ran)| *ran), "{found:?}");
    }
    let last = measured::processes(&data).into_iter().map(|process| process.lines_run(&sample.main).len()).min();
    assert_eq!(last, Some(0), "the third run had nothing left to tell");
}
