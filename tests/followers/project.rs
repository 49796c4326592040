//! Unless something else is asked for, the sources of the project are measured: those of the git working tree that
//! cov-trace is started in. What has none of them is followed, and as long as nothing has, everything is measured.

use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::measured;
use crate::harness::session::Session;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use testing::attached::{self, Attached};
use testing::run::{Outcome, to_end};

/// A folder with a project `p` in a git working tree, `other` beside it, and `link`, which leads to `p`.
struct Place {
    folder: tempfile::TempDir,
}

const SOURCES: [(&str, &str); 7] = [
    (
        "p/src/main.c",
        "#include <stdio.h>\n#include \"../../other/shared.h\"\nint vendored(void);\nint other(int);\nint main(void) {\n\
         \x20   dprintf(1, \"ready\\n\");\n    getchar();\n    return vendored() + other(1) + shared(2) - 6;\n}\n",
    ),
    ("p/vendor/v.c", "int vendored(void) {\n    return 1;\n}\n"),
    (
        "other/shared.h",
        "static inline int shared(int number) {\n    if (number == 3)\n        return 9;\n    return number;\n}\n",
    ),
    ("other/lib.c", "int other(int number) {\n    return number + 2;\n}\n"),
    (
        "other/wrapper.c",
        "#include <unistd.h>\n#include \"shared.h\"\nint main(int argc, char **argv) {\n    if (shared(argc) == 9)\n\
         \x20       return 1;\n    execv(argv[1], argv + 1);\n    return 127;\n}\n",
    ),
    ("p/.git/HEAD", "ref: refs/heads/main\n"),
    ("p/build/CMakeCache.txt", ""),
];

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { folder };
        for (path, text) in SOURCES {
            let path = place.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink("p", place.path("link")).unwrap();
        place.compile("other", &["-shared", "-fPIC", "lib.c", "-o", "lib.so"]);
        place.compile("other", &["wrapper.c", "-o", "wrapper"]);
        place.compile(
            "p",
            &[
                "src/main.c",
                "vendor/v.c",
                "-L../other",
                "-l:lib.so",
                "-Wl,-rpath,$ORIGIN/../../other",
                "-o",
                "build/prog",
            ],
        );
        // For the tests of ordinary users.
        fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn compile(&self, folder: &str, arguments: &[&str]) {
        let mut command = Command::new("cc");
        command.args(["-g", "-O0"]).args(arguments).current_dir(self.path(folder)).env_remove("PWD");
        let done = command.status().unwrap();
        assert!(done.success(), "{command:?}");
    }

    /// Measures a command line, whose first words may be options, from a folder.
    fn measured(&self, cwd: &str, words: &[&str]) -> Outcome {
        let mut command = Command::new(COV_TRACE);
        command.arg("--data").arg(self.path("data")).args(self.words(words));
        to_end(&mark(), &self.path(cwd), command.env("PWD", self.path(cwd)))
    }

    /// The words with the folder's name for `@`.
    fn words(&self, words: &[&str]) -> Vec<String> {
        words.iter().map(|word| word.replace('@', self.path("").to_str().unwrap())).collect()
    }

    /// The lines that the sources have in the data which that wrote, as `source:line`, with a `!` for what did not run.
    fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for process in measured::processes(&self.path("data")) {
            let of = process.lines(&self.path(""));
            let short = |line: &String| line.strip_prefix(self.path("").to_str().unwrap()).unwrap().to_owned();
            lines.extend(of[0].iter().map(short));
            lines.extend(of[1].iter().map(|line| short(line) + "!"));
        }
        fs::remove_dir_all(self.path("data")).unwrap();
        lines
    }

    /// The sources of these lines.
    fn sources(&self) -> BTreeSet<String> {
        self.lines().iter().map(|line| line.split(':').next().unwrap().to_owned()).collect()
    }

    fn expect(&self, cwd: &str, words: &[&str], sources: &[&str]) -> String {
        let outcome = self.measured(cwd, words);
        assert!(outcome.status.success(), "{words:?}: {outcome:?}");
        let expected: BTreeSet<String> = sources.iter().map(|&source| source.to_owned()).collect();
        assert_eq!(self.sources(), expected, "{words:?} in {cwd}: {outcome:?}");
        outcome.stderr
    }
}

const MAIN: &str = "p/src/main.c";
const EVERYTHING: [&str; 4] = ["other/lib.c", "other/shared.h", MAIN, "p/vendor/v.c"];

#[test]
fn a_program_of_the_project_is_measured_for_its_sources() {
    let place = Place::new();
    let program = ["--", "@p/build/prog"];
    for cwd in ["p", "p/src", "p/build", "p/vendor", "link"] {
        let own = if cwd == "p/vendor" { &[MAIN, "p/vendor/v.c"][..] } else { &[MAIN] };
        let said = place.expect(cwd, &program, own);
        let left = if cwd == "p/vendor" { "2 sources" } else { "3 sources" };
        assert!(said.contains(&format!("without {left} outside {} (--all)", place.path("p").display())), "{said}");
    }
    place.measured("p", &program);
    let lines = place.lines();
    assert_eq!(lines, (5..=9).map(|line| format!("p/src/main.c:{line}")).collect());
}

#[test]
fn options_choose_more() {
    let place = Place::new();
    let chosen = |options: &[&str], sources: &[&str]| {
        let said = place.expect("p", &[options, &["--", "@p/build/prog"]].concat(), sources);
        assert!(!said.contains("outside"), "{said}");
    };
    chosen(&["--all"], &EVERYTHING);
    chosen(&["--all", "--exclude", "*.h"], &["other/lib.c", MAIN, "p/vendor/v.c"]);
    chosen(&["--include", "vendor"], &["p/vendor/v.c"]);
    chosen(&["--include", "vendor", "--all"], &EVERYTHING);
    chosen(&["--module", "prog"], &["other/shared.h", MAIN, "p/vendor/v.c"]);
    chosen(&["--module", "lib.so"], &["other/lib.c"]);
    place.expect("p", &["--exclude", "vendor", "--", "@p/build/prog"], &[MAIN]);
}

#[test]
fn a_source_that_was_built_by_way_of_a_link_is_chosen_by_either_name() {
    let place = Place::new();
    let map = format!("-fdebug-prefix-map={}={}", place.path("p").display(), place.path("link").display());
    place.compile("p", &[&map, "src/main.c", "vendor/v.c", "../other/lib.c", "-o", "build/prog"]);
    let (main, vendored) = ("link/src/main.c", "link/vendor/v.c");
    for (option, pattern, sources) in [
        ("--include", "src", &[main][..]),
        ("--include", "@p/src", &[main]),
        ("--include", "@link/src", &[main]),
        ("--include", ".", &[main, vendored]),
        ("--exclude", "@p/src", &[vendored, "other/lib.c", "other/shared.h"]),
        ("--exclude", "@link/src", &[vendored, "other/lib.c", "other/shared.h"]),
    ] {
        place.expect("p", &["--all", option, pattern, "--", "@p/build/prog"], sources);
    }
    place.measured("p", &["--all", "--", "@p/build/prog"]);
    for pattern in ["src", "@p/src", "@link/src"] {
        let mut command = Command::new(COV_TRACE);
        command.args(["report", "--include"]).args(place.words(&[pattern])).arg("--data").arg(place.path("data"));
        let outcome = to_end(&mark(), &place.path("p"), &mut command);
        assert!(outcome.stdout.contains("src/main.c") && !outcome.stdout.contains("v.c"), "{pattern}: {outcome:?}");
    }
}

#[test]
fn a_configuration_chooses_and_the_command_line_goes_before_it() {
    let place = Place::new();
    let program = ["--", "@p/build/prog"];
    fs::write(place.path("p/cov-trace.toml"), "[run]\nall = true\n").unwrap();
    place.expect("p", &program, &EVERYTHING);
    place.expect("p", &["--include", "vendor", "--", "@p/build/prog"], &["p/vendor/v.c"]);
    place.expect("p", &["--no-config", "--", "@p/build/prog"], &[MAIN]);
    fs::write(place.path("p/cov-trace.toml"), "include = [\"vendor\"]\n").unwrap();
    place.expect("p", &program, &["p/vendor/v.c"]);
    place.expect("p", &["--all", "--", "@p/build/prog"], &EVERYTHING);
}

#[test]
fn a_program_that_runs_one_of_the_project() {
    let place = Place::new();
    // Without debug info.
    place.expect("p", &["--", "sh", "-c", "build/prog; :"], &[MAIN]);
    // With that of Rust's standard library alone, as cargo has it.
    let text = "fn main() {\n    std::process::Command::new(\"build/prog\").status().unwrap();\n}\n";
    fs::write(place.path("other/wrapper.rs"), text).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["-C", "debuginfo=0", "wrapper.rs", "-o", "rust"]).current_dir(place.path("other"));
    assert!(rustc.status().unwrap().success());
    let said = place.expect("p", &["--", "@other/rust"], &[MAIN]);
    assert!(!said.contains("as a whole"), "{said}");
    // With some: it may be what was meant, and what it shares with the program must not look as if that had not run.
    let said = place.expect("p", &["--", "@other/wrapper", "build/prog"], &["other/shared.h", "other/wrapper.c", MAIN]);
    let note = format!(
        "measured as a whole, since nothing of {} ran before: {}",
        place.path("p").display(),
        place.path("other/wrapper").display()
    );
    assert!(said.contains(&note), "{said}");
    place.measured("p", &["--", "@other/wrapper", "build/prog"]);
    assert!(place.lines().contains("other/shared.h:4"));
}

#[test]
fn without_any_source_in_the_project_everything_is_measured() {
    let place = Place::new();
    let program = ["--", "@p/build/prog"];
    let said = place.expect("other", &program, &EVERYTHING[..2]);
    assert!(said.contains("without 2 sources"), "{said}");
    fs::create_dir(place.path("empty")).unwrap();
    let said = place.expect("empty", &program, &EVERYTHING);
    let note = format!(
        "measured as a whole, since nothing of {} ran before: {}",
        place.path("empty").display(),
        place.path("p/build/prog").display()
    );
    assert!(said.contains(&note) && !said.contains("without"), "{said}");
    let said = place.expect("empty", &["-q", "--", "sh", "-c", "../p/build/prog; :"], &EVERYTHING);
    assert_eq!(said, "");
    // Everything is below the folder of both.
    place.expect(".", &program, &["other/lib.c", "other/shared.h", MAIN]);
}

#[test]
fn a_process_is_attached_to_from_its_project_or_from_elsewhere() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    for (cwd, options, sources) in
        [("p", &[][..], &[MAIN][..]), ("p", &["--all"], &EVERYTHING), ("empty", &[], &EVERYTHING)]
    {
        let mut program = Session::start(&place.path("p"), Command::new(place.path("p/build/prog")));
        program.expect("ready");
        let mut command = attached::command(COV_TRACE, &[program.pid], options, &place.path("data"));
        command.current_dir(place.path(cwd));
        let attached = Attached::start(mark(), command).unwrap();
        program.end_input();
        let ended = attached.until_ended().unwrap();
        assert!(ended.status.success(), "{ended:?}");
        let expected: BTreeSet<String> = sources.iter().map(|&source| source.to_owned()).collect();
        assert_eq!(place.sources(), expected, "{options:?} in {cwd}: {ended:?}");
    }
}

#[test]
fn an_ordinary_user_measures_the_same() {
    let place = Place::new();
    let tracer = place.path("cov-trace");
    fs::copy(COV_TRACE, &tracer).unwrap();
    fs::create_dir(place.path("data")).unwrap();
    fs::set_permissions(place.path("data"), fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]);
    command.arg(&tracer).arg("--data").arg(place.path("data")).arg("--").arg(place.path("p/build/prog"));
    let outcome = to_end(&mark(), &place.path("p"), &mut command);
    assert!(outcome.status.success(), "{outcome:?}");
    assert_eq!(place.sources(), BTreeSet::from([MAIN.to_owned()]), "{outcome:?}");
}

#[test]
fn the_data_says_what_the_scope_was() {
    let place = Place::new();
    fs::create_dir(place.path("empty")).unwrap();
    let says = |cwd: &str, words: &[&str], scope: &str, told: bool| {
        let outcome = place.measured(cwd, &[words, &["--", "@p/build/prog"]].concat());
        assert!(outcome.status.success(), "{outcome:?}");
        let scope = place.words(&[scope]).remove(0);
        let ask = |command: &str| {
            let mut asked = Command::new(COV_TRACE);
            to_end(&mark(), &place.path("p"), asked.arg(command).arg("--data").arg(place.path("data")))
        };
        let (ps, report) = (ask("ps").stdout, ask("report").stderr);
        assert!(ps.lines().next().unwrap().ends_with(&format!(", {scope}")), "{scope}: {ps}");
        let expected = format!("cov-trace: scope: {scope} (--all measures everything)\n");
        assert_eq!(report, if told { &expected } else { "" });
        fs::remove_dir_all(place.path("data")).unwrap();
    };
    says("p", &[], "project @p", false);
    says("p", &["--all"], "everything", false);
    says("p", &["--include", "src"], "what --include or --module name", false);
    says("other", &[], "project @other", true);
    says("empty", &[], "project @empty, and all of @other/lib.so, @p/build/prog", true);
}
