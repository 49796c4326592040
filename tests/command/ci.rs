//! The examples of README for continuous integration, followed step by step in a project of two commits.
//!
//! What a runner does itself (checking out, installing from a repository, keeping files) is done by the test: the
//! cov-trace that was built stands in PATH.

use crate::report::Measurements;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The lines of README's code block that starts behind a text.
fn example(behind: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once(behind).expect("README has the example");
    let (block, _) = rest.split_once("```yaml\n").unwrap().1.split_once("```").unwrap();
    block.lines().map(str::to_owned).collect()
}

/// A project whose second commit adds a function with one line that no test runs.
fn project() -> Measurements {
    let project = Measurements::new();
    fs::create_dir(project.path("src")).unwrap();
    let write = |name: &str, text: &str| fs::write(project.path(name), text).unwrap();
    write("Makefile", "prog: src/prog.c\n\tcc $(CFLAGS) -o prog src/prog.c\ntest: prog\n\t./prog && ./prog x\n");
    write("src/prog.c", "int main(int argc, char **argv)\n{\n\treturn argc > 9;\n}\n");
    write(".gitignore", "prog\n.cov-trace\n");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
        assert_eq!(project.other("git", &[&identity, arguments].concat()).status, Some(0), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let text = "#include <stdio.h>\nstatic void f(int x)\n{\n\tif (x > 9)\n\t\tputs(\"many\");\n\tputs(\"f\");\n}\n\
                int main(int argc, char **argv)\n{\n\tf(argc);\n\tputs(argv[0]);\n\treturn 0;\n}\n";
    write("src/prog.c", text);
    git(&["commit", "-q", "-a", "-m", "second"]);
    project
}

/// Runs a step as a runner does; gives what it printed.
fn step(project: &Measurements, script: &str) -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_cov-trace")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-e", "-o", "pipefail", "-c", script]).current_dir(project.cwd()).env("PATH", path);
    command.env("GITHUB_BASE_REF", "main").env("GITHUB_STEP_SUMMARY", project.path("summary.md"));
    command.env_remove("COV_TRACE_DATA");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn followed(project: &Measurements, steps: impl Iterator<Item = String>) -> String {
    steps.filter(|script| !script.starts_with("cargo install ")).map(|script| step(project, &script)).collect()
}

#[test]
fn the_workflow_for_github_works() {
    let project = project();
    let example = example("GitHub Actions, in");
    let steps = example.iter().filter_map(|line| line.trim_start().strip_prefix("- run: ")).map(str::to_owned);
    let printed = followed(&project, steps);
    let note = "::warning file=src/prog.c,line=5,endLine=5,title=Not covered::Changed line did not run\n";
    assert!(printed.contains(note) && printed.contains("TOTAL"), "{printed}");
    let summary = fs::read_to_string(project.path("summary.md")).unwrap();
    assert!(summary.contains("| <code>src/prog.c</code> |"), "{summary}");
    assert!(fs::exists(project.path("coverage-html/index.html")).unwrap());
}

#[test]
fn the_job_for_gitlab_works() {
    let project = project();
    let example = example("GitLab, in");
    let steps = example.iter().filter_map(|line| line.strip_prefix("    - ")).map(str::to_owned);
    let printed = followed(&project, steps);
    let pattern = example.iter().find_map(|line| line.trim().strip_prefix("coverage: '/")).unwrap();
    let found = project.other("grep", &["-P", pattern.trim_end_matches("/'"), "printed"]);
    assert_eq!(found.status, Some(2), "nothing is written yet");
    fs::write(project.path("printed"), &printed).unwrap();
    let found = project.other("grep", &["-P", pattern.trim_end_matches("/'"), "printed"]);
    assert!(found.stdout.starts_with("TOTAL") && found.stdout.lines().count() == 1, "{found:?}: {printed}");
    let cobertura = fs::read_to_string(project.path("coverage.xml")).unwrap();
    assert!(cobertura.contains("filename=\"src/prog.c\""), "{cobertura}");
    assert!(fs::exists(project.path("coverage-html/index.html")).unwrap());
}
