//! The command that README has to try, and what README says that it prints.

use crate::harness::command::mark;
use std::path::Path;
use std::process::Command;

/// The first blocks of README's section "Try it": the command and its output.
fn example() -> [String; 2] {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Try it\n").expect("README has the section");
    let mut blocks = section.split("```").skip(1).step_by(2);
    let mut block = |language: &str| blocks.next().and_then(|block| block.strip_prefix(language)).unwrap().to_owned();
    [block("sh\n"), block("text\n")]
}

#[test]
fn the_command_to_try_prints_what_the_readme_says() {
    let [command, printed] = example();
    assert_eq!(command.lines().count(), 1, "{command}");
    assert!(!command.contains([';', '|']), "it stops at the first failure: {command}");
    let (build, measure) = command.split_once(" && ").unwrap();
    assert_eq!(build, "cargo build --release");
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().to_str().unwrap();
    let measure = measure.replace("./target/release/cov-trace", env!("CARGO_BIN_EXE_cov-trace"));
    let measure = measure.replace(" target/", &format!(" {target}/"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1; {measure}")]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = mark().put(shell.env_remove("COV_TRACE_DATA")).output().unwrap();
    assert!(output.status.success(), "{measure}: {output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().replace(target, "target"), printed);
}
