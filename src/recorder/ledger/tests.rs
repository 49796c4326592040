//! Tests of what becomes of a journal.

use super::*;
use crate::link::{EndOfProcess, JournalWriter, Record};
use crate::recorder::recover;
use crate::store::{ProcessFile, ProcessRecord, Reader, RunEntry, RunLabels, sample};
use platform::Pid;
use std::io::Write;

/// A run with a journal, in a data directory of its own.
fn begun() -> (tempfile::TempDir, DataDir, RunDir) {
    let dir = tempfile::tempdir().unwrap();
    let data = DataDir::create(dir.path()).unwrap();
    let (run, _lock) = RunEntry::new(&data, "20261123T010203.512Z-7").create().unwrap();
    run.begin().unwrap();
    (dir, data, run)
}

fn write(run: &RunDir, records: &[Record]) {
    let mut journal = JournalWriter::new(run.journal_to_write().unwrap());
    records.iter().for_each(|record| journal.append(record).unwrap());
}

/// The start of a process.
fn start(process: ProcessNo) -> [Record; 2] {
    let (pid, parent) = (Pid(9), Pid(8));
    [
        Record::Process { process, pid, start_ticks: 1, maker: None, parent, started: 0, attached: None },
        Record::Exec { process, at: 0, exe: String::new(), argv: Vec::new(), cwd: String::new() },
    ]
}

#[test]
fn lines_of_the_journal_that_are_no_records_are_a_warning_in_every_file() {
    let (_dir, data, run) = begun();
    let process = ProcessNo(0);
    write(&run, &start(process));
    let mut ledger = Ledger::open(&run, &data).unwrap();
    ledger.catch_up().unwrap();
    assert!(ledger.flush(process).unwrap() && !ledger.flush(process).unwrap());
    run.journal_to_write().unwrap().write_all(b"{\"End\":0}\n\0\0\n").unwrap();
    write(&run, &[Record::Mapped { process, image: ImageId(0) }]);
    ledger.catch_up().unwrap();
    ledger.finish(process, Completeness::Incomplete).unwrap();
    ledger.write_shared().unwrap();
    let stored = data.read(&Reader::default(), &data.process_files().unwrap()[0]).unwrap();
    let warnings: Vec<_> = stored.warnings.iter().map(|warning| (warning.slug.as_str(), warning.count)).collect();
    assert_eq!(warnings, [(WarningKind::JournalDamaged.slug(), 2)]);
}

#[test]
fn a_process_is_not_closed_before_its_images_are_known() {
    let (_dir, data, run) = begun();
    let (process, image) = (ProcessNo(0), ImageId(0));
    write(&run, &start(process));
    write(
        &run,
        &[
            Record::Image { image, path: "/bin/x".to_owned() },
            Record::Mapped { process, image },
            Record::End { process, at: 1, how: EndOfProcess::Exited(0) },
        ],
    );
    let mut ledger = Ledger::open(&run, &data).unwrap();
    ledger.catch_up().unwrap();
    assert_eq!((ledger.ended(), ledger.ended_and_known()), (vec![process], vec![]));
    ledger.add_facts(image, StoredFacts::default().into_facts());
    assert_eq!(ledger.ended_and_known(), [process]);
    ledger.finish(process, Completeness::Complete).unwrap();
    ledger.write_shared().unwrap();
    assert_eq!(data.process_files().unwrap().len(), 1);
    assert_eq!((ledger.ended(), ledger.finished), (vec![], 1));
}

/// A run's file for several processes.
fn shared(run: &RunDir, number: u32) -> ProcessFile {
    ProcessFile::of_several(run.name().to_owned(), number)
}

/// The processes of each file: its name without that of the run, and their numbers.
fn listing(data: &DataDir) -> Vec<(String, Vec<u32>)> {
    let of_file = |file: &ProcessFile| {
        let records = data.read_all(&Reader::default(), file).unwrap();
        (format!("{}-{}", file.pid, file.sequence), records.iter().map(|record| record.head.sequence).collect())
    };
    data.process_files().unwrap().iter().map(of_file).collect()
}

fn end(process: ProcessNo) -> Record {
    Record::End { process, at: 1, how: EndOfProcess::Exited(0) }
}

/// One round of what a live recorder does.
fn round(ledger: &mut Ledger) {
    ledger.catch_up().unwrap();
    for process in ledger.ended_and_known() {
        ledger.finish(process, Completeness::Complete).unwrap();
    }
    for (process, _) in ledger.living() {
        ledger.flush(process).unwrap();
    }
    ledger.write_shared().unwrap();
}

#[test]
fn a_process_in_which_nothing_was_planted_is_a_row_until_something_is() {
    let (_dir, data, run) = begun();
    let mut ledger = Ledger::open(&run, &data).unwrap();
    let of = |file: &str, numbers: &[u32]| (file.to_owned(), numbers.to_vec());
    (0..3).for_each(|number| write(&run, &start(ProcessNo(number))));
    round(&mut ledger);
    assert_eq!(listing(&data), [of("0-0", &[0, 1, 2])]);
    // It runs another program then, whose facts come a moment later.
    let (process, image) = (ProcessNo(1), ImageId(0));
    write(
        &run,
        &[Record::Image { image, path: "/bin/x".to_owned() }, Record::Mapped { process, image }, end(ProcessNo(0))],
    );
    round(&mut ledger);
    assert_eq!(listing(&data), [of("0-0", &[1, 2]), of("0-1", &[0])]);
    let mut facts = StoredFacts::default().into_facts();
    facts.image = sample::record().images.remove(0);
    ledger.add_facts(image, facts);
    round(&mut ledger);
    assert_eq!(listing(&data), [of("0-0", &[2]), of("0-1", &[0]), of("9-1", &[1])]);
    write(&run, &[end(process), end(ProcessNo(2))]);
    round(&mut ledger);
    assert_eq!(listing(&data), [of("0-1", &[0, 2]), of("9-1", &[1])]);
    assert_eq!(ledger.finished, 3);
}

#[test]
fn a_large_file_is_not_written_again_and_what_cannot_be_written_stays() {
    let (_dir, data, run) = begun();
    let mut ledger = Ledger::open(&run, &data).unwrap();
    let long = |process| {
        let [begin, _] = start(process);
        let argv = vec!["x".repeat(300_000)];
        [begin, Record::Exec { process, at: 0, exe: String::new(), argv, cwd: String::new() }, end(process)]
    };
    let folder_in_the_way = data.path().join(shared(&run, 2).to_string());
    std::fs::create_dir(&folder_in_the_way).unwrap();
    write(&run, &long(ProcessNo(0)));
    round(&mut ledger);
    write(&run, &long(ProcessNo(1)));
    ledger.catch_up().unwrap();
    ledger.finish(ProcessNo(1), Completeness::Complete).unwrap();
    assert!(ledger.write_shared().is_err());
    assert_eq!((ledger.unwritten(), ledger.finished), (1, 1));
    std::fs::remove_dir(folder_in_the_way).unwrap();
    round(&mut ledger);
    assert_eq!((ledger.unwritten(), ledger.finished), (0, 2));
    assert_eq!(listing(&data), [("0-1".to_owned(), vec![0]), ("0-2".to_owned(), vec![1])]);
}

#[test]
fn a_run_that_is_cut_short_loses_no_process_and_has_none_twice() {
    // Cut short after each step; `after_steps` says how many.
    for after_steps in 0..=4 {
        let (_dir, data, run) = begun();
        let mut ledger = Ledger::open(&run, &data).unwrap();
        (0..4).for_each(|number| write(&run, &start(ProcessNo(number))));
        for step in 0..after_steps {
            match step {
                0 => round(&mut ledger),
                1 => {
                    write(&run, &[end(ProcessNo(0)), end(ProcessNo(1))]);
                    round(&mut ledger);
                }
                // In the file of the ended, and among the living still.
                2 => {
                    let living = data.path_of(&shared(&run, 0));
                    let before = std::fs::read(&living).unwrap();
                    write(&run, &[end(ProcessNo(2))]);
                    round(&mut ledger);
                    std::fs::write(living, before).unwrap();
                }
                // Another one is in its file, and heard of by no recorder.
                _ => write(&run, &[end(ProcessNo(3))]),
            }
        }
        drop(ledger);
        // The recovery is cut short too, before it removes the journal.
        let journal = std::fs::read(run.journal()).unwrap();
        assert!(recover(&data).unwrap().remove(0).is_ok());
        let (again, _lock) = RunEntry::new(&data, run.name()).create().unwrap();
        again.begin().unwrap();
        std::fs::write(again.journal(), journal).unwrap();
        drop(_lock);
        assert!(recover(&data).unwrap().remove(0).is_ok());
        let files = listing(&data);
        let mut numbers: Vec<u32> = files.iter().flat_map(|(_, numbers)| numbers.clone()).collect();
        numbers.sort();
        assert_eq!(numbers, [0, 1, 2, 3], "after {after_steps} steps: {files:?}");
        assert!(files.iter().all(|(name, _)| name != "0-0"), "nobody lives: {files:?}");
        let read = |file| data.read_all(&Reader::default(), file).unwrap();
        let records: Vec<ProcessRecord> = data.process_files().unwrap().iter().flat_map(read).collect();
        let ended = records.iter().filter(|record| record.complete && record.head.end.is_some()).count();
        assert_eq!(ended, [0, 0, 2, 3, 4][after_steps], "after {after_steps} steps");
    }
}

#[test]
fn labels_are_in_the_file_of_the_living_from_the_first_process_on() {
    let key = |key: &str| LabelValues::from([(key.to_owned(), "x".to_owned())]);
    let labels = |data: &DataDir, run: &RunDir| {
        let labels = RunLabels::of_data(data, &Reader::default()).unwrap();
        labels.get(run.name()).cloned().unwrap_or_default()
    };
    let (_dir, data, run) = begun();
    // A key that is none would make the file one that nobody reads.
    run.keep_labels(&key("rev").into_iter().chain(key("no key")).collect()).unwrap();
    let mut ledger = Ledger::open(&run, &data).unwrap();
    round(&mut ledger);
    assert_eq!(listing(&data), [], "nothing is measured yet");
    write(&run, &start(ProcessNo(0)));
    write(&run, &[end(ProcessNo(0))]);
    round(&mut ledger);
    assert_eq!(listing(&data), [("0-0".to_owned(), vec![]), ("0-1".to_owned(), vec![0])]);
    assert_eq!(labels(&data, &run), key("rev"));
    // The data directory is made again; then the recorder is killed.
    let elsewhere = tempfile::tempdir().unwrap();
    ledger.go_on_in(&DataDir::create(elsewhere.path()).unwrap());
    ledger.write_shared().unwrap();
    assert_eq!(labels(&DataDir::create(elsewhere.path()).unwrap(), &run), key("rev"));
    drop(ledger);
    assert!(recover(&data).unwrap().remove(0).is_ok());
    assert_eq!(labels(&data, &run), key("rev"));
}

#[test]
fn labels_that_the_runs_directory_lost_are_those_of_the_file() {
    let (_dir, data, run) = begun();
    write(&run, &start(ProcessNo(0)));
    let mut ledger = Ledger::open(&run, &data).unwrap();
    ledger.labels = LabelValues::from([("rev".to_owned(), "1".to_owned())]);
    round(&mut ledger);
    let expected = RunLabels::of_run(run.name(), ledger.labels.clone());
    drop(ledger);
    assert!(recover(&data).unwrap().remove(0).is_ok());
    assert_eq!(RunLabels::of_data(&data, &Reader::default()).unwrap(), expected);
}

/// Many processes that have ended, so that the journal is worth a checkpoint, and their images are known.
fn write_ended(run: &RunDir, numbers: std::ops::Range<u32>) {
    for process in numbers.map(ProcessNo) {
        write(run, &start(process));
        let text = "x".repeat(500);
        write(
            run,
            &[Record::Warning { process: Some(process), slug: "slug".to_owned(), text, count: 1 }, end(process)],
        );
    }
}

#[test]
fn what_a_checkpoint_has_is_given_back_by_the_journal_and_recovered_without_it() {
    let (_dir, data, run) = begun();
    let (living, later) = (ProcessNo(0), ProcessNo(5000));
    write(&run, &start(living));
    write_ended(&run, 1..2000);
    let mut ledger = Ledger::open(&run, &data).unwrap();
    round(&mut ledger);
    let checkpoint = ledger.checkpoint().expect("more than a megabyte");
    assert!(ledger.checkpoint().is_none(), "nothing new since");
    checkpoint.write().unwrap();
    let kept = std::fs::read(run.journal()).unwrap();
    assert!(kept.len() as u64 == checkpoint.position() && kept.iter().all(|byte| *byte == 0));
    // What comes after it is read from the journal, and the recorder is killed.
    write(&run, &start(later));
    write(&run, &[end(living)]);
    drop(ledger);
    assert_eq!(recover(&data).unwrap().len(), 1);
    let processes: Vec<ProcessRecord> = data
        .process_files()
        .unwrap()
        .iter()
        .flat_map(|file| data.read_all(&Reader::default(), file).unwrap())
        .collect();
    let of = |number: ProcessNo| processes.iter().find(|process| process.head.sequence == number.0).unwrap();
    assert_eq!((processes.len(), of(living).complete, of(later).complete), (2001, true, false));
    assert!(of(ProcessNo(7)).warnings.iter().any(|warning| warning.slug == "slug"));
    assert!(processes.iter().flat_map(|process| &process.warnings).all(|warning| warning.slug == "slug"));
}

#[test]
fn a_damaged_checkpoint_is_no_checkpoint() {
    let (_dir, data, run) = begun();
    write(&run, &start(ProcessNo(0)));
    for damaged in [&b""[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"] {
        run.write_checkpoint(damaged).unwrap();
        let mut ledger = Ledger::open(&run, &data).unwrap();
        ledger.resume_from_checkpoint();
        ledger.catch_up().unwrap();
        assert_eq!(ledger.living().len(), 1);
    }
}
