//! Every text in the code that a person may read, as a whole, so that a review sees a change of wording: messages, warnings,
//! and what reports and `doctor` say. The help is in another golden, and the meanings of warnings are in ARCHITECTURE.md.

use super::sources;
use crate::harness::golden;
use std::collections::BTreeSet;

/// Files whose texts are in another golden.
const ELSEWHERE: [&str; 2] = ["src/cli/examples.rs", "src/warning/mod.rs"];

/// What statements of SQL begin with.
const SQL: [&str; 11] =
    ["ALTER", "ATTACH", "CREATE", "DELETE", "DROP", "FROM", "INSERT", "PRAGMA", "SELECT", "UPDATE", "VALUES"];

/// Whether people read it: words, but no SQL, no tag of HTML, and no reason why code cannot fail.
fn is_prose(literal: &str) -> bool {
    let mut words = literal.split(|c: char| !c.is_alphabetic());
    let has_word = words.any(|word| word.chars().count() > 2);
    let begins = |with: &str| literal.trim_start().starts_with(with);
    let is_code = begins("invariant: ") || begins("<") || SQL.into_iter().any(|verb| begins(&format!("{verb} ")));
    literal.contains(' ') && has_word && !is_code
}

#[test]
fn the_messages_are_as_reviewed() {
    let mut texts = BTreeSet::new();
    for source in ["src", "platform/src"].into_iter().flat_map(sources::below) {
        if !ELSEWHERE.contains(&source.path.as_str()) {
            texts.extend(sources::literals(&source.code).into_iter().filter(|literal| is_prose(literal)));
        }
    }
    assert!(texts.len() > 300, "{}", texts.len());
    // A text that ends with a space would lose it in some editors.
    let lines: String = texts.iter().map(|text| format!("|{text}|\n")).collect();
    golden::check("tests/house/messages.txt", &lines);
}
