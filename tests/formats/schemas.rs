//! The formats are what their definitions ask for: each is checked by a tool, which must also find what is wrong.

use super::subject::{consume, fixture, measurements, written};
use crate::report::Measurements;
use serde_json::Value;
use std::fs;

/// Whether `xmllint` takes a file of the working directory for valid.
fn is_valid_xml(measurements: &Measurements, definition: &[&str], name: &str) -> bool {
    let arguments = [&["--noout", "--nonet"], definition, &[name]].concat();
    let finished = measurements.other("xmllint", &arguments);
    println!("{}", finished.stderr);
    finished.status == Some(0)
}

fn assert_checked(measurements: &Measurements, definition: &[&str], text: &str, spoilt: &[(&str, &str)]) {
    assert!(is_valid_xml(measurements, definition, "x.xml"), "{text}");
    for (right, wrong) in spoilt {
        assert!(text.contains(right), "{right}");
        fs::write(measurements.path("spoilt.xml"), text.replacen(right, wrong, 1)).unwrap();
        assert!(!is_valid_xml(measurements, definition, "spoilt.xml"), "{wrong} was not found");
    }
}

#[test]
fn cobertura_is_valid_against_its_dtd() {
    let measurements = measurements();
    let text = written(&measurements, &["cobertura"], "x.xml");
    let spoilt = [(" complexity=\"0\"", ""), ("<methods>", "<methods><lines/>"), ("]]&gt;&amp;", "&\u{1}")];
    assert_checked(&measurements, &["--dtdvalid", &fixture("coverage-04.dtd")], &text, &spoilt);
    assert_eq!(text.matches("<source>").count(), 1);
    let root = measurements.cwd();
    assert!(text.contains(&format!("<source>{}</source>", root.display())), "{text}");
    fs::create_dir(root.join(".git")).unwrap();
    let mut below = measurements.command(&["cobertura", "--data", "../.cov-trace"]);
    below.current_dir(root.join("src"));
    assert_eq!(crate::report::finish(below).without_source_notes().clean(), text, "names are those in the repository");
}

#[test]
fn sonarqube_is_valid_against_its_schema() {
    let measurements = measurements();
    let text = written(&measurements, &["sonarqube"], "x.xml");
    let spoilt = [
        ("lineNumber=\"1\"", "lineNumber=\"0\""),
        ("covered=\"true\"", "covered=\"yes\""),
        (" version=\"1\">", ">"),
        ("path=\"gone.c\"", "path=\"src/plain.c\""),
    ];
    assert_checked(&measurements, &["--schema", &fixture("sonarqube.xsd")], &text, &spoilt);
}

#[test]
fn json_is_valid_against_its_schema() {
    let measurements = measurements();
    let text = written(&measurements, &["json"], "x.json");
    let schema = measurements.run(&["json", "--schema"]).clean();
    fs::write(measurements.path("schema.json"), &schema).unwrap();
    fs::write(
        measurements.path("check.py"),
        "import json, sys\n\
         from jsonschema import Draft202012Validator as Validator\n\
         schema, report = [json.load(open(name, encoding='utf-8')) for name in sys.argv[1:]]\n\
         Validator.check_schema(schema)\n\
         Validator(schema).validate(report)\n",
    )
    .unwrap();
    let is_valid = |name: &str| {
        let finished = consume(&measurements, "python", &["check.py", "schema.json", name]);
        assert!(finished.status == Some(0) || finished.stderr.contains("ValidationError"), "{finished:?}");
        finished.status == Some(0)
    };
    assert!(is_valid("x.json"), "{text}");
    for (right, wrong) in [
        ("\"version\":1", "\"version\":2"),
        ("\"source\":\"missing\"", "\"source\":\"lost\""),
        ("\"ran\":true", "\"ran\":1"),
        ("[[3,3]", "[[0,3]"),
        ("\"result\":{\"exited\":0}", "\"result\":{\"exited\":1}"),
        ("\"result\":\"unknown\"", "\"result\":\"lost\""),
        (",\"contexts\":[[0,0]]", ",\"contexts\":[[-1,0]]"),
        (",\"notes\":", ",\"note\":"),
    ] {
        assert!(text.contains(right), "{right}\n{text}");
        fs::write(measurements.path("spoilt.json"), text.replacen(right, wrong, 1)).unwrap();
        assert!(!is_valid("spoilt.json"), "{wrong} was not found");
    }
    let (schema, report): (Value, Value) =
        (serde_json::from_str(&schema).unwrap(), serde_json::from_str(&text).unwrap());
    assert_documented(&schema, &schema, &report, "the report");
}

/// Every field that is written is described in the schema.
fn assert_documented(root: &Value, schema: &Value, value: &Value, place: &str) {
    let reference = schema["$ref"].as_str().map(|name| &root["$defs"][name.trim_start_matches("#/$defs/")]);
    let definition = reference.unwrap_or(schema);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let field = &definition["properties"][name];
                let place = format!("{place}, {name}");
                assert!(field["description"].is_string(), "{place} is not described");
                assert_documented(root, field, value, &place);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| assert_documented(root, &definition["items"], item, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
