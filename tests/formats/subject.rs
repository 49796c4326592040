//! Measurements that are hard on formats, and the tools that read them.

use crate::report::{Finished, Measurements, file, finish, function, lines, process};
use cov_trace::store::{ContextKind, Hits, Span, UnixMillis};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A name with everything that a format gives a meaning.
pub(super) const HOSTILE: &str = "src/<script>alert('1')<|script>]]>&amp; \"q\",\u{1}\n\u{e4}.c";

/// The same without what readers of XML and of lines cannot have.
pub(super) const HARMLESS: &str = "src/<script>alert('1')<|script>]]>&amp; \"q\",__\u{e4}.c";

/// Two processes and four sources, relative to the working directory unless they are not below it:
///
/// - `src/plain.c` has a line that is excluded, functions with one name and functions within each other;
/// - [`HOSTILE`] has Latin-1 in it, a form feed and no line end at its end;
/// - `gone.c` is not there;
/// - `/nowhere/up.c` is called `/nowhere/in/../up.c` by the debug info.
pub(super) fn measurements() -> Measurements {
    measurements_with(HOSTILE)
}

/// The same with another name for the hostile source.
pub(super) fn measurements_with(hostile: &str) -> Measurements {
    let mut measurements = Measurements::new();
    fs::create_dir(measurements.cwd().join("src")).unwrap();
    let plain: String =
        (1..=20).map(|line| if line == 12 { "x; // LCOV_EXCL_LINE\n".into() } else { format!("{line};\n") }).collect();
    fs::write(measurements.path("src/plain.c"), plain).unwrap();
    fs::write(measurements.path(hostile), b"1\x0c;\n2;\xe4\r\n3;").unwrap();
    let functions = vec![
        function(1, 5, "std::map<int, A>::at(int, long) const"),
        function(4, 5, "outer::operator()"),
        function(7, 8, "twice"),
        function(10, 12, "twice"),
    ];
    let plain = file(&measurements.path("src/plain.c"), lines([1, 2, 4, 5, 7, 8, 10, 11, 12]), functions);
    let hostile = file(&measurements.path(hostile), lines([1, 2, 3]), vec![function(1, 3, "<b>\u{1}\n\"]]>")]);
    let gone = file(&measurements.path("gone.c"), lines([3, 9]), vec![function(3, 9, "")]);
    let up = file("/nowhere/in/../up.c", lines([1000]), vec![]);
    let mut one = process(1, vec![(plain.clone(), lines([1, 2, 7, 12])), (hostile, lines([2])), (up, lines([]))]);
    one.contexts.push("a <test>".to_owned());
    one.hits.push(Hits { image: 0, file: 0, context: 1, lines: lines([2, 8]), functions: lines([]) });
    one.spans =
        vec![Span { at: UnixMillis(1_000_100), label: "a <test>".to_owned(), opened: Some(ContextKind::Process) }];
    measurements.add(&one);
    measurements.add(&process(2, vec![(plain, lines([4, 7])), (gone, lines([9]))]));
    measurements
}

/// A command of the consumers that `tests/setup` installs.
pub(crate) fn consumer(age: &str, command: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/consumers").join(age).join("bin").join(command);
    assert!(path.exists(), "{} is not there: run tests/setup", path.display());
    path
}

/// Runs one of the newest consumers in the working directory.
pub(super) fn consume(measurements: &Measurements, command: &str, arguments: &[&str]) -> Finished {
    measurements.other(consumer("newest", command).to_str().unwrap(), arguments)
}

/// Runs coverage.py with the plugin in the working directory.
pub(super) fn coverage(measurements: &Measurements, age: &str, arguments: &[&str]) -> Finished {
    let mut command = Command::new(consumer(age, "coverage"));
    command.args(arguments).current_dir(measurements.cwd());
    command
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    finish(command)
}

/// A file that belongs to these tests.
pub(super) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(name);
    path.to_str().unwrap().to_owned()
}

/// Writes a format into a file of the working directory, and gives its text.
#[track_caller]
pub(super) fn written(measurements: &Measurements, arguments: &[&str], name: &str) -> String {
    let finished = measurements.run(&[arguments, &["-o", name]].concat());
    assert_eq!(finished.clean(), "");
    fs::read_to_string(measurements.path(name)).unwrap()
}
