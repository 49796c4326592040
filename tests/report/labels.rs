//! Labels of contexts that would be markup, commands, paths, globs or lines of a format if they were taken for such: in
//! every output they are data, and each can be asked for.

use super::{Measurements, RUN, file, function, lines, process};
use crate::html::Browser;
use cov_trace::store::{ContextKind, End, EndReason, Hits, Span, UnixMillis};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

const ATTACK: &str = "</script><script>document.title='run'</script><img src=x onerror=document.title='run'>";

fn labels() -> Vec<String> {
    let long = "<b>long</b>".repeat(6_000);
    let labels = [
        ATTACK,
        "../../../../escaped-by-cov-trace",
        "/etc/passwd",
        "quoted \"'`$(touch ran)`\"",
        "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m",
        "line\nTN:other\r\nend_of_record\nSF:x",
        "parse[a-b]",
        "[unclosed",
        "{a,b",
        "*",
        "**/?",
        "\u{202e}turned\u{2028}",
        "not UTF-8 \u{fffd}\u{fffd}",
        "nul\0inside",
        "\u{442}\u{435}\u{441}\u{442}",
        "\u{442}\u{435}\u{43a}\u{442}",
        "]]>&lt;&#60;",
        "constructor",
        "__proto__",
        "a b",
        "a_b",
        &long,
    ];
    labels.map(str::to_owned).into()
}

/// The labels of the run itself.
const OF_RUN: [(&str, &str); 2] = [("note", ATTACK), ("rev", "4f1c\u{1b}[2J")];

/// A process for each of them; the one at a position ran the first line and one of its own.
fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    let source = measurements.path("a.c");
    fs::write(&source, "f();\n".repeat(100)).unwrap();
    for (number, label) in (0..).zip(labels()) {
        let code = file(&source, (1..=100).collect(), vec![function(1, 100, "f")]);
        let mut record = process(number as i32 + 1, vec![(code, lines([]))]);
        record.images[0] = std::sync::Arc::new(cov_trace::store::ImageFacts {
            path: "/bin/prog".to_owned(),
            ..(*record.images[0]).clone()
        });
        record.contexts.push(label.clone());
        record.hits =
            vec![Hits { image: 0, file: 0, context: 1, lines: lines([1, 10 + number]), functions: lines([]) }];
        record.spans = vec![Span { at: UnixMillis(1_000_000), label, opened: Some(ContextKind::Process) }];
        record.head.end = Some(End { at: UnixMillis(1_000_500), reason: EndReason::Exited((number % 2) as i32) });
        measurements.add_to_directory(&record);
    }
    measurements.label(RUN, &OF_RUN);
    measurements
}

fn is_shown_harmlessly(text: &str) -> bool {
    !text.contains(|letter: char| {
        (letter.is_control() && letter != '\n') || letter == '\u{202e}' || letter == '\u{2028}'
    })
}

#[test]
fn every_label_can_be_asked_for_and_is_shown_harmlessly() {
    let measurements = measurements();
    for (number, label) in labels().iter().enumerate() {
        // No argument can have a zero byte, but a glob fits it.
        let asked = label.replace('\0', "?");
        let said = measurements.run(&["what", "--json", &asked]).clean();
        let said: Value = serde_json::from_str(&said).unwrap();
        let ran = said["files"][0]["lines"].as_array().unwrap();
        assert!(ran.contains(&(10 + number).into()), "{label:?}: {said}");
        let is_glob = ["*", "**/?"].contains(&label.as_str());
        assert!(is_glob || ran.len() == 2, "{label:?}: {said}");
        let without = measurements.run(&["report", "--exclude-context", &asked, "--context", &asked]);
        assert!(without.stdout.contains("  0.0%"), "{label:?}: {without:?}");
        let shown = measurements.run(&["what", &asked]).clean();
        assert!(is_shown_harmlessly(&shown), "{label:?}: {shown:?}");
        let line = format!("a.c:{}", 10 + number);
        let who: Value = serde_json::from_str(&measurements.run(&["who", "--json", &line]).clean()).unwrap();
        assert_eq!(who["asked"][0]["contexts"][0]["label"], *label);
    }
    for words in [&["contexts"][..], &["who", "a.c:1"], &["who", "f"]] {
        let shown = measurements.run(words).clean();
        assert!(is_shown_harmlessly(&shown), "{words:?}: {shown:?}");
        assert_eq!(shown.lines().count(), labels().len() + 1, "{words:?}: {shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 300), "{words:?}: a label is not that wide");
    }
    let nothing = measurements.run(&["what", "\u{1b}[2J<"]).error();
    assert!(is_shown_harmlessly(&nothing), "{nothing:?}");
}

#[test]
fn formats_have_every_label_as_data() {
    let measurements = measurements();
    let expected: BTreeSet<String> = labels().into_iter().collect();
    let of = |rows: &Value| -> BTreeSet<String> {
        rows["contexts"].as_array().unwrap().iter().map(|row| row["label"].as_str().unwrap().to_owned()).collect()
    };
    for words in [&["json"][..], &["contexts", "--json"]] {
        assert_eq!(of(&serde_json::from_str(&measurements.run(words).clean()).unwrap()), expected, "{words:?}");
    }
    let report: Value = serde_json::from_str(&measurements.run(&["json"]).clean()).unwrap();
    let of_run: Value = OF_RUN.into_iter().collect();
    assert_eq!(report["runs"], serde_json::json!([{ "name": RUN, "labels": of_run }]));
    let tracefile = measurements.run(&["lcov", "--by-context"]).clean();
    let tests: Vec<&str> = tracefile.lines().filter_map(|line| line.strip_prefix("TN:")).collect();
    let plain = |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && name.len() < 300;
    assert!(tests.iter().all(plain), "{tests:?}");
    assert_eq!(tests.iter().collect::<BTreeSet<_>>().len(), expected.len(), "tests are told apart: {tests:?}");
    assert_eq!(tracefile.lines().filter(|line| *line == "end_of_record").count(), expected.len());

    measurements.run(&["coveragepy", "--merged", "-o", "snapshot"]).clean();
    fs::write(
        measurements.path("contexts.py"),
        "import glob, json, coverage\n\
         data = coverage.CoverageData(glob.glob('snapshot/.coverage.*')[0])\n\
         data.read()\n\
         print(json.dumps(sorted(data.measured_contexts())))\n",
    )
    .unwrap();
    let python = crate::formats::consumer("newest", "python");
    let read = measurements.other(python.to_str().unwrap(), &["contexts.py"]).clean();
    let mut read: BTreeSet<String> = serde_json::from_str(&read).unwrap();
    read.remove("");
    assert_eq!(read, expected);

    assert_eq!(measurements.run(&["export", "--parquet", "tables"]).status, Some(0));
    fs::write(
        measurements.path("tables.py"),
        "import json, duckdb\n\
         rows = duckdb.sql(\"SELECT DISTINCT context FROM 'tables/hits/**/*.parquet'\").fetchall()\n\
         print(json.dumps([row[0] for row in rows]))\n",
    )
    .unwrap();
    let read = measurements.other(python.to_str().unwrap(), &["tables.py"]).clean();
    assert_eq!(serde_json::from_str::<BTreeSet<String>>(&read).unwrap(), expected);

    // Combined, the same is there.
    let rows = measurements.run(&["contexts", "--json"]).clean();
    let who = measurements.run(&["who", "--json", "a.c:1-100"]).clean();
    measurements.run(&["combine", "-o", "all", ".cov-trace"]);
    assert_eq!(measurements.run(&["contexts", "--json", "--data=all"]).clean(), rows);
    assert_eq!(measurements.run(&["who", "--json", "a.c:1-100", "--data=all"]).clean(), who);
}

#[test]
fn pages_show_every_label_as_text() {
    let measurements = measurements();
    measurements.run(&["html"]).clean();
    let site = measurements.cwd().join("coverage-html");
    let mut names: Vec<String> = Vec::new();
    for folder in ["", "contexts", "source"] {
        names.extend(
            fs::read_dir(site.join(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()),
        );
    }
    let plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    assert!(names.iter().all(plain) && !names.iter().any(|name| name.contains("escaped")), "{names:?}");
    let mut browser = Browser::start();
    let check = |browser: &mut Browser, page: &str, ready: &str| {
        browser.open(&site.join(page.split('#').next().unwrap()), page.find('#').map_or("", |at| &page[at..]));
        browser.wait_for(ready);
        assert_ne!(browser.eval("document.title"), "run", "{page}");
        let foreign = "document.querySelectorAll('main img, main script:not([type]), main b b').length";
        assert_eq!(browser.eval(foreign), 0, "{page}");
        let harmless = browser.eval("document.documentElement.innerText");
        assert!(is_shown_harmlessly(&harmless.as_str().unwrap().replace('\t', " ")), "{page}");
        assert_eq!(browser.faults(), [""; 0], "{page}");
    };
    check(&mut browser, "contexts.html", "document.getElementById('found').innerText === '22 of 22 contexts'");
    let shown = browser.eval("[...document.querySelectorAll('#contexts tbody th')].map(head => head.textContent)");
    assert!(shown.as_array().unwrap().contains(&ATTACK.into()), "{shown}");
    check(&mut browser, "processes.html", "document.getElementById('found').innerText === '22 of 22 processes'");
    assert!(browser.text(".labels").starts_with(&format!("'note={}'", ATTACK.replace('\'', r"'\''"))));
    for number in 0..labels().len() {
        check(&mut browser, &format!("context.html#context={number}"), "document.querySelector('#sources li')");
        let name = browser.text("#name");
        check(
            &mut browser,
            &format!("index.html#context={number}"),
            "document.querySelector('.cover span').innerText === '2.0%'",
        );
        assert_eq!(browser.eval("document.getElementById('context').value"), name.as_str());
    }
    check(&mut browser, "source/0-a.c.html#L1", "document.querySelector('#code .at')");
    browser.click("#code .at");
    browser.wait_for("document.querySelectorAll('#who-contexts li').length === 21");
    assert_eq!(browser.faults(), [""; 0]);
}
