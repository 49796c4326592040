//! Tables of contexts: what there are, who ran something, what one ran.

use super::columns::columns;
use super::escape::printable;
use super::signal::signal_name;
use super::wording::span;
use crate::report::model::contexts::{ContextResult, ContextRow};
use crate::report::model::functions::function_ran;
use crate::report::model::missing::shown_ranges;
use crate::report::model::prepared::ReportFile;
use crate::store::{FunctionFacts, Numbits};
use std::borrow::Cow;

/// Letters of a label that are shown: all are as wide as the widest, and `--json` has them whole.
const MAX_LETTERS: usize = 200;

/// A label as it is shown, its beginning if it is long; the empty one has a name.
pub fn name_of_context(label: &str) -> Cow<'_, str> {
    if label.is_empty() { "(no context)".into() } else { shortened(printable(label), MAX_LETTERS) }
}

/// A text, or the beginning of one that has more letters.
pub fn shortened(text: Cow<'_, str>, letters: usize) -> Cow<'_, str> {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]).into(),
        None => text,
    }
}

/// How what a context was opened for ended, in words; nothing where that is not known.
pub fn result(result: ContextResult) -> String {
    match result {
        ContextResult::Unknown => String::new(),
        ContextResult::Running => "running".to_owned(),
        ContextResult::Exited(status) | ContextResult::Failed(status) => format!("exit {status}"),
        ContextResult::Killed(signal) => format!("killed by {}", signal_name(signal)),
    }
}

/// How long a context was; nothing if nobody opened it.
pub fn time(row: &ContextRow) -> String {
    if row.opened == 0 { String::new() } else { span(row.millis) }
}

/// What opened a context, by name.
pub fn kinds(row: &ContextRow) -> String {
    row.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// One row for each context.
pub fn contexts_table(rows: &[&ContextRow]) -> String {
    let cells = |row: &&ContextRow| {
        [
            name_of_context(&row.label).into_owned(),
            kinds(row),
            row.lines.to_string(),
            row.unique.to_string(),
            time(row),
            result(row.result),
        ]
    };
    columns(["Context", "Kind", "Lines", "Unique", "Time", "Result"], rows.iter().map(cells), &[2, 3, 4])
}

/// One row for each context that was chosen, with what it adds.
pub fn smallest_table(rows: &[(&ContextRow, u64)]) -> String {
    let cells = |(row, adds): &(&ContextRow, u64)| {
        [
            name_of_context(&row.label).into_owned(),
            adds.to_string(),
            row.lines.to_string(),
            time(row),
            result(row.result),
        ]
    };
    columns(["Context", "Adds", "Lines", "Time", "Result"], rows.iter().map(cells), &[1, 2, 3])
}

/// Who ran some of the lines that were asked for, of which there are so many.
pub fn who_table(who: &[(ContextRow, Numbits)], asked: u64) -> String {
    let cells = |(row, lines): &(ContextRow, Numbits)| {
        [name_of_context(&row.label).into_owned(), format!("{} of {asked}", lines.len()), result(row.result)]
    };
    columns(["Context", "Lines", "Result"], who.iter().map(cells), &[1])
}

/// The functions of a source that ran.
pub fn functions_that_ran(file: &ReportFile) -> impl Iterator<Item = &FunctionFacts> {
    file.coverage.functions.iter().filter(|function| function_ran(function, &file.coverage))
}

/// What ran of each source, and of its functions.
pub fn what_table(files: &[&ReportFile]) -> String {
    let mut text = String::new();
    for file in files {
        let ran = shown_ranges(&file.coverage.ran.ranges());
        text.push_str(&format!("{}: {}\n", printable(&file.name), ran));
        for function in functions_that_ran(file) {
            text.push_str(&format!("    {}: {}\n", function.start, printable(&function.name)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ContextKind;

    #[test]
    fn labels_are_shown_harmlessly_and_results_in_words() {
        let row = |label: &str, opened, result| ContextRow {
            label: label.to_owned(),
            kinds: Some(ContextKind::Function).filter(|_| opened > 0).into_iter().collect(),
            lines: 12,
            unique: 3,
            millis: 1_500,
            opened,
            begin: None,
            end: None,
            result,
        };
        let rows = [
            row("", 0, ContextResult::Unknown),
            row("a\u{1b}[31m\nb", 1, ContextResult::Failed(3)),
            row("c", 1, ContextResult::Killed(9)),
        ];
        let text = contexts_table(&rows.iter().collect::<Vec<_>>());
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("(no context)                 12       3\n"), "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("1.500 s  exit 3"), "{text}");
        assert!(text.ends_with("killed by SIGKILL\n"), "{text}");
        let who = who_table(&[(rows[2].clone(), [1, 2].into_iter().collect())], 4);
        assert_eq!(who, "Context   Lines  Result\nc        2 of 4  killed by SIGKILL\n");
        assert_eq!(name_of_context(&"\n".repeat(64 << 10)).len(), MAX_LETTERS + "\u{2026}".len());
    }
}
