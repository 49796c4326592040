//! Reads a small data file of this version without SQLite.
//!
//! Invariant: what is read is what SQLite would read; where there is any doubt, nothing is, and SQLite has to say what is
//! wrong.

use super::btree::{Database, RowValue};
use super::gathered::{GatheredProcesses, Labels, opened};
use super::keys::ContentKey;
use super::packed::CountedImage;
use super::schema::{self, VERSION};
use super::{End, EndReason, Exec, Flush, Parent, ProcessHead, UnixMillis, Warning};

/// Files that are longer are left to SQLite.
pub(super) const MOST: u64 = 16 << 20;

/// How much of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// The labels of runs.
    Labels,
    /// Which processes had which images.
    Images,
    /// Everything.
    All,
}

/// The statements that made a file which can be read here.
#[derive(Clone, Debug)]
pub(super) struct Statements(Vec<(Extra, Vec<String>)>);

/// Which tables a file has that others have not.
#[derive(Clone, Copy, Debug)]
struct Extra {
    spans: bool,
    files: bool,
    labels: bool,
}

impl Default for Statements {
    fn default() -> Self {
        let all = (0..8).map(|bits| {
            let extra = Extra { spans: bits & 1 != 0, files: bits & 2 != 0, labels: bits & 4 != 0 };
            let mut texts = vec![schema::SQL, schema::PACKED];
            texts.extend(extra.spans.then_some(schema::SPANS));
            texts.extend(extra.files.then_some(schema::FILES));
            texts.extend(extra.labels.then_some(schema::LABELS));
            (extra, texts.into_iter().flat_map(schema::statements).collect())
        });
        Statements(all.collect())
    }
}

/// Reads the processes of a data file; `image` gives what is known of an image.
pub(super) fn read(
    bytes: &[u8],
    statements: &Statements,
    depth: Depth,
    image: impl Fn(ContentKey) -> Option<CountedImage>,
) -> Option<GatheredProcesses> {
    let db = Database::new(bytes)?;
    let (extra, roots) = statements.0.iter().find_map(|(extra, made_by)| Some((extra, db.roots(made_by)?)))?;
    let [meta, process, exec, process_image, context, flush, warning, hits, ref others @ ..] = roots[..] else {
        return None;
    };
    let mut is_ours = false;
    db.rows(meta, &mut |_, row| {
        is_ours |= *row == [RowValue::Text("schema_version"), RowValue::Integer(VERSION)];
        Some(())
    })?;
    if !is_ours {
        return None;
    }
    let mut processes = GatheredProcesses::default();
    let span = others.first().filter(|_| extra.spans);
    let opened_files = others.get(usize::from(extra.spans)).filter(|_| extra.files);
    if let Some(root) = others.last().filter(|_| extra.labels) {
        db.rows(*root, &mut |_, row| {
            let [run, key, value] = row else { return None };
            processes.labels.add(text(run)?, text(key)?, text(value)?).ok()
        })?;
    }
    if depth == Depth::Labels {
        return Some(processes);
    }
    let mut heads = Vec::new();
    db.rows(process, &mut |key, row| {
        heads.push((head(row)?, ContentKey::from_number(key)?, flag(row.get(4)?)?));
        Some(())
    })?;
    if heads.is_empty() && processes.labels.is_empty() {
        return None;
    }
    heads.sort_by(|(one, ..), (other, ..)| {
        (&one.run, one.sequence, one.pid).cmp(&(&other.run, other.sequence, other.pid))
    });
    heads.into_iter().try_for_each(|(head, key, complete)| processes.begin(key, head, complete).ok())?;
    db.rows(process_image, &mut |_, row| {
        let [process, key] = row else { return None };
        let key = self::key(key)?;
        processes.add_image(processes.place(self::key(process)?).ok()?, key, image(key)?);
        Some(())
    })?;
    if depth == Depth::Images && span.is_none() {
        return Some(processes);
    }
    db.rows(exec, &mut |_, row| {
        let [process, _, at, exe, argv, cwd] = row else { return None };
        let argv = serde_json::from_str(text(argv)?).ok()?;
        let exec = Exec { at: time(at)?, exe: text(exe)?.to_owned(), argv, cwd: text(cwd)?.to_owned() };
        processes.record(key(process)?)?.execs.push(exec);
        Some(())
    })?;
    let labels = labels_of(&db, context)?;
    if let Some(root) = span {
        db.rows(*root, &mut |_, row| {
            let [process, _, at, context, number] = row else { return None };
            processes.add_span(&labels, key(process)?, key(context)?, time(at)?, opened(int(number)?)).ok()
        })?;
    }
    if depth == Depth::Images {
        return Some(processes);
    }
    db.rows(flush, &mut |_, row| {
        let [process, _, at, new_lines, new_in_run] = row else { return None };
        let flush = Flush { at: time(at)?, new_lines: int(new_lines)?, new_in_run: int(new_in_run)? };
        processes.record(key(process)?)?.flushes.push(flush);
        Some(())
    })?;
    db.rows(warning, &mut |_, row| {
        let [process, _, slug, said, count] = row else { return None };
        let warning = Warning { slug: text(slug)?.to_owned(), text: text(said)?.to_owned(), count: int(count)? };
        processes.record(key(process)?)?.warnings.push(warning);
        Some(())
    })?;
    if let Some(root) = opened_files {
        db.rows(*root, &mut |_, row| {
            let [process, context, path, used, digest] = row else { return None };
            let keys = [key(process)?, key(context)?];
            processes.add_file(&labels, keys, text(path)?.to_owned(), int(used)?, or_null(digest)?).ok()
        })?;
        processes.sort_files();
    }
    let mut ran = processes.nothing_ran();
    db.rows(hits, &mut |_, row| {
        let [process, image, context, RowValue::Blob(lines), RowValue::Blob(functions)] = row else { return None };
        let keys = [key(process)?, key(image)?, key(context)?];
        processes.add_packed(&mut ran, &labels, keys, [lines, functions]).ok()
    })?;
    processes.take_bits(ran, &labels);
    Some(processes)
}

/// The labels of contexts.
fn labels_of(db: &Database<'_>, context: u32) -> Option<Labels> {
    let mut labels = Vec::new();
    db.rows(context, &mut |key, row| {
        let [_, label] = row else { return None };
        labels.push((text(label)?.to_owned(), ContentKey::from_number(key)?));
        Some(())
    })?;
    Labels::of(labels).ok()
}

/// A row of the table process; its first column is the key, which is the row's number.
fn head(row: &[RowValue<'_>]) -> Option<ProcessHead> {
    let [
        _,
        pid,
        run,
        sequence,
        _,
        start_ticks,
        started,
        attached,
        parent,
        parent_start,
        ended,
        reason,
        status,
        signal,
        core,
        scope,
    ] = row
    else {
        return None;
    };
    let end = match (ended, reason) {
        (RowValue::Null, _) => None,
        (ended, RowValue::Text(reason)) => {
            let reason = match *reason {
                "exited" => EndReason::Exited(int(status)?),
                "signaled" => EndReason::Signaled { signal: int(signal)?, core: flag(core)? },
                "detached" => EndReason::Detached,
                _ => return None,
            };
            Some(End { at: time(ended)?, reason })
        }
        _ => return None,
    };
    let parent: Option<i32> = or_null(parent)?;
    let start_of_parent = or_null(parent_start)?;
    Some(ProcessHead {
        run: text(run)?.to_owned(),
        sequence: int(sequence)?,
        pid: int(pid)?,
        start_ticks: int(start_ticks)?,
        started: time(started)?,
        attached: or_null(attached)?.map(UnixMillis),
        parent: parent.map(|pid| Parent { pid, start_ticks: start_of_parent }),
        end,
        scope: if *scope == RowValue::Null { None } else { Some(text(scope)?.to_owned()) },
    })
}

fn int<T: TryFrom<i64>>(value: &RowValue<'_>) -> Option<T> {
    if let RowValue::Integer(value) = value { T::try_from(*value).ok() } else { None }
}

fn or_null<T: TryFrom<i64>>(value: &RowValue<'_>) -> Option<Option<T>> {
    if *value == RowValue::Null { Some(None) } else { int(value).map(Some) }
}

fn text<'v>(value: &RowValue<'v>) -> Option<&'v str> {
    if let RowValue::Text(text) = value { Some(text) } else { None }
}

fn time(value: &RowValue<'_>) -> Option<UnixMillis> {
    int(value).map(UnixMillis)
}

fn key(value: &RowValue<'_>) -> Option<ContentKey> {
    ContentKey::from_number(int(value)?)
}

fn flag(value: &RowValue<'_>) -> Option<bool> {
    match value {
        RowValue::Integer(0) => Some(false),
        RowValue::Integer(1) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DataDir, ProcessFile, ProcessRecord, Reader, RunLabels, Writer, sample};
    use std::fs;
    use std::path::PathBuf;

    /// A file with long values, several processes, trees of several levels and labels.
    fn large(data: &DataDir) -> PathBuf {
        let mut records: Vec<ProcessRecord> = (0..40).map(|seed| sample::packable(sample::varied(seed))).collect();
        records[7].execs.push(Exec { argv: vec!["long".repeat(900); 3], ..sample::record().execs.remove(0) });
        let file = ProcessFile::of_several(sample::record().head.run, 1);
        records.push(sample::packable(sample::record()));
        let mut labels = RunLabels::default();
        for number in 0..90 {
            labels.add(&file.run, &format!("key{number}"), &"value".repeat(number)).unwrap();
        }
        Writer::new().unwrap().write_labelled(data, &file, &records.iter().collect::<Vec<_>>(), &labels).unwrap();
        data.path_of(&file)
    }

    #[test]
    fn what_is_read_without_sqlite_is_what_sqlite_reads() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        let path = large(&data);
        let reader = Reader::default();
        let by_sqlite = reader.read_by_sqlite(&path).unwrap();
        assert_eq!(by_sqlite.records.len(), 41);
        assert_eq!(by_sqlite.labels.get(&sample::record().head.run).map(|labels| labels.len()), Some(90));
        assert_eq!(reader.read_quickly(&path), Some(by_sqlite));
        // Files that hold the facts of their images are left to SQLite.
        Writer::new().unwrap().write(&path, &sample::record()).unwrap();
        assert_eq!(reader.read_quickly(&path), None);
        assert!(reader.read_all(&path).is_ok());
    }

    #[test]
    fn damage_is_read_as_sqlite_reads_it_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::create(folder.path()).unwrap();
        let reader = Reader::default();
        let path = large(&data);
        let whole = fs::read(&path).unwrap();
        let mut state = 88_172_645_463_325_252u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state % below as u64) as usize
        };
        let mut read = 0;
        for _ in 0..400 {
            let mut damaged = whole.clone();
            let at = random(whole.len());
            damaged[at] = random(256) as u8;
            if random(8) == 0 {
                damaged.truncate(random(whole.len()));
            }
            fs::write(&path, &damaged).unwrap();
            let Some(contents) = reader.read_quickly(&path) else { continue };
            read += 1;
            if let Ok(by_sqlite) = reader.read_by_sqlite(&path) {
                assert_eq!(contents, by_sqlite, "byte {at}");
            }
        }
        assert!(read > 0);
    }
}
