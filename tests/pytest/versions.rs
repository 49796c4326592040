//! The package is of the version of cov-trace that it belongs to, wherever that is written.

use std::path::Path;

#[test]
fn there_is_one_version() {
    let read = |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    let line = |key: &str| format!("\n{key} = \"{}\"\n", env!("CARGO_PKG_VERSION"));
    assert!(read("src/python/pyproject.toml").contains(&line("version")));
    assert!(read("src/python/cov_trace_control.py").contains(&line("VERSION")));
}
