//! The shape of the source: what decides makes no system call, names stay few at the top, and unit tests are where one
//! looks for them.

use super::sources;
use std::path::{Path, PathBuf};

/// The Rust files directly in a folder of the source.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn what_decides_names_neither_tracer_nor_memory() {
    let is_word = |text: &str, word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next())
        })
    };
    let mut decide = files("src/supervisor/decide");
    decide.retain(|path| !path.to_str().unwrap().ends_with("_tests.rs"));
    assert!(decide.len() > 10, "{decide:?}");
    for path in decide {
        let text = std::fs::read_to_string(&path).unwrap();
        let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for word in ["Tracer", "Memory", "Access", "std::fs", "supervisor::act"] {
            assert!(!is_word(&code, word), "{} names {word}", path.display());
        }
    }
    assert!(is_word("use platform::Tracer;", "Tracer") && !is_word("TracerPid", "Tracer"));
}

#[test]
fn one_file_chooses_the_cpu() {
    fn naming(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                naming(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.extend(code.any(|line| line.contains("target_arch")).then_some(path));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "platform/src"] {
        naming(&root.join(folder), &mut found);
    }
    assert_eq!(found, [root.join("platform/src/arch/mod.rs")]);
}

#[test]
fn at_the_top_of_the_source_are_only_the_library_and_the_program() {
    let mut names: Vec<String> =
        files("src").iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["lib.rs", "main.rs"]);
}

#[test]
fn unit_tests_are_at_the_end_of_their_file_or_in_a_file_of_tests() {
    const AT_THE_END: &str = "\n#[cfg(test)]\nmod tests {\n";
    let mut misplaced = Vec::new();
    // Without the tests at the end of files, and without files of tests.
    for source in ["src", "platform/src"].into_iter().flat_map(sources::below) {
        let whole = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&source.path)).unwrap();
        let is_last =
            whole.split_once(AT_THE_END).is_none_or(|(_, tests)| tests.find("\n}\n") == Some(tests.len() - 3));
        if source.code.contains("#[test]") || !is_last {
            misplaced.push(source.path);
        }
    }
    assert_eq!(misplaced, [""; 0]);
}
