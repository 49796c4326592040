//! Expected outputs that are kept in files: always compared, and written only with `COV_TRACE_BLESS=1`.

use std::path::Path;

/// Fails unless the file at `path`, from the top of the repository, holds exactly `text`.
pub fn check(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("COV_TRACE_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, text).unwrap();
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    let same = expected.lines().zip(text.lines()).take_while(|(expected, line)| expected == line).count();
    let [wanted, found] = [&expected, text].map(|text| text.lines().nth(same).unwrap_or("(its end)"));
    assert!(
        expected == text,
        "{path}, line {}: {wanted:?} is now {found:?}; COV_TRACE_BLESS=1 accepts all that changed",
        same + 1
    );
}
