//! Sources with several names, with the same name, and names of no source.

use super::{Measurements, file, lines, process};
use std::fs;
use std::os::unix::fs::symlink;

#[track_caller]
fn gcc(project: &Measurements, folder: &str, arguments: &[&str]) {
    let command = ["-c", "cd \"$0\" && exec gcc \"$@\"", folder];
    let built = project.other("sh", &[&command, arguments].concat());
    assert_eq!(built.status, Some(0), "{built:?}");
}

#[track_caller]
fn measure(project: &Measurements, program: &str) {
    let measured = project.run(&["--", program]);
    assert_eq!(measured.status, Some(0), "{measured:?}");
}

/// The names of the sources of a report.
fn names(report: &str) -> Vec<&str> {
    let rows = report.lines().skip(2).take_while(|row| !row.starts_with("---"));
    rows.filter_map(|row| row.split_whitespace().next()).collect()
}

const MAIN: &str = "#include \"k.h\"\nint main(void) {\n    return k(0);\n}\n";
const HEADER: &str = "static int k(int x) {\n    return x;\n}\n";

#[test]
fn a_source_of_several_names_is_one() {
    let project = Measurements::new();
    fs::create_dir(project.path("real")).unwrap();
    fs::write(project.path("real/m.c"), MAIN).unwrap();
    fs::write(project.path("real/k.h"), HEADER).unwrap();
    symlink("real", project.path("link")).unwrap();
    fs::hard_link(project.path("real/m.c"), project.path("real/n.c")).unwrap();
    symlink("m.c", project.path("real/alias.c")).unwrap();
    for (number, source) in
        ["real/m.c", "link/m.c", "./link/../real//m.c", "real/n.c", "link/n.c", "real/alias.c"].iter().enumerate()
    {
        let program = format!("p{number}");
        gcc(&project, ".", &["-g", &format!("-DNUMBER={number}"), source, "-o", &program]);
        measure(&project, &format!("./{program}"));
    }
    let report = project.run(&["report"]).clean();
    assert_eq!(names(&report), ["real/k.h", "real/m.c"], "{report}");
    assert!(report.contains("TOTAL         6       0  100.0%"), "{report}");
    assert_eq!(project.run(&["combine", "-o", "all", ".cov-trace"]).status, Some(0));
    assert_eq!(project.run(&["report", "--data=all"]).clean(), report);
    let ps = project.run(&["ps"]).clean();
    assert!(ps.contains('6'), "{ps}");
}

#[test]
fn the_name_below_the_working_directory_is_taken() {
    let project = Measurements::new();
    for folder in ["outside", "project"] {
        fs::create_dir(project.path(folder)).unwrap();
    }
    fs::write(project.path("outside/m.c"), MAIN).unwrap();
    fs::write(project.path("outside/k.h"), HEADER).unwrap();
    symlink("../outside", project.path("project/vendor")).unwrap();
    gcc(&project, "project", &["-g", "vendor/m.c", "-o", "p"]);
    gcc(&project, "outside", &["-g", "m.c", "-o", "q"]);
    for program in ["project/p", "outside/q"] {
        measure(&project, program);
    }
    let mut command = project.command(&["report", "--data", &project.path(".cov-trace")]);
    command.current_dir(project.path("project"));
    let report = super::finish(command);
    assert_eq!(names(&report.stdout), ["vendor/k.h", "vendor/m.c"], "{report:?}");
    let scope = format!("cov-trace: scope: project {} (--all measures everything)\n", project.cwd().display());
    assert_eq!(report.stderr, scope, "it was measured in another project than one is in");
    assert_eq!(names(&project.run(&["report"]).clean()), ["outside/k.h", "outside/m.c"]);
}

#[test]
fn sources_of_one_relative_name_stay_apart() {
    let project = Measurements::new();
    let sources = [
        "int main(void) {\n    return 0;\n}\n",
        "\n\nint main(int c, char **v) {\n    return c > 1\n        && v;\n}\n",
    ];
    for (folder, source) in ["one", "two"].iter().zip(sources) {
        fs::create_dir(project.path(folder)).unwrap();
        fs::write(project.path(&format!("{folder}/u.c")), source).unwrap();
        gcc(&project, folder, &["-g", &format!("-fdebug-prefix-map={}=.", project.path(folder)), "./u.c", "-o", "u"]);
        measure(&project, &format!("{folder}/u"));
    }
    let report = project.run(&["report"]).clean();
    assert_eq!(names(&report), ["one/u.c", "two/u.c"], "{report}");
    let lcov = project.run(&["lcov"]).clean();
    assert!(lcov.contains("SF:one/u.c\n") && lcov.contains("SF:two/u.c\n"), "{lcov}");
}

#[test]
fn units_of_one_relative_name_in_one_program_stay_apart() {
    let project = Measurements::new();
    for (folder, source) in [
        ("one", "int one(void) {\n    return 0;\n}\n"),
        ("two", "\n\nint main(void) {\n    int one(void);\n    return one();\n}\n"),
    ] {
        fs::create_dir(project.path(folder)).unwrap();
        fs::write(project.path(&format!("{folder}/u.c")), source).unwrap();
        let map = format!("-fdebug-prefix-map={}=.", project.path(folder));
        let built = project
            .other("sh", &["-c", "cd \"$0\" && exec clang -gdwarf-5 \"$@\"", folder, &map, "-c", "./u.c", "-o", "u.o"]);
        assert_eq!(built.status, Some(0), "{built:?}");
    }
    gcc(&project, ".", &["one/u.o", "two/u.o", "-o", "two/u"]);
    measure(&project, "two/u");
    let told = project.run_in_full(&["report", "-m"]);
    assert!(told.stdout.contains("\ntwo/u.c      2       0  100.0%"), "{told:?}");
    assert!(told.stdout.contains("\nu.c          2       0  100.0%"), "{told:?}");
}

#[test]
fn names_of_no_files_are_left_out_and_told_once() {
    let project = Measurements::new();
    let source =
        "# 1 \"<stdin>\"\nint f(int x) {\n    return x;\n}\n# 5 \"q.c\"\nint main(void) {\n    return f(0);\n}\n";
    fs::write(project.path("q.c"), source).unwrap();
    gcc(&project, ".", &["-g", "q.c", "-o", "q"]);
    measure(&project, "./q");
    let told = project.run_in_full(&["report"]);
    assert_eq!(names(&told.stdout), ["q.c"], "{told:?}");
    assert_eq!(told.stderr.matches("no-source-file").count(), 1, "{told:?}");
    assert!(!project.run(&["lcov"]).stdout.contains('<'), "nor elsewhere");
    // Data from before names were looked at.
    let mut old = Measurements::new();
    let sources = ["/src/<autogenerated>", "/src/<built-in>", "/src/a.c"];
    old.add(&process(1, sources.map(|path| (file(path, lines(1..=3), vec![]), lines([1]))).into()));
    let told = old.run_in_full(&["report"]);
    assert_eq!(names(&told.stdout), ["/src/a.c"], "{told:?}");
    assert_eq!(told.stderr.matches("no-source-file: sources /src/<autogenerated>, /src/<built-in>").count(), 1);
}

#[test]
fn lines_behind_the_end_of_a_source_are_left_out_and_told_once() {
    let project = Measurements::new();
    let source = "int f(int x) {\n    return x;\n}\n# 120 \"q.c\"\nint g(int x) {\n    return x;\n}\n# 5 \"q.c\"\nint main(void) {\n    return f(0);\n}\n";
    fs::write(project.path("q.c"), source).unwrap();
    gcc(&project, ".", &["-g", "q.c", "-o", "q"]);
    measure(&project, "./q");
    let told = project.run_in_full(&["report", "-m"]);
    assert!(told.stdout.contains("q.c        6       0  100.0%\n"), "{told:?}");
    assert!(told.stderr.contains("beyond-end in source q.c (3 places)"), "{told:?}");
    assert!(!project.run(&["lcov"]).stdout.contains("FN:120"), "its function neither");
}

#[test]
fn a_map_that_fits_nothing_is_told() {
    let mut measurements = Measurements::new();
    measurements.add(&process(1, vec![(file("/build/a.c", lines([1]), vec![]), lines([1]))]));
    let told = measurements.run_in_full(&["report", "--map", "/build=/src", "--map", "/biuld=/src"]).stderr;
    assert!(told.contains("map-unused: --map /biuld=/src") && !told.contains("--map /build=/src:"), "{told}");
}
