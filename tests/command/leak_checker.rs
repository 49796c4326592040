//! Programs that are built with a leak checker, which works under no tracer.

use crate::harness::check::{COV_TRACE, in_new_folder, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::{build, measured};
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = "#include <stdlib.h>\nint main(void)\n{\n    free(malloc(32));\n    return 3;\n}\n";

fn built(folder: &Path, option: &str) -> PathBuf {
    let (source, program) = (folder.join("checked.c"), folder.join("checked"));
    std::fs::write(&source, SOURCE).unwrap();
    let gcc = Command::new("gcc").args(["-g", option]).arg(&source).arg("-o").arg(&program).status().unwrap();
    assert!(gcc.success());
    program
}

#[test]
fn it_says_so_and_the_program_ends() {
    for (option, variable) in [("-fsanitize=address", "ASAN_OPTIONS"), ("-fsanitize=leak", "LSAN_OPTIONS")] {
        let folder = tempfile::tempdir_in(build::output()).unwrap();
        let program = built(folder.path(), option);
        let data = folder.path().join("data");
        let mark = mark();
        let traced = in_new_folder(&mark, &mut under_cov_trace(&data, &program));
        assert!(traced.stderr.contains("LeakSanitizer does not work under ptrace"), "{option}: {traced:?}");
        let warnings: Vec<_> = measured::processes(&data).into_iter().flat_map(|process| process.warnings).collect();
        let told = warnings.iter().find(|warning| warning.slug == "untraced-child");
        assert!(told.is_some_and(|warning| warning.text.contains(variable)), "{warnings:?}");

        let without = folder.path().join("without");
        let mut command = under_cov_trace(&without, &program);
        let traced = in_new_folder(&mark, command.env(variable, "detect_leaks=0"));
        assert_eq!(traced.status.code(), Some(3), "{option}: {traced:?}");
        let main = measured::processes(&without).remove(0).lines_run(&folder.path().join("checked.c"));
        assert_eq!(main, [3, 4, 5, 6].into());

        let loud = folder.path().join("loud");
        let loud = Command::new(COV_TRACE).arg("--data").arg(loud).arg("--").arg(&program).output().unwrap();
        let said = String::from_utf8_lossy(&loud.stderr);
        assert!(said.contains(&format!("{variable}=detect_leaks=0")), "{option}: {said}");

        let doctor = Command::new(COV_TRACE).arg("doctor").arg(&program).output().unwrap();
        let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
        assert!(found.contains("detect_leaks=0"), "{found}");
    }
}
