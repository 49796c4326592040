//! Tests of what becomes of a journal.

use super::*;
use crate::link::{EndOfProcess, JournalWriter, Record};
use crate::store::{Reader, RunEntry};
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
    assert_eq!(data.process_files().unwrap().len(), 1);
    assert_eq!((ledger.ended(), ledger.finished), (vec![], 1));
}
