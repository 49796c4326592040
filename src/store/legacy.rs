//! Data files of the versions 1 and 2 of the schema: each holds one process and what is known of its images, of which a
//! reader of many files takes each once.
//!
//! Invariant: no more than `MAX_KNOWN` images, or those of one file if they are more, are kept for later files.

use super::process_rows::{exec, flush, process};
use super::rows::{Fault, numbits, rows, warning};
use super::{Hits, ImageFacts, ProcessHead, ProcessRecord, facts_rows};
use rusqlite::Connection;
use std::collections::HashMap;
use std::sync::Arc;

const MAX_KNOWN: usize = 256;

/// Images of files read before, by path, build-id and digest.
pub(super) type KnownImages = HashMap<ImageIdentity, Arc<ImageFacts>>;

type ImageIdentity = (String, Option<String>, i64);

/// Reads the process of a file.
pub(super) fn record(
    db: &Connection,
    version: i64,
    known: &mut KnownImages,
) -> Result<ProcessRecord, (&'static str, Fault)> {
    let images = Images::read(db, version, known)?;
    let head = head(db).map_err(|fault| ("process", fault))?;
    let complete = complete(db).map_err(|fault| ("meta", fault))?;
    let execs = rows(db, "SELECT at, exe, argv, cwd FROM exec ORDER BY id", |row| exec(row, 0));
    let execs = execs.map_err(|fault| ("exec", fault))?;
    let contexts =
        rows(db, "SELECT id, label FROM context ORDER BY id", |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))
            .map_err(|fault| ("context", fault))?;
    let positions = contexts.iter().enumerate().map(|(position, (id, _))| (*id, position));
    let hits = hits(db, version, &images, &positions.collect()).map_err(|fault| ("line_bits", fault))?;
    let contexts = contexts.into_iter().map(|(_, label)| label).collect();
    let of_process = "SELECT at, new_lines, new_in_run FROM flush ORDER BY id";
    let flushes = rows(db, of_process, |row| flush(row, 0)).map_err(|fault| ("flush", fault))?;
    let of_process = "SELECT slug, text, count FROM warning WHERE image IS NULL ORDER BY id";
    let warnings = rows(db, of_process, |row| Ok(warning(row, 0)?)).map_err(|fault| ("warning", fault))?;
    Ok(ProcessRecord {
        complete,
        head,
        execs,
        images: images.facts,
        contexts,
        hits,
        spans: Vec::new(),
        files: None,
        flushes,
        warnings,
    })
}

/// Reads which process a file has.
pub(super) fn head(db: &Connection) -> Result<ProcessHead, Fault> {
    let sql = "SELECT pid, run, sequence, start_ticks, started, attached, parent_pid, \
               parent_start_ticks, ended, end_reason, exit_status, end_signal, core, NULL FROM process";
    let mut found = rows(db, sql, |row| process(row, 0))?;
    match (found.pop(), found.len()) {
        (Some(head), 0) => Ok(head),
        (None, _) => Err(Fault::Value("it is empty".to_owned())),
        (Some(_), others) => Err(Fault::Value(format!("{} rows where there must be one", others + 1))),
    }
}

fn complete(db: &Connection) -> Result<bool, Fault> {
    match db.query_row("SELECT value FROM meta WHERE key = 'complete'", [], |row| row.get(0))? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Fault::Value(format!("complete is {other}, not 0 or 1"))),
    }
}

fn hits(db: &Connection, version: i64, images: &Images, contexts: &HashMap<i64, usize>) -> Result<Vec<Hits>, Fault> {
    let functions = if version < 2 { "x''" } else { "functions" };
    let mut hits = rows(db, &format!("SELECT file, context, numbits, {functions} FROM line_bits"), |row| {
        let context_id: i64 = row.get(1)?;
        let (image, file) = images.file(row.get(0)?)?;
        let context = *contexts.get(&context_id).ok_or_else(|| Fault::Value(format!("no context {context_id}")))?;
        Ok(Hits { image, file, context, lines: numbits(row, 2)?, functions: numbits(row, 3)? })
    })?;
    hits.sort_by_key(|hits| (hits.image, hits.file, hits.context));
    Ok(hits)
}

/// The images of one file.
#[derive(Debug)]
pub(super) struct Images {
    /// The images in order.
    pub(super) facts: Vec<Arc<ImageFacts>>,
    /// Position of each image by its row's id.
    positions: HashMap<i64, usize>,
    /// Position of the image, and within it, by the id of a file's row.
    files: HashMap<i64, (usize, usize)>,
}

impl Images {
    /// Reads the images of a file; an error comes with the table that it is about.
    pub(super) fn read(db: &Connection, version: i64, known: &mut KnownImages) -> Result<Self, (&'static str, Fault)> {
        let sql = "SELECT id, path, build_id, digest FROM image ORDER BY id";
        let identified: Vec<(i64, ImageIdentity)> =
            rows(db, sql, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))
                .map_err(|fault| ("image", fault))?;
        let mut images = Images {
            facts: Vec::with_capacity(identified.len()),
            positions: identified.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect(),
            files: HashMap::new(),
        };
        let counts = images.place_files(db).map_err(|fault| ("file", fault))?;
        for ((_, identity), files) in identified.iter().zip(&counts) {
            // A digest that lies must not lead an index out of range.
            if let Some(facts) = known.get(identity).filter(|facts| facts.files.len() == *files) {
                images.facts.push(facts.clone());
            }
        }
        if images.facts.len() < identified.len() {
            let identities: Vec<ImageIdentity> = identified.into_iter().map(|(_, identity)| identity).collect();
            images.facts = images.read_facts(db, version, &identities)?;
            if known.len() + identities.len() > MAX_KNOWN {
                known.clear();
            }
            known.extend(identities.into_iter().zip(images.facts.iter().cloned()));
        }
        Ok(images)
    }

    /// Positions of the image of a file's row and of the file within the image.
    pub(super) fn file(&self, id: i64) -> Result<(usize, usize), Fault> {
        self.files.get(&id).copied().ok_or_else(|| Fault::Value(format!("no file {id}")))
    }

    fn image(&self, id: i64) -> Result<usize, Fault> {
        self.positions.get(&id).copied().ok_or_else(|| Fault::Value(format!("no image {id}")))
    }

    /// Learns where each file belongs; returns how many files each image has.
    fn place_files(&mut self, db: &Connection) -> Result<Vec<usize>, Fault> {
        let mut counts = vec![0; self.positions.len()];
        let places = rows(db, "SELECT id, image FROM file ORDER BY id", |row| {
            let image = self.image(row.get(1)?)?;
            counts[image] += 1;
            Ok((row.get(0)?, (image, counts[image] - 1)))
        })?;
        self.files = places.into_iter().collect();
        Ok(counts)
    }

    fn read_facts(
        &self,
        db: &Connection,
        version: i64,
        identities: &[ImageIdentity],
    ) -> Result<Vec<Arc<ImageFacts>>, (&'static str, Fault)> {
        let mut facts: Vec<ImageFacts> = identities
            .iter()
            .map(|(path, build_id, _)| ImageFacts {
                path: path.clone(),
                build_id: build_id.clone(),
                files: Vec::new(),
                warnings: Vec::new(),
            })
            .collect();
        let sql = match version {
            1 => "SELECT id, path, executable, NULL, NULL, NULL, NULL, NULL FROM file ORDER BY id",
            _ => "SELECT id, path, executable, digest, digest_of, real, device, inode FROM file ORDER BY id",
        };
        rows(db, sql, |row| {
            let (image, _) = self.file(row.get(0)?)?;
            facts[image].files.push(facts_rows::source(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("file", fault))?;
        let told = if version < 2 { "0" } else { "told" };
        rows(db, &format!("SELECT file, first, last, name, {told} FROM function ORDER BY rowid"), |row| {
            let (image, file) = self.file(row.get(0)?)?;
            facts[image].files[file].functions.push(facts_rows::function(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("function", fault))?;
        let sql = "SELECT image, slug, text, count FROM warning WHERE image IS NOT NULL ORDER BY id";
        rows(db, sql, |row| {
            facts[self.image(row.get(0)?)?].warnings.push(warning(row, 1)?);
            Ok(())
        })
        .map_err(|fault| ("warning", fault))?;
        Ok(facts.into_iter().map(Arc::new).collect())
    }
}
