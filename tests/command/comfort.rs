//! What makes it easy to begin: doctor, completions, man pages, examples in the help.

use crate::report::Measurements;
use std::fs;

#[test]
fn the_doctor_measures_and_looks() {
    let measurements = Measurements::new();
    fs::write(measurements.path("prog.c"), "int main(void)\n{\n\treturn 0;\n}\n").unwrap();
    measurements.other("cc", &["-g", "-o", "prog", "prog.c"]).clean();
    let found = measurements.run(&["doctor", "./prog"]);
    assert_eq!((found.status, found.stderr.as_str()), (Some(0), ""), "{found:?}");
    for part in [
        "ok    kernel: Linux ",
        "ok    tracing: works",
        "ok    debug info: lines: 3, functions: 1, sources: 1",
        "ok    data: .cov-trace will be made",
    ] {
        assert!(found.stdout.contains(part), "{part}: {found:?}");
    }
    assert!(!fs::exists(measurements.path(".cov-trace")).unwrap(), "looking leaves nothing behind");
    fs::write(measurements.path("script"), b"\x7fELF").unwrap();
    let found = measurements.run(&["doctor", "./script"]);
    assert!(found.status == Some(1) && found.stdout.contains("FAIL  program: ./script: "), "{found:?}");
    let found = measurements.run(&["doctor", "2147483647"]);
    let told = "FAIL  process: attach to 2147483647: there is no such process";
    assert!(found.status == Some(1) && found.stdout.contains(told), "{found:?}");
    fs::write(measurements.path("file"), "").unwrap();
    let found = measurements.run(&["doctor", "--data", "file", "no-such-program"]);
    assert!(found.status == Some(1) && found.stdout.contains("FAIL  data: "), "{found:?}");
    assert!(found.stdout.contains("FAIL  program: no-such-program is not in PATH"), "{found:?}");
}

#[test]
fn shells_complete_commands_and_options() {
    let measurements = Measurements::new();
    let script = measurements.run(&["completions", "bash"]).clean();
    fs::write(measurements.path("complete.bash"), script).unwrap();
    let complete = |words: &str, begun: &str| {
        let (count, last) = (words.split(' ').count(), words.split(' ').next_back().unwrap());
        let command = format!(
            "source complete.bash; COMP_WORDS=({words} '{begun}'); COMP_CWORD={count}; \
             _cov__trace cov-trace '{begun}' {last}; echo \"${{COMPREPLY[@]}}\""
        );
        measurements.other("bash", &["-c", &command]).clean()
    };
    let commands = complete("cov-trace", "");
    assert!(["report", "attach", "diff", "combine"].iter().all(|name| commands.contains(name)), "{commands}");
    let options = complete("cov-trace report", "--");
    assert!(options.contains("--fail-under") && !options.contains("--verify-detach"), "{options}");
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        assert!(measurements.run(&["completions", shell]).clean().contains("show-missing"), "{shell}");
    }
}

#[test]
fn every_command_has_a_man_page_and_examples() {
    let measurements = Measurements::new();
    assert!(measurements.run(&["man"]).clean().contains(".TH cov-trace 1"));
    assert_eq!(measurements.run(&["man", "-o", "pages"]).clean(), "");
    let (pages, _) = super::super::report::listing(std::path::Path::new(&measurements.path("pages")));
    assert!(pages.len() > 12 && pages.contains(&"cov-trace-report.1".to_owned()), "{pages:?}");
    for page in &pages {
        let text = fs::read_to_string(measurements.path(&format!("pages/{page}"))).unwrap();
        assert!(text.contains("Examples:") && text.contains(".SH SYNOPSIS"), "{page}");
        let command = page.trim_start_matches("cov-trace").trim_end_matches(".1").trim_start_matches('-');
        let arguments = [command, "--help"];
        let help = measurements.run(if command.is_empty() { &arguments[1..] } else { &arguments }).clean();
        assert!(help.contains("Examples:"), "{page}");
    }
}
