//! What lcov and genhtml make of our LCOV, the ones of Debian 12 (1.16) and of Debian 13 (2.3), which has rules of its own
//! for what fits together.

use super::measure;
use crate::formats::consumer;
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::sample::Sample;
use std::path::Path;
use std::process::Command;
use testing::run::to_end;

/// Runs a tool in a folder; it must have nothing to object.
#[track_caller]
fn accepts(tool: &Path, arguments: &[&str], folder: &Path, what: &str) -> String {
    let mut command = Command::new(tool);
    let outcome = to_end(&mark(), folder, command.args(arguments));
    let told = outcome.stdout.clone() + &outcome.stderr;
    let objects = told.contains("ERROR") || told.contains("WARNING");
    assert!(outcome.status.success() && !objects, "{} {arguments:?} of {what}: {told}", tool.display());
    told
}

/// The LCOV of a program, and that both lcovs take it, add it to itself, and count the same.
#[track_caller]
fn is_taken(program: &Path, sources: &str) -> String {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    measure(folder.path(), program, &[]);
    let what = program.display().to_string();
    accepts(
        Path::new(COV_TRACE),
        &["lcov", "--absolute-paths", "--data", "data", "--include", sources, "-o", "x.info"],
        folder.path(),
        &what,
    );
    let text = std::fs::read_to_string(folder.path().join("x.info")).unwrap();
    let count = |what: &str| text.lines().filter_map(|line| line.strip_prefix(what)?.parse::<u32>().ok()).sum::<u32>();
    for age in ["", "lcov2"] {
        let tool = |name: &str| if age.is_empty() { Path::new(name).to_owned() } else { consumer(age, name) };
        // The newer one finds ends that are left out by itself, and says each time that it did not ask a gcov.
        let unasked: &[&str] = if age.is_empty() { &[] } else { &["--ignore-errors", "unsupported,unsupported"] };
        let run =
            |name: &str, arguments: &[&str]| accepts(&tool(name), &[arguments, unasked].concat(), folder.path(), &what);
        run("genhtml", &["-q", "--function-coverage", "x.info", "-o", "html"]);
        run("lcov", &["-q", "-a", "x.info", "-a", "x.info", "-o", "sum.info"]);
        let summary = run("lcov", &["--summary", "x.info"]);
        let has_ends = text.lines().any(|line| line.starts_with("FN:") && line.split(',').nth(2).is_some());
        let functions = format!("({} of {} function", count("FNH:"), count("FNF:"));
        // The older one takes an end for another name.
        assert!(summary.contains(&functions) || (age.is_empty() && has_ends), "{functions} {summary}");
    }
    text
}

#[test]
fn both_lcovs_take_functions_that_share_lines_or_have_none() {
    for name in ["functions/instances", "functions/inlined", "functions/generics", "functions/forked"] {
        let sample = Sample::load(name);
        for build in &sample.builds {
            is_taken(&build::program(&sample, build), sample.main.to_str().unwrap());
        }
    }
}

#[test]
fn both_lcovs_take_what_a_missed_function_is_followed_by() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let source = folder.path().join("a.c");
    let text = "static void rarely(int *x) { \n    *x += 1;\n}\n\nint nobody = 0;\n\
                __attribute__((always_inline)) static inline int add(int x) {\n    return x + nobody;\n}\n\
                int main(int argc, char **argv) {\n    (void)argv;\n    if (argc > 5)\n        rarely(&argc);\n    \
                __asm__ volatile(\".loc 1 5\\n\\tnop\");\n    return add(argc) - 1;\n}\n";
    std::fs::write(&source, text).unwrap();
    for level in ["-O0", "-Og", "-O2"] {
        let program = folder.path().join(format!("a{level}"));
        let mut compiler = Command::new("cc");
        compiler.args(["-g", level, "a.c", "-o"]).arg(&program);
        let built = to_end(&mark(), folder.path(), &mut compiler);
        assert!(built.status.success(), "{built:?}");
        let text = is_taken(&program, source.to_str().unwrap());
        if level == "-O0" {
            assert!(text.contains("\nFN:1,3,rarely\n") && text.contains("\nFN:9,main\n"), "{text}");
        }
    }
}

#[test]
fn both_lcovs_take_static_functions_of_headers_in_several_objects() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "h.h",
        "static int both(int x) {\n    return x + 1;\n}\nstatic inline int other(int x) {\n    return x;\n}\n",
    );
    write("a.c", "#include \"h.h\"\nint of_b(int);\nint main(void) {\n    return of_b(1) - both(0) - 1;\n}\n");
    write("b.c", "#include \"h.h\"\nint of_b(int x) {\n    return x > 5 ? other(x) : both(x);\n}\n");
    for level in ["-O0", "-O2"] {
        let program = folder.path().join(format!("ab{level}"));
        let mut compiler = Command::new("cc");
        compiler.args(["-g", level, "a.c", "b.c", "-o"]).arg(&program);
        let built = to_end(&mark(), folder.path(), &mut compiler);
        assert!(built.status.success(), "{built:?}");
        is_taken(&program, &format!("{}/*", folder.path().display()));
    }
}
