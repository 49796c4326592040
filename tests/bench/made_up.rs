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
    let data = DataDir::create(folder).map_err(|error| error.to_string())?;
    let mut writer = Writer::new().map_err(|error| error.to_string())?;
    let count = files.len();
    let (path, build_id) = ("/bin/prog".to_owned(), Some("00ff".to_owned()));
    let image = Arc::new(ImageFacts { path, build_id, files, warnings: Vec::new() });
    for pid in 1..=processes {
        let hits = |file| Hits { image: 0, file, context: 0, lines: ran(pid, file), functions: Numbits::default() };
        let record = ProcessRecord {
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
            execs: vec![Exec {
                at: UnixMillis(1),
                exe: "/bin/prog".into(),
                argv: vec!["prog".into()],
                cwd: "/".into(),
            }],
            images: vec![image.clone()],
            contexts: vec![String::new()],
            hits: (0..count).map(hits).filter(|hits| !hits.lines.is_empty()).collect(),
            spans: Vec::new(),
            flushes: Vec::new(),
            warnings: Vec::new(),
        };
        writer.write_to(&data, &record).map_err(|error| error.to_string())?;
    }
    Ok(())
}
