//! The processes of a data file while it is read, by SQLite or without it.
//!
//! Invariant: what is taken in fits together, whatever the file held, or it is a fault.

use super::keys::ContentKey;
use super::process_rows::{exec, flush};
use super::rows::{Fault, rows, warning};
use super::{Hits, ImageFacts, Numbits, ProcessHead, ProcessRecord, RunLabels};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A fault and the table in which it is.
pub(super) type TableFault = (&'static str, Fault);

/// The processes of a file, while it is read.
#[derive(Default)]
pub(super) struct GatheredProcesses {
    pub records: Vec<ProcessRecord>,
    pub labels: RunLabels,
    /// The keys of the images of each, in order.
    images: Vec<Vec<ContentKey>>,
    places: HashMap<ContentKey, usize>,
}

/// What ran, by image, file and context, each by its number; lines and functions.
pub(super) type RanBits = BTreeMap<(usize, usize, usize), [Numbits; 2]>;

impl GatheredProcesses {
    /// Takes a process in.
    pub fn begin(&mut self, key: ContentKey, head: ProcessHead, complete: bool) -> Result<(), Fault> {
        if key != ContentKey::of_process(&head) {
            return Err(Fault::Value(format!("pid {} has the key of another process", head.pid)));
        }
        self.places.insert(key, self.records.len());
        self.images.push(Vec::new());
        self.records.push(ProcessRecord {
            complete,
            head,
            execs: Vec::new(),
            images: Vec::new(),
            contexts: Vec::new(),
            hits: Vec::new(),
            flushes: Vec::new(),
            warnings: Vec::new(),
        });
        Ok(())
    }

    /// Where a process is.
    pub fn place(&self, key: ContentKey) -> Result<usize, Fault> {
        self.places.get(&key).copied().ok_or_else(|| Fault::Value(format!("no process {key}")))
    }

    /// A process as far as it is known.
    pub fn record(&mut self, key: ContentKey) -> Option<&mut ProcessRecord> {
        let place = self.place(key).ok()?;
        self.records.get_mut(place)
    }

    /// Gives an image to a process, after those whose keys are lower.
    pub fn add_image(&mut self, place: usize, key: ContentKey, facts: Arc<ImageFacts>) {
        self.records[place].images.push(facts);
        self.images[place].push(key);
    }

    /// Takes what the tables of a file have of them.
    pub fn read(&mut self, db: &Connection) -> Result<(), TableFault> {
        rows(db, "SELECT process, at, exe, argv, cwd FROM exec ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].execs.push(exec(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("exec", fault))?;
        rows(db, "SELECT process, at, new_lines, new_in_run FROM flush ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].flushes.push(flush(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("flush", fault))?;
        rows(db, "SELECT process, slug, text, count FROM warning ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        let labels = labels(db).map_err(|fault| ("context", fault))?;
        let mut ran = self.nothing_ran();
        for (kind, table) in ["line_bits", "function_bits"].into_iter().enumerate() {
            let sql = format!("SELECT process, image, context, file, first, numbits FROM {table}");
            rows(db, &sql, |row| {
                let bits = row.get_ref(5)?.as_blob().map_err(|error| Fault::Value(format!("numbits: {error}")))?;
                let place = [row.get(0)?, row.get(1)?, row.get(2)?];
                self.add_bits(&mut ran, kind, &labels, place, row.get(3)?, (row.get(4)?, bits))
            })
            .map_err(|fault| (table, fault))?;
        }
        self.take_bits(ran, &labels);
        Ok(())
    }

    /// What the processes ran, as long as nothing is known of it.
    pub fn nothing_ran(&self) -> Vec<RanBits> {
        self.records.iter().map(|_| RanBits::new()).collect()
    }

    /// Adds lines or functions, a piece of a set; `place` has the keys of process, image and context.
    pub fn add_bits(
        &self,
        ran: &mut [RanBits],
        kind: usize,
        labels: &Labels,
        [process, image, context]: [ContentKey; 3],
        file: usize,
        (first, bits): (u32, &[u8]),
    ) -> Result<(), Fault> {
        let place = self.place(process)?;
        let missing = |what: &str, which: &dyn std::fmt::Display| Fault::Value(format!("no {what} {which}"));
        let image = self.images[place].binary_search(&image).map_err(|_| missing("image", &image))?;
        if file >= self.records[place].images[image].files.len() {
            return Err(missing("file", &file));
        }
        let context = *labels.positions.get(&context).ok_or_else(|| missing("context", &context))?;
        let set = &mut ran[place].entry((image, file, context)).or_default()[kind];
        if !set.add_piece(first, bits) {
            return Err(Fault::Value("lines where there can be none".to_owned()));
        }
        Ok(())
    }

    /// Puts what ran into the records.
    pub fn take_bits(&mut self, ran: Vec<RanBits>, labels: &Labels) {
        for (record, ran) in self.records.iter_mut().zip(ran) {
            let used: BTreeSet<usize> = std::iter::once(0).chain(ran.keys().map(|(.., context)| *context)).collect();
            let used: Vec<usize> = used.into_iter().collect();
            record.contexts = used.iter().map(|at| labels.in_order[*at].clone()).collect();
            record.hits = ran
                .into_iter()
                .map(|((image, file, context), [lines, functions])| {
                    let context = used.binary_search(&context).expect("invariant: they were taken from here");
                    Hits { image, file, context, lines, functions }
                })
                .collect();
        }
    }
}

/// The labels of contexts; the first is the empty one.
pub(super) struct Labels {
    in_order: Vec<String>,
    positions: HashMap<ContentKey, usize>,
}

impl Labels {
    /// Labels with their keys, in any order.
    pub fn of(mut labels: Vec<(String, ContentKey)>) -> Result<Labels, Fault> {
        if let Some((label, _)) = labels.iter().find(|(label, key)| *key != ContentKey::of_label(label)) {
            return Err(Fault::Value(format!("{label:?} has the key of another label")));
        }
        if !labels.iter().any(|(label, _)| label.is_empty()) {
            labels.push((String::new(), ContentKey::of_label("")));
        }
        labels.sort();
        let positions = (0..).zip(&labels).map(|(at, (_, key))| (*key, at)).collect();
        Ok(Labels { in_order: labels.into_iter().map(|(label, _)| label).collect(), positions })
    }
}

/// The labels of a file.
fn labels(db: &Connection) -> Result<Labels, Fault> {
    Labels::of(rows(db, "SELECT id, label FROM context", |row| Ok((row.get(1)?, row.get(0)?)))?)
}
