//! Questions about tests beyond one change: the fewest tests, those that are not stable, and many questions in a row.

use super::affected::{affected, labels, measure};
use super::affected_sources::{built, measured};
use super::asked::{run, said};
use crate::formats::consumer;
use crate::harness::build;
use crate::harness::check::COV_TRACE;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The answers to lines, each a question.
fn answers(folder: &Path, questions: &str) -> Vec<Value> {
    fs::write(folder.join(".git/questions"), questions).unwrap();
    let told = run(folder, "sh", &["-c", &format!("{COV_TRACE} query < .git/questions")]);
    assert!(told.status.success(), "{told:?}");
    told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_fewest_tests_run_all_lines() {
    let folder = measured(&["-O0"]);
    let here = folder.path();
    let chosen = said(here, &["contexts", "--minimize"]);
    let chosen = chosen["contexts"].as_array().unwrap().clone();
    let all = said(here, &["contexts"]);
    assert!(
        all["contexts"].as_array().unwrap().len() == 6 && chosen.len() == 5,
        "each has lines of its own: {chosen:?}"
    );
    let adds: Vec<u64> = chosen.iter().map(|row| row["adds"].as_u64().unwrap()).collect();
    assert!(adds.is_sorted_by(|one, next| one >= next) && adds[4] > 0, "{adds:?}");
    let table = run(here, COV_TRACE, &["contexts", "--minimize"]);
    assert!(table.stdout.contains("Adds") && table.stderr.contains("5 of 5 contexts ran all lines"), "{table:?}");
    fs::write(here.join("README"), "2").unwrap();
    // Of two that run the same lines one is enough: here they differ by the lines of the tests themselves.
    let only = ["--diff", "HEAD", "--minimize", "--always", "twice"];
    assert_eq!(labels(&affected(here, &only)).len(), 5);
    fs::write(here.join("library.c"), fs::read_to_string(here.join("library.c")).unwrap().replace("-1;", "-2;"))
        .unwrap();
    let told = affected(here, &["--diff", "HEAD", "--order"]);
    assert!(told.stdout.starts_with("minus: "), "most of its lines changed: {told:?}");
}

/// A test that runs other lines where it is told to.
const UNSTABLE: &str = "#include <stdlib.h>\n\
        static int odd(void)\n{\n\treturn 1;\n}\n\
        void test_same(void)\n{\n}\n\
        void test_other(void)\n{\n\tif (getenv(\"ODD\"))\n\t\todd();\n}\n\
    int main(void)\n{\n\ttest_same();\n\ttest_other();\n\treturn 0;\n}\n";

fn unstable() -> TempDir {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    fs::write(folder.path().join("tests.c"), UNSTABLE).unwrap();
    assert!(run(folder.path(), "gcc", &["-g", "-o", "tests", "tests.c"]).status.success());
    folder
}

#[test]
fn tests_that_depend_on_the_time_are_not_stable() {
    let folder = unstable();
    let here = folder.path();
    let by = "--context-function=^test_(.*)";
    measure(here, &[by, "--", "./tests"]);
    let told = run(here, COV_TRACE, &["stability"]);
    assert!(told.stdout.is_empty() && told.stderr.contains("no build was in two runs"), "{told:?}");
    measure(here, &[by, "--", "./tests"]);
    let told = run(here, COV_TRACE, &["stability"]);
    assert!(told.stdout.is_empty() && told.stderr.contains("0 of 3 contexts differ between 2 runs"), "{told:?}");
    measure(here, &["--data=odd", by, "--", "env", "ODD=1", "./tests"]);
    let told = run(here, COV_TRACE, &["stability", ".cov-trace", "odd"]);
    assert_eq!(told.stdout, "other: tests.c:3-5, 12 ran in at most 1 of 3 runs\n", "{told:?}");
    let told = said(here, &["stability", "odd", ".cov-trace"]);
    assert_eq!(told["unstable"][0]["lines"], json!([3, 4, 5, 12]));
    assert_eq!(said(here, &["stability", "odd", ".cov-trace", "--context", "same"])["unstable"], json!([]));
}

#[test]
fn of_several_runs_of_a_test_the_newest_counts() {
    let folder = unstable();
    let here = folder.path();
    let by = "--context-function=^test_(.*)";
    let lines = || said(here, &["what", "other"])["files"][0]["lines"].clone();
    measure(here, &[by, "--", "env", "ODD=1", "./tests"]);
    assert_eq!(lines(), json!([3, 4, 5, 10, 11, 12, 13]));
    measure(here, &[by, "--", "./tests"]);
    assert_eq!(lines(), json!([10, 11, 13]), "it did not run the others again");
    let total = || run(here, COV_TRACE, &["report", "--format=total"]);
    assert_eq!(total().stdout.trim(), "71.4");
    // A run of other tests leaves them as they were.
    measure(here, &["--context-function=^test_same", "--", "./tests"]);
    assert_eq!(lines(), json!([10, 11, 13]));
    let told = total();
    assert!(told.stderr.contains("2 of 3 tests were not in the last run"), "{told:?}");
    // Of another build nothing is left out.
    fs::write(here.join("tests.c"), format!("{UNSTABLE}int unused;\n")).unwrap();
    assert!(run(here, "gcc", &["-g", "-o", "tests", "tests.c"]).status.success());
    measure(here, &[by, "--", "./tests"]);
    let who = said(here, &["contexts"]);
    assert_eq!(who["contexts"][1]["label"], "other", "{who}");
    // What a user calls runs adds up.
    for odd in ["0", "1"] {
        let words =
            ["--context=named", "--data=named", "--", "sh", "-c", &format!("[ {odd} = 0 ] || export ODD=1; ./tests")];
        measure(here, &words);
    }
    let named = said(here, &["what", "named", "--data=named"]);
    assert!(named["files"][0]["lines"].as_array().unwrap().contains(&json!(4)), "{named}");
}

#[test]
fn questions_are_answered_line_by_line() {
    let folder = measured(&["-O0"]);
    let here = folder.path();
    let library = fs::read_to_string(here.join("library.c")).unwrap();
    fs::write(here.join("library.c"), library.replace("return -1;", "return -2;")).unwrap();
    let questions = "{\"id\": 7, \"who\": \"library.c:16\"}\n\n\
        {\"what\": \"twice\"}\n\
        {\"contexts\": {\"minimize\": true}}\n\
        {\"affected\": {\"diff\": \"HEAD\"}}\n\
        {\"affected\": {\"files\": [\"library.c\", \"README\"]}}\n\
        {\"stability\": []}\n\
        {\"why\": \"library.c:16\"}\n\
        {\"who\": \"nothing.c:1\"}\n\
        {\"who\": {\"arguments\": \"library.c:16\", \"no_such\": \"1\"}}\n\
        {\"html\": {}}\nnonsense\n\u{1}\n";
    let answered = answers(here, questions);
    assert_eq!(answered.len(), 12, "{answered:?}");
    assert_eq!(answered[0]["id"], 7);
    assert_eq!(answered[0]["answer"]["asked"][0]["contexts"][0]["label"], "minus");
    assert_eq!(answered[0]["answer"], said(here, &["who", "library.c:16"]));
    assert_eq!(answered[1]["answer"], said(here, &["what", "twice"]));
    assert_eq!(answered[3]["answer"]["affected"], 1);
    assert_eq!(answered[3]["answer"]["of"], 5);
    assert_eq!(
        answered[3]["answer"]["tests"][0]["reasons"],
        json!([{ "kind": "source", "source": "library.c", "lines": "16", "function": null }])
    );
    assert_eq!(answered[4]["answer"]["affected"], 5);
    assert_eq!(answered[6]["answer"]["lines"][0]["reported"], "ran", "{}", answered[6]);
    assert_eq!(answered[6]["answer"], said(here, &["why", "library.c:16"]));
    let errors =
        ["no source \"nothing.c\"", "unexpected argument '--no-such'", "cannot be asked", "no JSON", "no JSON"];
    for (answer, cause) in answered[7..].iter().zip(errors) {
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(cause)), "{cause}: {answer}");
    }
    let schema = run(here, COV_TRACE, &["query", "--schema"]).stdout;
    fs::write(here.join("schema.json"), schema).unwrap();
    let lines: Vec<Value> =
        questions.lines().filter_map(|line| serde_json::from_str(line).ok()).take(7).chain(answered).collect();
    fs::write(here.join("lines.json"), json!(lines).to_string()).unwrap();
    let check = "import json, sys\n\
        from jsonschema import Draft202012Validator as Validator\n\
        schema, lines = [json.load(open(name, encoding='utf-8')) for name in sys.argv[1:]]\n\
        Validator.check_schema(schema)\n\
        for line in lines: Validator(schema).validate(line)\n\
        assert not Validator(schema).is_valid({'answer': {'tests': [{}], 'affected': 1, 'of': 1}})\n";
    let python = consumer("newest", "python");
    let checked = run(here, python.to_str().unwrap(), &["-c", check, "schema.json", "lines.json"]);
    assert!(checked.status.success(), "{checked:?}");
    built(here, &["-O0"]);
}
