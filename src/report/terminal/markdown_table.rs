//! The table as GitHub-flavoured Markdown.

use super::escape::printable;
use super::layout::Layout;
use super::rows::TableRow;
use crate::report::model::missing::shown_ranges;
use crate::report::model::percent::Ratio;

/// The rows, their total, and below them what was `skipped`.
pub(super) fn markdown(rows: &[TableRow], total: Ratio, skipped: Option<&str>, layout: Layout) -> String {
    let mut text = format!("| {} | Lines | Missed | Cover |", layout.rows.title());
    let mut rule = "|:--|--:|--:|--:|".to_owned();
    if layout.show_missing {
        text.push_str(" Missing |");
        rule.push_str(":--|");
    }
    text.extend(["\n", &rule, "\n"]);
    let mut row = |name: &str, ratio: Ratio, missing: &str| {
        let (lines, missed, cover) = (ratio.lines, ratio.lines - ratio.ran, ratio.percent(layout.decimals));
        text.push_str(&format!("| {name} | {lines} | {missed} | {cover}% |"));
        text.push_str(&if layout.show_missing { format!(" {missing} |\n") } else { "\n".to_owned() });
    };
    for one in rows {
        row(&as_code(&one.name), one.ratio, &shown_ranges(&one.missing));
    }
    row("**TOTAL**", total, "");
    text.extend(skipped.map(|skipped| format!("\n{skipped}\n")));
    text
}

/// A name as code: in a table a bar ends a cell even there, and nothing but entities means a backtick.
fn as_code(name: &str) -> String {
    let name = printable(name);
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('|', "&#124;");
    format!("<code>{}</code>", name.replace('`', "&#96;").replace('*', "&#42;").replace('_', "&#95;"))
}
