//! Tests that what the writer wrote is what the reader gives back, and that the reader answers with an error where it
//! cannot.

use super::*;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn written(record: &ProcessRecord) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(ProcessFile::of(&record.head).to_string());
    Writer::new().unwrap().write(&path, record).unwrap();
    (dir, path)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Reads after a change by other hands; gives the error's text, which names the file.
fn error_after(sql: &str) -> String {
    let (_dir, path) = written(&sample::record());
    let db = Connection::open(&path).unwrap();
    db.pragma_update(None, "foreign_keys", "OFF").unwrap();
    db.execute_batch(sql).unwrap();
    drop(db);
    let error = read(&path).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
    error
}

#[test]
fn every_field_comes_back() {
    let record = sample::record();
    let (dir, path) = written(&record);
    assert_eq!(read(&path).unwrap(), record);
    assert_eq!(names(dir.path()).len(), 1, "nothing beside the file");
}

#[test]
fn varied_records_come_back_with_one_writer_and_one_reader() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = (Writer::new().unwrap(), Reader::default());
    for seed in 0..120 {
        let record = sample::varied(seed);
        let path = dir.path().join(format!("{}.sqlite", seed % 7));
        writer.write(&path, &record).unwrap();
        assert_eq!(reader.read(&path).unwrap(), record, "seed {seed}");
        assert_eq!(read(&path).unwrap(), record, "seed {seed}");
    }
}

#[test]
fn a_live_process_is_written_again_and_again() {
    let mut record = sample::record();
    let (dir, path) = written(&record);
    let mut writer = Writer::new().unwrap();
    for line in 5000..5010 {
        record.hits[3].lines.insert(line);
        writer.write(&path, &record).unwrap();
        assert_eq!(read(&path).unwrap(), record);
    }
    assert_eq!(names(dir.path()).len(), 1);
}

#[test]
fn hits_are_stored_sorted_and_once() {
    let mut record = sample::record();
    record.hits = vec![sample::hits(1, 0, 0, &[9]), sample::hits(0, 0, 0, &[1]), sample::hits(1, 0, 0, &[1])];
    let (_dir, path) = written(&record);
    assert_eq!(read(&path).unwrap().hits, [sample::hits(0, 0, 0, &[1]), sample::hits(1, 0, 0, &[1, 9])]);
}

#[test]
fn the_images_of_several_files_are_shared() {
    let (_dir, one) = written(&sample::record());
    let (_other_dir, other) = written(&sample::record());
    let mut reader = Reader::default();
    let (one, other) = (reader.read(&one).unwrap(), reader.read(&other).unwrap());
    assert!(std::sync::Arc::ptr_eq(&one.images[1], &other.images[1]));
}

#[test]
fn indexes_that_lead_nowhere_are_refused_and_leave_the_file() {
    let record = sample::record();
    let (_dir, path) = written(&record);
    for bad in [sample::hits(2, 0, 0, &[1]), sample::hits(0, 2, 0, &[1]), sample::hits(0, 0, 2, &[1])] {
        let mut changed = record.clone();
        changed.hits = vec![bad];
        let error = Writer::new().unwrap().write(&path, &changed).unwrap_err().to_string();
        assert!(error.starts_with("write the data of pid 4712: no image"), "{error}");
        assert_eq!(read(&path).unwrap(), record);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none").join("x.sqlite");
    let error = Writer::new().unwrap().write(&path, &sample::record()).unwrap_err().to_string();
    assert!(error.contains("none/x.sqlite") && error.contains("No such file"), "{error}");

    let in_the_way = dir.path().join("y.sqlite");
    fs::create_dir(&in_the_way).unwrap();
    Writer::new().unwrap().write(&in_the_way, &sample::record()).unwrap_err();
    assert_eq!(names(dir.path()), ["y.sqlite"]);
}

#[test]
fn paths_with_any_bytes_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let record = sample::record();
    for name in ["a b%20?#&.sqlite", "\u{e4}\n.sqlite"] {
        let path = dir.path().join(name);
        Writer::new().unwrap().write(&path, &record).unwrap();
        assert_eq!(read(&path).unwrap(), record, "{name}");
        let two_slashes = PathBuf::from(format!("/{}", path.display()));
        assert_eq!(read(&two_slashes).unwrap(), record, "{name}");
    }
}

#[test]
fn a_newer_schema_is_refused_with_the_way_out() {
    let (newer, ours) = (schema::VERSION + 1, schema::VERSION);
    let error =
        error_after(&format!("UPDATE meta SET value = {newer} WHERE key = 'schema_version'; DROP TABLE process"));
    assert!(
        error.contains(&format!("version is {newer}"))
            && error.contains(&format!("up to {ours}"))
            && error.contains("update cov-trace"),
        "{error}"
    );
}

#[test]
fn the_version_before_is_read_without_what_it_did_not_have() {
    let mut record = sample::record();
    record.hits[0].functions.insert(1);
    let (_dir, path) = written(&record);
    assert_eq!(read(&path).unwrap(), record);
    let db = Connection::open(&path).unwrap();
    for column in ["digest", "digest_of", "real", "device", "inode"] {
        db.execute_batch(&format!("ALTER TABLE file DROP COLUMN {column}")).unwrap();
    }
    let functions = "ALTER TABLE function DROP COLUMN told; ALTER TABLE line_bits DROP COLUMN functions";
    db.execute_batch(functions).unwrap();
    db.execute_batch("UPDATE meta SET value = 1 WHERE key = 'schema_version'").unwrap();
    drop(db);
    record.hits[0].functions = Numbits::default();
    for file in record.images.iter_mut().flat_map(|image| &mut Arc::make_mut(image).files) {
        file.origin = SourceOrigin::default();
        file.functions.iter_mut().for_each(|function| function.told = false);
    }
    assert_eq!(read(&path).unwrap(), record);
    assert_eq!(Reader::default().read_images(&path).unwrap().1, record.images);
}

#[test]
fn damaged_rows_are_named_by_table() {
    for (sql, table) in [
        ("UPDATE meta SET value = -1 WHERE key = 'schema_version'", "meta"),
        ("UPDATE meta SET value = 'yes' WHERE key = 'complete'", "meta"),
        ("DELETE FROM meta WHERE key = 'complete'", "meta"),
        ("DELETE FROM process", "process"),
        ("INSERT INTO process SELECT * FROM process", "process"),
        ("UPDATE process SET end_reason = 'eaten'", "process"),
        ("UPDATE process SET end_signal = NULL", "process"),
        ("UPDATE process SET pid = 99999999999", "process"),
        ("DROP TABLE flush", "flush"),
        ("UPDATE flush SET new_lines = -1", "flush"),
        ("UPDATE exec SET argv = '[1]'", "exec"),
        ("UPDATE exec SET exe = x'ff'", "exec"),
        ("DELETE FROM context WHERE id = 1", "line_bits"),
        ("UPDATE line_bits SET numbits = 'text'", "line_bits"),
        ("UPDATE line_bits SET file = 77 WHERE file = 0", "line_bits"),
        ("UPDATE file SET image = 77", "file"),
        ("UPDATE file SET executable = 7", "file"),
        ("UPDATE file SET digest = x'00'", "file"),
        ("UPDATE file SET digest_of = 'a guess'", "file"),
        ("UPDATE file SET digest = NULL", "file"),
        ("UPDATE function SET first = -1", "function"),
        ("UPDATE function SET file = 77", "function"),
        ("UPDATE warning SET image = 77 WHERE image = 0", "warning"),
        ("UPDATE image SET path = x'ff'", "image"),
    ] {
        let error = error_after(sql);
        assert!(error.contains(&format!("damaged: table {table}: ")), "{sql}: {error}");
    }
}

#[test]
fn other_files_are_told_from_damaged_ones() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.sqlite");
    let error = |path: &Path| read(path).unwrap_err().to_string();
    assert!(error(&path).contains("No such file"), "{}", error(&path));
    fs::write(&path, "").unwrap();
    assert!(error(&path).contains("empty"), "{}", error(&path));
    fs::write(&path, "no database, but long enough to be looked at".repeat(99)).unwrap();
    assert!(error(&path).contains("no SQLite database"), "{}", error(&path));
    assert!(error(dir.path()).contains(dir.path().to_str().unwrap()));
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE songs (title)").unwrap();
    assert!(error(&path).contains("not one of cov-trace's"), "{}", error(&path));
    assert!(error_after("DELETE FROM meta").contains("schema_version"));
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let (_dir, path) = written(&sample::record());
    let whole = fs::read(&path).unwrap();
    for length in (1..whole.len()).step_by(509) {
        fs::write(&path, &whole[..length]).unwrap();
        let error = read(&path).expect_err("it is cut").to_string();
        assert!(error.contains(path.to_str().unwrap()), "{length}: {error}");
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let (_dir, path) = written(&sample::record());
    let whole = fs::read(&path).unwrap();
    let mut errors = 0;
    for at in (0..whole.len()).step_by(29) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        if let Err(error) = read(&path) {
            assert!(error.to_string().contains(path.to_str().unwrap()), "{at}: {error}");
            errors += 1;
        }
    }
    assert!(errors > 50, "{errors} errors");
}

#[test]
fn a_reader_sees_whole_files_while_they_are_written() {
    let (_dir, path) = written(&sample::record());
    let writing = path.clone();
    let writer = std::thread::spawn(move || {
        let mut writer = Writer::new().unwrap();
        let mut record = sample::record();
        for line in 1..100 {
            // Sizes go up and down.
            record.hits[3].lines = (1..(line * 7919) % 50_000).collect();
            writer.write(&writing, &record).unwrap();
        }
    });
    let mut reads = 0;
    while !writer.is_finished() {
        read(&path).unwrap();
        reads += 1;
    }
    writer.join().unwrap();
    assert!(reads > 0);
}
