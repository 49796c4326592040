//! The processes of a data file while it is read, by SQLite or without it.
//!
//! Invariant: what is taken in fits together, whatever the file held, or it is a fault.

use super::keys::ContentKey;
use super::packed::{Counted, CountedImage};
use super::process_rows::{exec, flush};
use super::rows::{Fault, Wanted, rows, rows_of, warning};
use super::{
    ContextKind, Hits, Numbits, OpenedFile, OpenedFor, ProcessHead, ProcessRecord, RunLabels, Span, UnixMillis, schema,
};
use rusqlite::{Connection, Row};
use std::collections::HashMap;

/// A fault and the table in which it is.
pub(super) type TableFault = (&'static str, Fault);

/// The processes of a file, while it is read.
#[derive(Default)]
pub(super) struct GatheredProcesses {
    pub records: Vec<ProcessRecord>,
    pub labels: RunLabels,
    /// The images of each, by key, in order.
    images: Vec<Vec<(ContentKey, CountedImage)>>,
    places: HashMap<ContentKey, usize>,
}

/// What ran of a process, in any order.
pub(super) type RanBits = Vec<Ran>;

/// Lines or functions that ran.
pub(super) struct Ran {
    /// Image, file and context, each by its number.
    of: (usize, usize, usize),
    counted: Counted,
    set: Numbits,
}

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
            spans: Vec::new(),
            files: None,
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
    pub fn add_image(&mut self, place: usize, key: ContentKey, image: CountedImage) {
        self.records[place].images.push(image.facts().clone());
        self.images[place].push((key, image));
    }

    /// Takes what the tables of a file have of them; `labels` are those of the file.
    pub fn read(&mut self, db: &Connection, wanted: Wanted<'_>, labels: &Labels) -> Result<(), TableFault> {
        self.read_spans(db, wanted, labels)?;
        rows_of(
            db,
            wanted,
            "SELECT process, at, new_lines, new_in_run FROM flush WANTED ORDER BY process, number",
            |row| {
                let place = self.place(row.get(0)?)?;
                self.records[place].flushes.push(flush(row, 1)?);
                Ok(())
            },
        )
        .map_err(|fault| ("flush", fault))?;
        rows_of(db, wanted, "SELECT process, slug, text, count FROM warning WANTED ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        if schema::holds_files(db) {
            rows_of(
                db,
                wanted,
                "SELECT process, context, path, used, digest FROM opened WANTED ORDER BY process, context, path",
                |row| self.add_file(labels, [row.get(0)?, row.get(1)?], row.get(2)?, row.get(3)?, row.get(4)?),
            )
            .map_err(|fault| ("opened", fault))?;
            self.sort_files();
        }
        let mut ran = self.nothing_ran();
        if schema::holds_packed(db) {
            rows_of(db, wanted, "SELECT process, image, context, lines, functions FROM hits WANTED", |row| {
                let keys = [row.get(0)?, row.get(1)?, row.get(2)?];
                self.add_packed(&mut ran, labels, keys, [blob(row, 3)?, blob(row, 4)?])
            })
            .map_err(|fault| ("hits", fault))?;
        } else {
            self.read_sets(db, wanted, labels, &mut ran)?;
        }
        self.take_bits(ran, labels);
        Ok(())
    }

    /// Takes the programs that processes ran, and the contexts that they were in.
    pub fn read_spans(&mut self, db: &Connection, wanted: Wanted<'_>, labels: &Labels) -> Result<(), TableFault> {
        rows_of(db, wanted, "SELECT process, at, exe, argv, cwd FROM exec WANTED ORDER BY process, number", |row| {
            let place = self.place(row.get(0)?)?;
            self.records[place].execs.push(exec(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("exec", fault))?;
        if schema::holds_spans(db) {
            rows_of(
                db,
                wanted,
                "SELECT process, at, context, opened FROM span WANTED ORDER BY process, number",
                |row| self.add_span(labels, row.get(0)?, row.get(2)?, UnixMillis(row.get(1)?), opened(row.get(3)?)),
            )
            .map_err(|fault| ("span", fault))?;
        }
        Ok(())
    }

    /// Takes what ran from where each part of a set is a row.
    fn read_sets(
        &self,
        db: &Connection,
        wanted: Wanted<'_>,
        labels: &Labels,
        ran: &mut [RanBits],
    ) -> Result<(), TableFault> {
        for (counted, table) in Counted::BOTH.into_iter().zip(["line_bits", "function_bits"]) {
            let sql = format!("SELECT process, image, context, file, first, numbits FROM {table} WANTED");
            rows_of(db, wanted, &sql, |row| {
                let [place, image, context] = self.place_of_hits(labels, [row.get(0)?, row.get(1)?, row.get(2)?])?;
                let file = row.get(3)?;
                if file >= self.records[place].images[image].files.len() {
                    return Err(missing("file", file));
                }
                let mut set = Numbits::default();
                if !set.add_piece(row.get(4)?, blob(row, 5)?) {
                    return Err(Fault::Value("lines where there can be none".to_owned()));
                }
                ran[place].push(Ran { of: (image, file, context), counted, set });
                Ok(())
            })
            .map_err(|fault| (table, fault))?;
        }
        Ok(())
    }

    /// Notes that a process was in a context from then on.
    pub fn add_span(
        &mut self,
        labels: &Labels,
        process: ContentKey,
        context: ContentKey,
        at: UnixMillis,
        opened: Option<ContextKind>,
    ) -> Result<(), Fault> {
        let place = self.place(process)?;
        let label = labels.positions.get(&context).ok_or_else(|| missing("context", context))?;
        self.records[place].spans.push(Span { at, label: labels.in_order[*label].clone(), opened });
        Ok(())
    }

    /// Notes that a process opened a file, or with an empty path that it is known which.
    pub fn add_file(
        &mut self,
        labels: &Labels,
        [process, context]: [ContentKey; 2],
        path: String,
        used: i64,
        digest: Option<i64>,
    ) -> Result<(), Fault> {
        let place = self.place(process)?;
        let files = self.records[place].files.get_or_insert_default();
        if path.is_empty() {
            return Ok(());
        }
        let label = labels.positions.get(&context).ok_or_else(|| missing("context", context))?;
        let opened_for = OpenedFor::from_number(used);
        let opened_for = opened_for.ok_or_else(|| Fault::Value(format!("a file used for {used}")))?;
        let digest = digest.map(i64::cast_unsigned);
        files.push(OpenedFile { label: labels.in_order[*label].clone(), path, opened_for, digest });
        Ok(())
    }

    /// Puts the files that processes opened in their order.
    pub fn sort_files(&mut self) {
        self.records.iter_mut().flat_map(|record| &mut record.files).for_each(|files| files.sort());
    }

    /// What the processes ran, as long as nothing is known of it.
    pub fn nothing_ran(&self) -> Vec<RanBits> {
        self.records.iter().map(|_| RanBits::new()).collect()
    }

    /// Adds what ran of an image, packed lines and functions; `keys` are those of process, image and context.
    pub fn add_packed(
        &self,
        ran: &mut [RanBits],
        labels: &Labels,
        keys: [ContentKey; 3],
        [lines, functions]: [&[u8]; 2],
    ) -> Result<(), Fault> {
        let [place, image, context] = self.place_of_hits(labels, keys)?;
        let (_, counted_image) = &self.images[place][image];
        let ran = &mut ran[place];
        for (counted, bytes) in Counted::BOTH.into_iter().zip([lines, functions]) {
            counted_image.unpack(counted, bytes, |file, set| {
                ran.push(Ran { of: (image, file, context), counted, set });
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The numbers of process, image and context that have these keys.
    fn place_of_hits(&self, labels: &Labels, [process, image, context]: [ContentKey; 3]) -> Result<[usize; 3], Fault> {
        let place = self.place(process)?;
        let images = &self.images[place];
        let image = images.binary_search_by_key(&image, |(key, _)| *key).map_err(|_| missing("image", image))?;
        let context = *labels.positions.get(&context).ok_or_else(|| missing("context", context))?;
        Ok([place, image, context])
    }

    /// Puts what ran into the records.
    pub fn take_bits(&mut self, ran: Vec<RanBits>, labels: &Labels) {
        for (record, mut ran) in self.records.iter_mut().zip(ran) {
            let mut used: Vec<usize> = ran.iter().map(|Ran { of: (.., context), .. }| *context).chain([0]).collect();
            used.sort_unstable();
            used.dedup();
            record.contexts = used.iter().map(|at| labels.in_order[*at].clone()).collect();
            ran.sort_unstable_by_key(|ran| ran.of);
            record.hits = Vec::with_capacity(ran.len().div_ceil(2));
            let mut last = None;
            for Ran { of, counted, set } in ran {
                if last.replace(of) != Some(of) {
                    let (image, file, context) = of;
                    let context = used.binary_search(&context).expect("invariant: they were taken from here");
                    let none = Numbits::default;
                    record.hits.push(Hits { image, file, context, lines: none(), functions: none() });
                }
                if let Some(hits) = record.hits.last_mut() {
                    hits.add(counted, set);
                }
            }
        }
    }
}

impl Hits {
    fn add(&mut self, counted: Counted, set: Numbits) {
        let known = match counted {
            Counted::Lines => &mut self.lines,
            Counted::Functions => &mut self.functions,
        };
        match known.is_empty() {
            true => *known = set,
            false => known.union_with(&set),
        }
    }
}

fn missing(what: &str, which: impl std::fmt::Display) -> Fault {
    Fault::Value(format!("no {what} {which}"))
}

fn blob<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r [u8], Fault> {
    row.get_ref(column)?.as_blob().map_err(|error| Fault::Value(error.to_string()))
}

/// The labels of contexts; the first is the empty one.
pub(super) struct Labels {
    in_order: Vec<String>,
    positions: HashMap<ContentKey, usize>,
}

impl Labels {
    /// The labels of a file.
    pub fn read(db: &Connection) -> Result<Labels, TableFault> {
        let labels = rows(db, "SELECT id, label FROM context", |row| Ok((row.get(1)?, row.get(0)?)));
        labels.and_then(Labels::of).map_err(|fault| ("context", fault))
    }

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
/// What a stored span says of who opened its context.
pub(super) fn opened(number: i64) -> Option<ContextKind> {
    (number != 0).then(|| ContextKind::of_number(number))
}
