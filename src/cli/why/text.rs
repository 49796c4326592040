//! What `cov-trace why` says.

use super::{Explained, Reported};
use crate::debuginfo::{EvidenceKind, LineAccount, OtherEvidence, RowAccount, RowFate};
use crate::report::{columns, printable};
use std::path::Path;

/// What is said of a source's line.
pub(super) fn text(explained: &Explained, all_rows: bool) -> String {
    let mut text = format!("{} {}\n", printable(&explained.name), conclusion(explained));
    for (path, account) in &explained.accounts {
        match account {
            Err(cause) => text.push_str(&format!("\n{}: {}\n", printable(path), printable(cause))),
            Ok(account) if account.rows.is_empty() && account.others.is_empty() => {}
            Ok(account) => {
                text.push_str(&format!("\n{}:\n", printable(path)));
                text.push_str(&rows_table(account, all_rows));
            }
        }
    }
    text
}

/// What reports say of a line, and why.
fn conclusion(explained: &Explained) -> String {
    let accounts: Vec<&LineAccount> =
        explained.accounts.iter().filter_map(|(_, account)| account.as_ref().ok()).collect();
    let told: usize = accounts.iter().map(|account| account.told().len()).sum();
    match explained.reported {
        Reported::Ran => "ran.".to_owned(),
        Reported::Missed if told > 0 => {
            format!("did not run: control did not come to {} where that is seen.", places(told))
        }
        Reported::Missed => "did not run.".to_owned(),
        Reported::Excluded => {
            "does not count: a mark in the source excludes it, such as LCOV_EXCL_LINE, or --exclude-line.".to_owned()
        }
        Reported::Unlisted if accounts.is_empty() => "is in no report, and no image can be asked why.".to_owned(),
        Reported::Unasked if accounts.is_empty() => "cannot be explained: no image can be asked.".to_owned(),
        Reported::Unlisted if told > 0 => {
            "is in no report although instructions tell of it: the run left it out by its scope, --include or --exclude."
                .to_owned()
        }
        Reported::Unasked if told > 0 => format!("is seen to run at {} below.", places(told)),
        Reported::Unlisted | Reported::Unasked => {
            let fates: Vec<&RowFate> = accounts.iter().flat_map(|account| &account.rows).map(|row| &row.fate).collect();
            format!("is in no report: {}", cause(&fates, &accounts))
        }
    }
}

fn places(count: usize) -> String {
    if count == 1 { "the one address".to_owned() } else { format!("the {count} addresses") }
}

/// Why nothing tells of a line.
fn cause(fates: &[&RowFate], accounts: &[&LineAccount]) -> String {
    let has = |fate: fn(&RowFate) -> bool| fates.iter().any(|of_row| fate(of_row));
    if has(|fate| matches!(fate, RowFate::Joined)) {
        return "the compiler left it no instruction of its own, and the next one is also reached without it."
            .to_owned();
    }
    if has(|fate| matches!(fate, RowFate::OfAnotherLine { .. } | RowFate::Repeated)) {
        return "its instructions are those of another line.".to_owned();
    }
    if let Some(RowFate::Unusable(warning)) = fates.iter().find(|fate| matches!(fate, RowFate::Unusable(_))) {
        return format!("there can be no breakpoint on its instructions ({}).", warning.slug);
    }
    if has(|fate| matches!(fate, RowFate::NoStatement)) {
        return "none of its instructions begins a statement, and the compiler may have moved them here.".to_owned();
    }
    if has(|fate| matches!(fate, RowFate::Discarded)) {
        return "the linker discarded its code.".to_owned();
    }
    if accounts.iter().any(|account| !account.others.is_empty()) {
        return "it has only code that was inlined, which is also reached without it.".to_owned();
    }
    let before = accounts.iter().filter_map(|account| account.near[0]).max();
    let behind = accounts.iter().filter_map(|account| account.near[1]).min();
    let near: Vec<String> = before.into_iter().chain(behind).map(|line| line.to_string()).collect();
    let near =
        if near.is_empty() { String::new() } else { format!(" The nearest lines with code: {}.", near.join(", ")) };
    format!("the compiler made no code of it, or removed that.{near}")
}

/// The rows of a line, and what else tells of it.
fn rows_table(account: &LineAccount, all: bool) -> String {
    /// So many are shown unless all are asked for.
    const SHOWN: usize = 24;
    let mut rows: Vec<(u64, [String; 6])> = Vec::new();
    let name = |function: &Option<String>| printable(function.as_deref().unwrap_or_default()).into_owned();
    for RowAccount { row, function, fate } in &account.rows {
        let column = if row.column == 0 { String::new() } else { row.column.to_string() };
        let kind = if row.is_statement { "statement" } else { "code" };
        let cells = [
            format!("{:#x}", row.address.0),
            row.len.to_string(),
            column,
            kind.to_owned(),
            name(function),
            fate_in_words(fate),
        ];
        rows.push((row.address.0, cells));
    }
    for OtherEvidence { address, function, kind } in &account.others {
        let (what, tells) = kind_in_words(*kind);
        let cells = [
            format!("{:#x}", address.0),
            String::new(),
            String::new(),
            what.to_owned(),
            name(function),
            tells.to_owned(),
        ];
        rows.push((address.0, cells));
    }
    rows.sort();
    let count = rows.len();
    let shown = if all { count } else { SHOWN };
    let titles = ["Address", "Bytes", "Column", "What", "Function", "What it tells"];
    let mut text = columns(titles, rows.into_iter().take(shown).map(|(_, cells)| cells), &[1, 2]);
    if count > shown {
        text.push_str(&format!("({} more; --all-rows shows them)\n", count - shown));
    }
    text
}

fn fate_in_words(fate: &RowFate) -> String {
    match fate {
        RowFate::Tells(_) => "it ran, if this did".to_owned(),
        RowFate::OfAnotherLine { source, line } => {
            let source = Path::new(source).file_name().unwrap_or_default().to_string_lossy();
            format!("nothing: counts for {}:{line}", printable(&source))
        }
        RowFate::Joined => "nothing: no instruction of its own, and the next is also reached without it".to_owned(),
        RowFate::Repeated => "nothing: no instruction of its own".to_owned(),
        RowFate::NoStatement => "nothing: begins no statement, and may have been moved here".to_owned(),
        RowFate::Discarded => "nothing: the linker discarded the code".to_owned(),
        RowFate::Unusable(warning) => format!("nothing: {}", warning.slug),
    }
}

fn kind_in_words(kind: EvidenceKind) -> (&'static str, &'static str) {
    match kind {
        EvidenceKind::Inlined => ("inlined function", "it ran, if this did"),
        EvidenceKind::InlinedAndJoined => ("inlined function", "nothing: also reached without it"),
        EvidenceKind::Within => ("within its code", "it ran, if this did"),
    }
}

/// The same for programs.
pub(super) fn json(explained: &Explained) -> serde_json::Value {
    let hex = |address: u64| format!("{address:#x}");
    let row = |RowAccount { row, function, fate }: &RowAccount| {
        serde_json::json!({
            "address": hex(row.address.0),
            "bytes": row.len,
            "column": row.column,
            "statement": row.is_statement,
            "function": function,
            "tells_at": fate.address().map(|address| hex(address.0)),
            "means": fate_in_words(fate),
        })
    };
    let other = |OtherEvidence { address, function, kind }: &OtherEvidence| {
        let (what, means) = kind_in_words(*kind);
        serde_json::json!({ "address": hex(address.0), "function": function, "what": what, "means": means })
    };
    let image = |(path, account): &(String, Result<LineAccount, String>)| match account {
        Err(cause) => serde_json::json!({ "path": path, "error": cause }),
        Ok(account) => serde_json::json!({
            "path": path,
            "build_id": account.build_id,
            "rows": account.rows.iter().map(row).collect::<Vec<_>>(),
            "others": account.others.iter().map(other).collect::<Vec<_>>(),
        }),
    };
    let reported = match explained.reported {
        Reported::Ran => "ran",
        Reported::Missed => "missed",
        Reported::Excluded => "excluded",
        Reported::Unlisted => "unlisted",
        Reported::Unasked => "unknown",
    };
    serde_json::json!({
        "what": explained.name,
        "reported": reported,
        "because": conclusion(explained),
        "images": explained.accounts.iter().map(image).collect::<Vec<_>>(),
    })
}
