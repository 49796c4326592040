//! What kind of source line a line is, by its text: why one witness has code there and another has none.

/// The kind of line `number` (1-based) of `source`, in a word or two.
pub fn of(source: &[String], number: u32) -> &'static str {
    let index = number as usize - 1;
    let Some(text) = source.get(index).map(|text| text.trim()) else {
        return "beyond the end";
    };
    let first = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or("");
    let continued = |text: &str| text.trim_end().ends_with('\\');
    let macro_body =
        text.starts_with('#') || (index > 0 && source.get(index - 1).is_some_and(|before| continued(before)));
    let column_zero = source[index].starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    match text {
        "" => "blank",
        _ if macro_body || continued(text) => "macro",
        _ if text.starts_with("/*") || text.starts_with('*') || text.starts_with("//") => "comment",
        "{" => "opening brace",
        _ if text.starts_with('}') && !text.contains("else") && !text.contains("while") => "closing brace",
        _ if text.trim_start_matches('}').trim_start().starts_with("else") => "else",
        _ if first.ends_with("case") || first == "default" => "case label",
        _ if first == "va_end" => "va_end",
        _ if first == "for" || first == "while" || first == "do" || text.starts_with("} while") => "loop header",
        _ if first == "if" || first == "switch" => "condition",
        _ if matches!(first, "break" | "continue" | "goto" | "return") => "jump",
        _ if text.ends_with(':') || text.ends_with(": {") => "label",
        _ if first == "assert" || text.contains("assert(") => "assertion",
        _ if text.ends_with('{') && ends_header(source, index) => "end of a function header",
        _ if column_zero && text.contains('(') && !text.ends_with(';') => "function header",
        _ if text.ends_with(',') || text.ends_with('(') => "list element",
        _ if text.ends_with(';') && !text.contains('(') && !text.contains('=') => "declaration",
        _ if starts_inside_statement(source, index) => "statement, later line",
        _ => "statement",
    }
}

/// Whether the line at `index` ends a statement that a line in column zero, and no other before it, began.
fn ends_header(source: &[String], index: usize) -> bool {
    let mut start = index;
    while start > 0 && starts_inside_statement(source, start) {
        start -= 1;
    }
    start < index && source[start].starts_with(|letter: char| letter.is_alphabetic())
}

/// Whether the line before the one at `index` leaves its statement open.
fn starts_inside_statement(source: &[String], index: usize) -> bool {
    let before =
        source[..index].iter().rev().map(|text| text.trim()).find(|text| !text.is_empty() && !text.starts_with("/*"));
    before.is_some_and(|before| !before.ends_with([';', '{', '}', ':', '/']) && !before.starts_with('#'))
}
