//! The catalogue of warnings: documented as it is, and the only place that spells a slug.

use super::sources::{self, Source};
use cov_trace::warning::WarningKind;
use std::fmt::Write;
use std::path::Path;

#[test]
fn the_architecture_page_has_all_with_their_meaning() {
    let mut table = String::from("| slug | what it means |\n|---|---|\n");
    for kind in WarningKind::ALL {
        writeln!(table, "| `{}` | {} |", kind.slug(), kind.meaning()).unwrap();
    }
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    assert!(page.contains(&table), "ARCHITECTURE.md is to have this table:\n{table}");
}

#[test]
fn no_slug_is_spelled_elsewhere() {
    let mut files = sources::below("src");
    files.retain(|source| source.path != "src/warning/mod.rs");
    assert!(files.len() > 100);
    let mut spelled = Vec::new();
    for Source { path, code } in files {
        for kind in WarningKind::ALL.iter().filter(|kind| code.contains(&format!("\"{}\"", kind.slug()))) {
            spelled.push(format!("{path}: {}", kind.slug()));
        }
    }
    assert_eq!(spelled, [""; 0]);
}
