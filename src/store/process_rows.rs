//! Rows about a process that have the same columns in every version of the schema.

use super::rows::Fault;
use super::{End, EndReason, Exec, Flush, Parent, ProcessHead, UnixMillis};
use rusqlite::Row;

/// A process, from a column on: pid, run, sequence, start_ticks and so on, in the order of the schema, and scope.
pub(super) fn process(row: &Row<'_>, from: usize) -> Result<ProcessHead, Fault> {
    let parent: Option<i32> = row.get(from + 6)?;
    let parent_start: Option<u64> = row.get(from + 7)?;
    Ok(ProcessHead {
        pid: row.get(from)?,
        run: row.get(from + 1)?,
        sequence: row.get(from + 2)?,
        start_ticks: row.get(from + 3)?,
        started: UnixMillis(row.get(from + 4)?),
        attached: row.get::<_, Option<i64>>(from + 5)?.map(UnixMillis),
        parent: parent.map(|pid| Parent { pid, start_ticks: parent_start }),
        end: end(row, from + 8)?,
        scope: row.get(from + 13)?,
    })
}

fn end(row: &Row<'_>, from: usize) -> Result<Option<End>, Fault> {
    let Some(at) = row.get(from)? else {
        return Ok(None);
    };
    let reason: String = row.get(from + 1)?;
    let reason = match reason.as_str() {
        "exited" => EndReason::Exited(row.get(from + 2)?),
        "signaled" => EndReason::Signaled { signal: row.get(from + 3)?, core: row.get(from + 4)? },
        "detached" => EndReason::Detached,
        other => return Err(Fault::Value(format!("unknown end_reason {other:?}"))),
    };
    Ok(Some(End { at: UnixMillis(at), reason }))
}

/// A program image that was run, from a column on: at, exe, argv, cwd.
pub(super) fn exec(row: &Row<'_>, from: usize) -> Result<Exec, Fault> {
    let argv: String = row.get(from + 2)?;
    Ok(Exec {
        at: UnixMillis(row.get(from)?),
        exe: row.get(from + 1)?,
        argv: serde_json::from_str(&argv).map_err(|error| Fault::Value(format!("argv: {error}")))?,
        cwd: row.get(from + 3)?,
    })
}

/// A flush, from a column on: at, new_lines, new_in_run.
pub(super) fn flush(row: &Row<'_>, from: usize) -> Result<Flush, Fault> {
    Ok(Flush { at: UnixMillis(row.get(from)?), new_lines: row.get(from + 1)?, new_in_run: row.get(from + 2)? })
}
