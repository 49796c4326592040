//! Data of contexts that never were.

use std::path::Path;

use cov_trace::store::{ContextKind, FileFacts, Hits, Numbits, ProcessRecord, Span, UnixMillis};

use crate::made_up::{begin, image, process};

/// How the contexts of made-up data came about.
#[derive(Clone, Copy, Debug)]
pub enum Opened {
    /// Each by a process of its own.
    ByProcesses,
    /// All by one process, one after the other.
    ByOne,
}

/// The files of processes, all of one image, that ran lines and functions of some sources in so many contexts.
pub fn made_up_contexts(
    folder: &Path,
    contexts: u32,
    opened: Opened,
    files: Vec<FileFacts>,
    ran: impl Fn(u32) -> Vec<(usize, Numbits, Numbits)>,
) -> Result<(), String> {
    let (data, mut writer) = begin(folder)?;
    let image = image(files);
    let label = |number: u32| format!("Suite{}.Case{number:05}", number % 100);
    let hits = |number: u32, context: usize| {
        let hits = move |(file, lines, functions)| Hits { image: 0, file, context, lines, functions };
        ran(number).into_iter().map(hits)
    };
    let span = |at: u32, number| Span {
        at: UnixMillis(i64::from(at)),
        label: label(number),
        opened: Some(ContextKind::Process),
    };
    let mut write = |record: &ProcessRecord| writer.write_to(&data, record).map_err(|error| error.to_string());
    match opened {
        Opened::ByProcesses => (1..=contexts).try_for_each(|number| {
            let mut record = process(number, &image);
            record.contexts.push(label(number));
            record.hits = hits(number, 1).collect();
            record.spans = vec![span(1, number)];
            write(&record)
        }),
        Opened::ByOne => {
            let mut record = process(1, &image);
            for number in 1..=contexts {
                record.contexts.push(label(number));
                record.hits.extend(hits(number, number as usize));
                record.spans.push(span(number, number));
            }
            record.hits.sort_by_key(|hits| (hits.image, hits.file, hits.context));
            write(&record)
        }
    }
}
