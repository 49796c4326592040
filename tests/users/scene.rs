//! A folder with something precious beside it, and another user.

use crate::report::{Finished, Measurements, file, lines, process};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

/// The user who arranges things, where there can be one.
pub(super) const NOBODY: u32 = 65534;

/// What must stay as it is.
const PRECIOUS: &str = "precious";

/// Measurements of one process, and a file that nobody may touch.
pub(super) struct Scene {
    pub(super) measurements: Measurements,
}

/// Whether two users can be had.
pub(super) fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Scene {
    pub(super) fn new() -> Scene {
        let mut measurements = Measurements::new();
        let source = measurements.path("a.c");
        fs::write(&source, "1\n2\n3\n").unwrap();
        measurements.add(&process(5, vec![(file(&source, lines(1..=3), vec![]), lines([2]))]));
        fs::write(measurements.path("victim"), PRECIOUS).unwrap();
        Scene { measurements }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.measurements.path(name).into()
    }

    /// Runs a command; the file must be as it was.
    #[track_caller]
    pub(super) fn run(&self, arguments: &[&str]) -> Finished {
        let finished = self.measurements.run(arguments);
        assert!(!finished.stderr.contains("panicked"), "{arguments:?}: {finished:?}");
        assert_eq!(fs::read_to_string(self.path("victim")).unwrap(), PRECIOUS, "{arguments:?}: {finished:?}");
        assert!(!self.path("made").exists(), "{arguments:?}: {finished:?}");
        finished
    }

    /// A link that the other user made.
    pub(super) fn link_of_nobody(&self, to: &str, name: &str) {
        symlink(to, self.path(name)).unwrap();
        give_away(&self.path(name));
    }
}

/// Makes something the other user's.
pub(super) fn give_away(path: &Path) {
    lchown(path, Some(NOBODY), Some(NOBODY)).unwrap();
}

/// Makes a folder with all in it the other user's.
pub(super) fn give_all_away(path: &Path) {
    give_away(path);
    for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap()) {
        if entry.file_type().unwrap().is_dir() {
            give_all_away(&entry.path());
        } else {
            give_away(&entry.path());
        }
    }
}

/// Lets everybody do everything in a folder.
pub(super) fn open_to_all(path: &Path) {
    fs::set_permissions(path, PermissionsExt::from_mode(0o1777)).unwrap();
}
