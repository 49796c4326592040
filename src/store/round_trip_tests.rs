//! Tests that what the writer wrote is what the reader gives back, and that the reader answers with an error where it
//! cannot.

use super::reader::ProcessImages;
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

/// A record as it comes back: images in the order of their keys, only contexts and hits of something.
fn as_read(record: &ProcessRecord) -> ProcessRecord {
    let mut union = ProcessUnion::default();
    union.add(record.clone(), |file| file.path.clone());
    union.into_records("").1.next().unwrap()
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
    assert_eq!(read(&path).unwrap(), as_read(&record));
    assert_eq!(names(dir.path()).len(), 1, "nothing beside the file");
}

#[test]
fn varied_records_come_back_with_one_writer_and_one_reader() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, reader) = (Writer::new().unwrap(), Reader::default());
    for seed in 0..120 {
        let record = sample::varied(seed);
        let path = dir.path().join(format!("{}.sqlite", seed % 7));
        writer.write(&path, &record).unwrap();
        assert_eq!(reader.read(&path).unwrap(), as_read(&record), "seed {seed}");
        assert_eq!(read(&path).unwrap(), as_read(&record), "seed {seed}");
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
        assert_eq!(read(&path).unwrap(), as_read(&record));
    }
    assert_eq!(names(dir.path()).len(), 1);
}

#[test]
fn hits_are_stored_sorted_and_once() {
    let mut record = sample::record();
    record.hits = vec![sample::hits(1, 0, 0, &[9]), sample::hits(0, 0, 0, &[1]), sample::hits(1, 0, 0, &[1])];
    let (_dir, path) = written(&record);
    let stored = read(&path).unwrap();
    let of = |path: &str| {
        let of_path = |hits: &&Hits| stored.images[hits.image].path == path;
        stored.hits.iter().filter(of_path).map(|hits| hits.lines.iter().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!((of("/usr/bin/prog"), of("/usr/lib/libx.so.1")), (vec![vec![1]], vec![vec![1, 9]]));
}

#[test]
fn the_images_of_several_files_are_shared() {
    let (_dir, one) = written(&sample::record());
    let (_other_dir, other) = written(&sample::record());
    let reader = Reader::default();
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
        assert_eq!(read(&path).unwrap(), as_read(&record));
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
    let record = as_read(&sample::record());
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

/// The data files of a run of a program with one fork, written by the version before.
fn version_2() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/version-2");
    names(&folder).into_iter().map(|name| folder.join(name)).collect()
}

#[test]
fn files_of_version_2_are_read() {
    let reader = Reader::default();
    let records: Vec<ProcessRecord> = version_2().iter().map(|path| reader.read(path).unwrap()).collect();
    assert!(records.iter().all(|record| record.complete && record.images.len() == 1));
    assert!(Arc::ptr_eq(&records[0].images[0], &records[1].images[0]));
    let ran = |record: &ProcessRecord| record.hits[0].lines.iter().collect::<Vec<_>>();
    assert_eq!(records.iter().map(ran).collect::<Vec<_>>(), [vec![15, 16, 18, 19, 20], vec![5, 6, 7, 16, 17]]);
    let functions = &records[0].images[0].files[0].functions;
    let names = functions.iter().map(|function| (function.name.as_str(), function.start, function.end, function.told));
    assert_eq!(names.collect::<Vec<_>>(), [("twice", 4, 7, true), ("never", 9, 12, true), ("main", 14, 20, true)]);
    let images = reader.read_images(&version_2()[1]).unwrap();
    let expected = ProcessImages::of(&records[1]);
    assert_eq!(images, [ProcessImages { execs: Vec::new(), spans: Vec::new(), ..expected }]);
}

#[test]
fn files_of_version_1_are_read_without_what_they_did_not_have() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.sqlite");
    fs::copy(&version_2()[0], &path).unwrap();
    let mut record = read(&path).unwrap();
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
    assert_eq!(Reader::default().read_images(&path).unwrap()[0].images, record.images);
}

#[test]
fn what_is_known_of_an_image_is_stored_once_and_removed_with_the_last_file_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::create(&folder.path().join("data")).unwrap();
    let mut writer = Writer::new().unwrap();
    let mut records = vec![sample::record(), sample::record()];
    records[1].head.pid += 1;
    records[1].head.run = "20261124T010203.512Z-4711".to_owned();
    records[1].images.truncate(1);
    records[1].hits.retain(|hits| hits.image == 0);
    for record in &records {
        writer.write_to(&data, record).unwrap();
    }
    let images = data.path().join("images");
    assert_eq!((names(&images).len(), writer.take_fact_files().len()), (2, 2));
    fs::remove_dir_all(&images).unwrap();
    writer.write_to(&data, &records[0]).unwrap();
    assert_eq!(names(&images).len(), 2, "they were removed, and are written again");
    let one = images.join(&names(&images)[0]);
    fs::remove_file(&one).unwrap();
    writer.restore_fact_files(&data).unwrap();
    assert!(one.exists(), "the run goes on with what was removed alone");
    fs::remove_dir_all(&images).unwrap();
    writer.restore_fact_files(&data).unwrap();
    assert_eq!((names(&images).len(), writer.take_fact_files().len()), (2, 5));
    // Another run finds them there, and has them on disk too before what names them.
    let modified = |name: &String| fs::metadata(images.join(name)).unwrap().modified().unwrap();
    let before: Vec<_> = names(&images).iter().map(modified).collect();
    let mut other = Writer::new().unwrap();
    other.write_to(&data, &records[0]).unwrap();
    assert_eq!(names(&images).iter().map(modified).collect::<Vec<_>>(), before);
    assert_eq!(other.take_fact_files().len(), 2);
    let reader = Reader::default();
    let read: Vec<ProcessRecord> =
        data.process_files().unwrap().iter().map(|file| data.read(&reader, file).unwrap()).collect();
    assert_eq!(read, records.iter().map(as_read).collect::<Vec<_>>());

    data.clone().erase_runs(&|run| run == records[0].head.run).unwrap();
    assert_eq!(names(&images).len(), 1);
    assert!(data.read(&Reader::default(), &ProcessFile::of(&records[1].head)).is_ok());
    assert!(data.erase().unwrap().directory, "nothing is left");
}

#[test]
fn images_are_not_removed_beside_a_run_that_began_while_they_were_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::create(&folder.path().join("data")).unwrap();
    let record = sample::record();
    let mut writer = Writer::new().unwrap();
    writer.write_to(&data, &record).unwrap();
    data.remove_file(&ProcessFile::of(&record.head)).unwrap();
    let (run, lock) = RunEntry::new(&data, &record.head.run).create().unwrap();
    data.remove_unused_images().unwrap();
    assert_eq!(names(&data.path().join("images")).len(), 2, "the run may be about to name them");
    drop((run, lock));
    data.remove_unused_images().unwrap();
    assert!(!data.path().join("images").exists());
}

#[test]
fn images_that_are_missing_damaged_or_changed_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::create(&folder.path().join("data")).unwrap();
    let record = sample::record();
    Writer::new().unwrap().write_to(&data, &record).unwrap();
    let file = ProcessFile::of(&record.head);
    let error = || data.read(&Reader::default(), &file).unwrap_err().to_string();
    let images = data.path().join("images");
    let image = images.join(&names(&images)[0]);
    let whole = fs::read(&image).unwrap();
    for (sql, table) in [
        ("UPDATE file SET executable = 7", "file"),
        ("UPDATE file SET digest = x'00'", "file"),
        ("UPDATE file SET digest_of = 'a guess'", "file"),
        ("UPDATE file SET number = 5 WHERE number = 1", "file"),
        ("UPDATE file SET path = '/etc/shadow' WHERE number = 0", "image"),
        ("UPDATE function SET first = -1", "function"),
        ("UPDATE function SET file = 77", "function"),
        ("UPDATE image_warning SET image = 77", "image_warning"),
        ("UPDATE image SET id = 77", "file"),
        ("DELETE FROM image; DELETE FROM file; DELETE FROM function; DELETE FROM image_warning", "image"),
    ] {
        Connection::open(&image).unwrap().execute_batch(sql).unwrap();
        let error = error();
        assert!(error.contains(&format!("damaged: table {table}: ")), "{sql}: {error}");
        assert!(error.contains(image.to_str().unwrap()), "{sql}: {error}");
        fs::write(&image, &whole).unwrap();
    }
    fs::write(&image, "no database").unwrap();
    assert!(error().contains("no SQLite database"), "{}", error());
    fs::remove_file(&image).unwrap();
    assert!(error().contains("is missing") && error().contains("copy data directories as a whole"), "{}", error());
    // A run that has the image makes it again.
    Writer::new().unwrap().write_to(&data, &record).unwrap();
    assert_eq!(data.read(&Reader::default(), &file).unwrap(), as_read(&record));
}

#[test]
fn damaged_rows_are_named_by_table() {
    for (sql, table) in [
        ("UPDATE meta SET value = -1 WHERE key = 'schema_version'", "meta"),
        ("UPDATE process SET complete = 2", "process"),
        ("UPDATE process SET id = 77", "process"),
        ("UPDATE process SET sequence = 77", "process"),
        ("DELETE FROM process", "process"),
        ("UPDATE process SET end_reason = 'eaten'", "process"),
        ("UPDATE process SET end_signal = NULL", "process"),
        ("UPDATE process SET pid = 99999999999", "process"),
        ("DROP TABLE flush", "flush"),
        ("UPDATE flush SET new_lines = -1", "flush"),
        ("UPDATE flush SET process = 77", "flush"),
        ("UPDATE exec SET argv = '[1]'", "exec"),
        ("UPDATE exec SET exe = x'ff'", "exec"),
        ("UPDATE context SET label = 'another' WHERE id > 0", "context"),
        ("DELETE FROM context WHERE id > 0", "span"),
        ("DELETE FROM span; DELETE FROM context WHERE id > 0", "opened"),
        ("DELETE FROM span; DELETE FROM opened; DELETE FROM context WHERE id > 0", "line_bits"),
        ("UPDATE opened SET used = 4 WHERE path > ''", "opened"),
        ("UPDATE opened SET process = 77", "opened"),
        ("UPDATE span SET process = 77", "span"),
        ("UPDATE line_bits SET numbits = 'text'", "line_bits"),
        ("UPDATE line_bits SET first = first + 1", "line_bits"),
        ("UPDATE line_bits SET first = 4294967288", "line_bits"),
        ("UPDATE line_bits SET file = 77", "line_bits"),
        ("UPDATE line_bits SET image = -1", "line_bits"),
        ("DELETE FROM process_image", "line_bits"),
        ("INSERT INTO process_image SELECT id, 77 FROM process", "process_image"),
        ("DELETE FROM image WHERE id = (SELECT min(id) FROM image)", "file"),
        ("UPDATE image SET path = x'ff'", "image"),
    ] {
        let error = error_after(sql);
        assert!(error.contains(&format!("damaged: table {table}: ")), "{sql}: {error}");
    }
}

#[test]
fn damaged_runs_are_named_by_table() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::create(folder.path()).unwrap();
    let record = sample::packable(sample::record());
    for sql in [
        "UPDATE hits SET lines = 'text'",
        "UPDATE hits SET functions = 7",
        "UPDATE hits SET lines = x'80'",
        "UPDATE hits SET functions = lines || x'7f7f'",
        "UPDATE hits SET context = context + 1",
        "UPDATE hits SET image = -image",
        "UPDATE hits SET process = process + 1",
        "DELETE FROM process_image",
    ] {
        Writer::new().unwrap().write_to(&data, &record).unwrap();
        let path = data.path_of(&ProcessFile::of(&record.head));
        let db = Connection::open(&path).unwrap();
        db.execute_batch(sql).unwrap();
        drop(db);
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("damaged: table hits: ") && error.contains(path.to_str().unwrap()), "{sql}: {error}");
    }
}

#[test]
fn what_ran_is_packed_or_in_a_file_that_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::create(folder.path()).unwrap();
    let mut strange = sample::packable(sample::record());
    strange.head.pid += 1;
    // A line and a function that the image does not have.
    strange.hits[0].lines.insert(2);
    let mut stranger = sample::packable(sample::record());
    stranger.head.pid += 2;
    stranger.hits[0].functions.insert(2);
    let mut writer = Writer::new().unwrap();
    for (record, is_packed) in [(sample::packable(sample::record()), true), (strange, false), (stranger, false)] {
        writer.write_to(&data, &record).unwrap();
        let path = data.path_of(&ProcessFile::of(&record.head));
        let db = Connection::open(&path).unwrap();
        assert_eq!((schema::holds_packed(&db), schema::holds_facts(&db)), (is_packed, !is_packed));
        let file = ProcessFile::of_several(record.head.run.clone(), 1);
        writer.write_labelled(&data, &file, &[&record], &RunLabels::default()).unwrap();
        for path in [path, data.path_of(&file)] {
            assert_eq!(read(&path).unwrap(), as_read(&record));
            assert_eq!(Reader::default().read_quickly(&path).is_some(), is_packed);
        }
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
