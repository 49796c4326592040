//! Data of processes that never were.

use std::path::Path;
use std::sync::Arc;

use cov_trace::store::{
    DataDir, End, EndReason, Exec, FileFacts, Hits, ImageFacts, Numbits, ProcessHead, ProcessRecord, UnixMillis, Writer,
};

/// The files of so many processes, all of one image, each of which ran some lines of each source.
pub(crate) fn made_up(
    folder: &Path,
    processes: u32,
    files: Vec<FileFacts>,
    ran: impl Fn(u32, usize) -> Numbits,
) -> Result<(), String> {
    let (data, mut writer) = begin(folder)?;
    let image = image(files);
    for pid in 1..=processes {
        let mut record = process(pid, &image);
        let hits = |file| Hits { image: 0, file, context: 0, lines: ran(pid, file), functions: Numbits::default() };
        record.hits = (0..image.files.len()).map(hits).filter(|hits| !hits.lines.is_empty()).collect();
        writer.write_to(&data, &record).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A data directory and what writes into it.
pub(crate) fn begin(folder: &Path) -> Result<(DataDir, Writer), String> {
    let data = DataDir::create(folder).map_err(|error| error.to_string())?;
    Ok((data, Writer::new().map_err(|error| error.to_string())?))
}

/// The one image.
pub(crate) fn image(files: Vec<FileFacts>) -> Arc<ImageFacts> {
    let (path, build_id) = ("/bin/prog".to_owned(), Some("00ff".to_owned()));
    Arc::new(ImageFacts { path, build_id, files, warnings: Vec::new() })
}

/// A process that ran nothing.
pub(crate) fn process(pid: u32, image: &Arc<ImageFacts>) -> ProcessRecord {
    ProcessRecord {
        files: None,
        complete: true,
        head: ProcessHead {
            scope: None,
            run: "20260101T000000.000Z-1".to_owned(),
            sequence: pid,
            pid: pid as i32,
            start_ticks: u64::from(pid),
            started: UnixMillis(1),
            attached: None,
            parent: None,
            end: Some(End { at: UnixMillis(2), reason: EndReason::Exited(0) }),
        },
        execs: vec![Exec { at: UnixMillis(1), exe: "/bin/prog".into(), argv: vec!["prog".into()], cwd: "/".into() }],
        images: vec![image.clone()],
        contexts: vec![String::new()],
        hits: Vec::new(),
        spans: Vec::new(),
        flushes: Vec::new(),
        warnings: Vec::new(),
    }
}
