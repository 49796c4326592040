//! `cov-trace query`: questions as lines of JSON, answers as lines of JSON, for editors and agents.
//!
//! Invariant: each line that is not blank gets one line as its answer, in order, whatever is in it.

use super::output::{print, print_bytes};
use super::selection::DataArguments;
use super::{CliError, Command, CommandOutcome, affected, arguments, context_table, stability, what, who, why};
use crate::store::Reader;
use clap::Args;
use serde_json::{Map, Value, json};
use std::ffi::OsString;
use std::io::{self, BufRead};
use std::path::PathBuf;

/// What questions and answers look like.
const SCHEMA: &str = include_str!("query.schema.json");

#[derive(Clone, Debug, Args)]
pub(super) struct QueryArguments {
    /// Print the JSON Schema of questions and answers, and nothing else
    #[arg(long, exclusive = true)]
    schema: bool,
    #[command(flatten)]
    data: DataArguments,
}

/// Of which data questions are.
#[derive(Clone, Debug)]
pub(super) struct QueryOptions {
    schema: bool,
    data: PathBuf,
}

impl QueryArguments {
    pub(super) fn validated(self) -> QueryOptions {
        QueryOptions { schema: self.schema, data: self.data.validated() }
    }
}

pub(super) fn query(options: &QueryOptions) -> Result<CommandOutcome, CliError> {
    if options.schema {
        print(SCHEMA)?;
        return Ok(CommandOutcome::Success);
    }
    // What is known of images stays known from question to question.
    let reader = Reader::default();
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(|source| CliError::Read { subject: "standard input".to_owned(), source })?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut answer = answered(&line, options, &reader).to_string();
        answer.push('\n');
        print_bytes(answer.as_bytes())?;
    }
    Ok(CommandOutcome::Success)
}

fn answered(line: &[u8], options: &QueryOptions, reader: &Reader) -> Value {
    let mut question: Map<String, Value> = match serde_json::from_slice(line) {
        Ok(Value::Object(question)) => question,
        Ok(_) => return json!({ "error": "a question is an object, such as {\"who\": \"src/a.c:12\"}" }),
        Err(error) => return json!({ "error": format!("this is no JSON: {error}") }),
    };
    let id = question.remove("id");
    let mut answer = match asked(question, options) {
        Ok(words) => match answer(words, reader) {
            Ok(answer) => json!({ "answer": answer }),
            Err(error) => json!({ "error": said(&error) }),
        },
        Err(cause) => json!({ "error": cause }),
    };
    if let Some(id) = id {
        answer["id"] = id;
    }
    answer
}

/// What is wrong, in a line.
fn said(error: &CliError) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The command line that asks the same.
fn asked(question: Map<String, Value>, options: &QueryOptions) -> Result<Vec<OsString>, String> {
    const ASKED: [&str; 6] = ["who", "what", "why", "contexts", "affected", "stability"];
    let mut fields = question.into_iter();
    let (Some((command, of)), None) = (fields.next(), fields.next()) else {
        return Err(format!("a question has one field beside id: {}", ASKED.join(", ")));
    };
    if !ASKED.contains(&command.as_str()) {
        return Err(format!("{command:?} cannot be asked; ask {}", ASKED.join(", ")));
    }
    let mut named = match of {
        Value::Object(named) => named,
        arguments => Map::from_iter([("arguments".to_owned(), arguments)]),
    };
    let arguments = texts("arguments", named.remove("arguments").unwrap_or(Value::Null))?;
    if !named.contains_key("data") && (command != "stability" || arguments.is_empty()) {
        named.insert("data".to_owned(), options.data.to_string_lossy().into_owned().into());
    }
    let mut words: Vec<OsString> = vec!["cov-trace".into(), command.into()];
    for (name, value) in named {
        let option = format!("--{}", name.replace('_', "-"));
        match value {
            Value::Bool(true) => words.push(option.into()),
            Value::Bool(false) | Value::Null => {}
            // Pairs, such as an old and a new build.
            Value::Array(pairs) if pairs.first().is_some_and(Value::is_array) => {
                for pair in pairs {
                    words.push(option.clone().into());
                    words.extend(texts(&name, pair)?.into_iter().map(OsString::from));
                }
            }
            value => {
                for text in texts(&name, value)? {
                    words.push(format!("{option}={text}").into());
                }
            }
        }
    }
    words.push("--".into());
    words.extend(arguments.into_iter().map(OsString::from));
    Ok(words)
}

/// The texts that a value is, or has.
fn texts(name: &str, value: Value) -> Result<Vec<String>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text]),
        Value::Number(number) => Ok(vec![number.to_string()]),
        Value::Array(values) => {
            let texts = values.into_iter().map(|value| texts(name, value));
            texts.collect::<Result<Vec<_>, _>>().map(|texts| texts.concat())
        }
        Value::Bool(_) | Value::Object(_) => Err(format!("{name} must be a text or an array of texts")),
    }
}

fn answer(words: Vec<OsString>, reader: &Reader) -> Result<Value, CliError> {
    match arguments::parse(words)? {
        Command::Who(mut options) => {
            options.selection.data.reader = reader.clone();
            who::answer(&options)
        }
        Command::What(mut options) => {
            options.selection.data.reader = reader.clone();
            what::answer(&options)
        }
        Command::Why(mut options) => {
            options.selection.data.reader = reader.clone();
            why::answer(&options)
        }
        Command::Contexts(mut options) => {
            options.selection.data.reader = reader.clone();
            context_table::answer(&options)
        }
        Command::Affected(mut options) => {
            options.data.reader = reader.clone();
            affected::answer(&options)
        }
        Command::Stability(mut options) => {
            options.data.iter_mut().for_each(|data| data.reader = reader.clone());
            stability::answer(&options)
        }
        _ => unreachable!("invariant: only these are asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(question: &str) -> Result<Vec<String>, String> {
        let question = serde_json::from_str(question).unwrap();
        let options = QueryOptions { schema: false, data: "d".into() };
        let words = asked(question, &options)?;
        Ok(words.into_iter().skip(1).map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn a_question_is_a_command_line() {
        assert_eq!(words(r#"{"who": "a.c:1"}"#).unwrap(), ["who", "--data=d", "--", "a.c:1"]);
        assert_eq!(words(r#"{"what": ["a", "b"]}"#).unwrap(), ["what", "--data=d", "--", "a", "b"]);
        assert_eq!(
            words(r#"{"affected": {"diff": "HEAD", "order": true, "minimize": false, "binary": [["a", "b"], ["c", "d"]]}}"#)
                .unwrap(),
            ["affected", "--binary", "a", "b", "--binary", "c", "d", "--data=d", "--diff=HEAD", "--order", "--"]
        );
        assert_eq!(words(r#"{"stability": ["x", "y"]}"#).unwrap(), ["stability", "--", "x", "y"]);
        assert_eq!(words(r#"{"contexts": {"data": "e"}}"#).unwrap(), ["contexts", "--data=e", "--"]);
    }

    #[test]
    fn what_is_no_question_is_told() {
        for (question, cause) in [
            (r#"{"html": {}}"#, "\"html\" cannot be asked"),
            (r#"{}"#, "one field"),
            (r#"{"who": "a", "what": "b"}"#, "one field"),
            (r#"{"who": {"include": {"a": 1}}}"#, "include must be a text"),
            (r#"{"who": true}"#, "arguments must be a text"),
        ] {
            assert!(words(question).unwrap_err().contains(cause), "{question}");
        }
    }
}
