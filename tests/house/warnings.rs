//! The catalogue of warnings: documented as it is, and the only place that spells a slug.

use cov_trace::warning::WarningKind;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
}

#[test]
fn the_architecture_page_has_all_with_their_meaning() {
    let mut table = String::from("| slug | what it means |\n|---|---|\n");
    for kind in WarningKind::ALL {
        writeln!(table, "| `{}` | {} |", kind.slug(), kind.meaning()).unwrap();
    }
    let page = std::fs::read_to_string(Path::new(TOP).join("ARCHITECTURE.md")).unwrap();
    assert!(page.contains(&table), "ARCHITECTURE.md is to have this table:\n{table}");
}

#[test]
fn no_slug_is_spelled_elsewhere() {
    let mut files = Vec::new();
    sources(&Path::new(TOP).join("src"), &mut files);
    let is_test = |path: &PathBuf| path.to_str().unwrap().ends_with("tests.rs") || path.ends_with("store/sample.rs");
    files.retain(|path| !is_test(path) && !path.ends_with("src/warning/mod.rs"));
    assert!(files.len() > 100);
    let mut spelled = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for kind in WarningKind::ALL.iter().filter(|kind| code.contains(&format!("\"{}\"", kind.slug()))) {
            spelled.push(format!("{}: {}", path.display(), kind.slug()));
        }
    }
    assert_eq!(spelled, [""; 0]);
}
