//! What is shown of files that the debug info calls sources: any program can call any file so.

use super::scene::is_root;
use crate::report::{Finished, Measurements, file, lines, process};
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const SECRET: &str = "root:x:secret";

/// Every way to show a source, or something made of it.
const REPORTS: [&[&str]; 7] = [
    &["report"],
    &["show"],
    &["html", "-o", "site"],
    &["lcov", "--checksum"],
    &["json"],
    &["coveralls"],
    &["report", "--functions"],
];

fn measured(source: &str) -> Measurements {
    let mut measurements = Measurements::new();
    measurements.add(&process(5, vec![(file(source, lines(1..=2), vec![]), lines([1]))]));
    measurements
}

/// What a command printed and wrote.
fn everything(measurements: &Measurements, finished: &Finished) -> String {
    let mut text = finished.stdout.clone();
    let mut folders = vec![measurements.cwd().join("site")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap()) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                text.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap()));
            }
        }
    }
    text
}

fn reported<'m>(measurements: &'m Measurements, source: &'m str) -> impl Iterator<Item = (Finished, String)> + 'm {
    REPORTS.iter().map(move |report| {
        let mut words = report.to_vec();
        if report[0] == "show" {
            words.push(source);
        }
        let finished = measurements.run_in_full(&words);
        let text = everything(measurements, &finished);
        assert_eq!(finished.status, Some(0), "{words:?}: {finished:?}");
        (finished, text)
    })
}

/// What keeps others from reading a file: its own mode, or that of its folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeptBy {
    File,
    Folder,
}

/// A file that only its owner reads.
fn private(folder: &Path, kept_by: KeptBy) -> String {
    let path = folder.canonicalize().unwrap().join("private.c");
    fs::write(&path, format!("{SECRET}\n{SECRET}\n")).unwrap();
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(900);
    File::options().write(true).open(&path).unwrap().set_modified(old).unwrap();
    let (of_file, of_folder) = match kept_by {
        KeptBy::File => (0o600, 0o755),
        KeptBy::Folder => (0o644, 0o700),
    };
    fs::set_permissions(&path, PermissionsExt::from_mode(of_file)).unwrap();
    fs::set_permissions(folder, PermissionsExt::from_mode(of_folder)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_only_its_owner_reads_is_not_copied_into_reports() {
    for kept_by in [KeptBy::File, KeptBy::Folder] {
        // An ordinary user's own folders count as open to that user's reports.
        if kept_by == KeptBy::Folder && !is_root() {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let secret = private(folder.path(), kept_by);
        let measurements = measured(&secret);
        for (finished, text) in reported(&measurements, &secret) {
            assert!(finished.stderr.contains("source-not-shown: source "), "{finished:?}");
            assert!(!text.contains("secret"), "{text}");
            assert!(!text.contains(&checksum()), "{text}");
        }
        let root = folder.path().to_str().unwrap();
        let asked = measurements.run(&["show", "--source-root", root, "private.c"]);
        assert!(asked.stdout.contains(SECRET), "{asked:?}");
        let listed = measurements.run(&["json"]);
        assert!(listed.stdout.contains("\"withheld\""), "{listed:?}");
    }
}

/// What `lcov --checksum` says of the secret line.
fn checksum() -> String {
    let folder = tempfile::tempdir().unwrap();
    let measurements = measured(&folder.path().join("private.c").to_string_lossy());
    private(folder.path(), KeptBy::File);
    let root = folder.path().to_str().unwrap();
    let told = measurements.run(&["lcov", "--checksum", "--source-root", root]).stdout;
    let line = told.lines().find(|line| line.starts_with("DA:1,1,")).unwrap_or_else(|| panic!("{told}"));
    line.rsplit(',').next().unwrap().to_owned()
}

#[test]
fn a_link_among_the_sources_does_not_lead_to_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = private(folder.path(), KeptBy::File);
    let measurements = measured("src/a.c");
    fs::create_dir(measurements.path("src")).unwrap();
    symlink(&secret, measurements.path("src/a.c")).unwrap();
    for (finished, text) in reported(&measurements, "a.c") {
        assert!(finished.stderr.contains("source-not-shown") && !text.contains("secret"), "{finished:?}");
    }
    fs::remove_file(measurements.path("src/a.c")).unwrap();
    fs::copy(&secret, measurements.path("src/a.c")).unwrap();
    assert!(measurements.run(&["show", "a.c"]).stdout.contains(SECRET), "a private source of one's own");
    if is_root() {
        super::scene::give_away(Path::new(&measurements.path("src/a.c")));
        let theirs = measurements.run_in_full(&["show", "a.c"]);
        assert!(theirs.stderr.contains("source-not-shown") && !theirs.stdout.contains("secret"), "{theirs:?}");
        assert!(measurements.run(&["show", "a.c", "--trust-owner"]).stdout.contains(SECRET));
    }
    let hidden = measured(".env");
    fs::write(hidden.path(".env"), format!("{SECRET}\n{SECRET}\n")).unwrap();
    fs::set_permissions(hidden.path(".env"), PermissionsExt::from_mode(0o600)).unwrap();
    assert!(reported(&hidden, ".env").all(|(_, text)| !text.contains("secret")));
}

#[test]
fn what_is_no_source_is_neither_read_nor_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.c");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let sparse = folder.path().join("sparse.c");
    File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    let paths = [pipe.to_str().unwrap(), sparse.to_str().unwrap(), "/proc/self/environ", "/proc/self/pagemap"];
    for path in paths.into_iter().chain(["/proc/kmsg", "/proc/self/maps", "/dev/zero", "/dev/tty", "/sys/kernel/notes"])
    {
        let measurements = measured(path);
        for (finished, text) in reported(&measurements, path) {
            assert!(finished.stderr.contains("source-unreadable: source "), "{path}: {finished:?}");
            assert!(!text.contains("XDG_CACHE_HOME=") && !text.contains("[heap]"), "{path}: {text}");
        }
    }
}
