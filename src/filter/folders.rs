//! Folders by their names, and the working tree that one is in.

use std::path::{Component, Path, PathBuf};

/// Without `.` and `..`, by its letters alone.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => _ = plain.pop(),
            Component::ParentDir if plain.has_root() => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The top of the git working tree that a directory is in.
pub fn git_root(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|parent| parent.join(".git").exists()).map(Path::to_owned)
}
