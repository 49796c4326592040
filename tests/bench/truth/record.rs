//! The third witness: which instructions of an executable were executed, and what lines binutils says they belong to.
//!
//! Invariant: nothing here uses cov-trace's own reading of ELF or DWARF.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSection, ObjectSegment, SectionKind};

use crate::lines::{Lines, Place, name_in, note};

/// One `is_stmt` row of a line table.
pub struct Row {
    /// The address as linked.
    address: u64,
    /// The address of the next row that is not at the same one.
    end: u64,
    /// Whether it is the last at its address: the others cover no instruction.
    last: bool,
    /// The line, if it is one of the sources.
    place: Option<Place>,
}

/// What the executed instructions say of the lines.
pub struct Record {
    /// Lines that own an instruction.
    pub lines: Lines,
    /// Lines that start only where an instruction of another line does: a debugger would not stop for them.
    pub sharing: Lines,
}

/// The `is_stmt` rows of `executable`, as objdump decodes them; places are kept for the files that lie in `sources`.
///
/// # Errors
/// When objdump fails.
pub fn rows(executable: &Path, sources: &Path) -> Result<Vec<Row>, String> {
    let output = Command::new("objdump").args(["--dwarf=decodedline", "--wide"]).arg(executable).output();
    let output = output.map_err(|error| format!("objdump: {error}"))?;
    if !output.status.success() {
        return Err(format!("objdump: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut file: Option<String> = None;
    for text in String::from_utf8_lossy(&output.stdout).lines() {
        // "CU: /sources/lapi.c:" or "/sources/lapi.c:": the file of the rows that follow.
        if let Some(path) =
            text.strip_prefix("CU: ").unwrap_or(text).strip_suffix(':').filter(|path| path.contains('/'))
        {
            file = name_in(sources, Path::new(path));
            continue;
        }
        let mut words = text.split_whitespace().skip(1);
        let (Some(line), Some(address)) = (words.next(), words.next()) else {
            continue;
        };
        let Ok(address) = u64::from_str_radix(address.trim_start_matches("0x"), 16) else {
            continue;
        };
        for row in rows.iter_mut().rev().take_while(|row| row.end == OPEN && row.address != address) {
            row.end = address;
        }
        // An end of sequence has "-" for its line.
        let (Ok(line), true) = (line.parse(), words.any(|word| word == "x")) else {
            continue;
        };
        for row in rows.iter_mut().rev().take_while(|row| row.end == OPEN) {
            row.last = false;
        }
        let place = file.clone().filter(|_| line > 0).map(|file| Place { file, line });
        rows.push(Row { address, end: OPEN, last: true, place });
    }
    Ok(rows)
}

/// The end of a row whose next row is still to be read.
const OPEN: u64 = u64::MAX;

/// The lines of `rows`, run where the first instruction of a row that does something is among `executed`.
///
/// A `nop` carries the line of the brace that ends a function; returns jump behind it, into the same row.
///
/// # Errors
/// When the executable is not ELF.
pub fn lines(rows: &[Row], executable: &[u8], executed: &BTreeSet<u64>) -> Result<Record, String> {
    let file = object::File::parse(executable).map_err(|error| error.to_string())?;
    let sections: Vec<_> = file.sections().filter(|section| section.kind() == SectionKind::Text).collect();
    let byte = |address| {
        let bytes = sections.iter().find_map(|section| section.data_range(address, 1).ok().flatten());
        bytes.and_then(|bytes| bytes.first().copied())
    };
    let mut record = Record { lines: Lines::new(), sharing: Lines::new() };
    for row in rows {
        let Some(place) = &row.place else { continue };
        let first = (row.address..row.end).find(|&address| byte(address) != Some(NOP)).unwrap_or(row.address);
        let ran = executed.contains(&first) || executed.contains(&row.address);
        let lines = if row.last { &mut record.lines } else { &mut record.sharing };
        note(lines, place.clone(), ran);
    }
    record.sharing.retain(|place, _| !record.lines.contains_key(place));
    Ok(record)
}

/// The one-byte `nop` of x86.
const NOP: u8 = 0x90;

/// Adds the executed addresses of `executable` that callgrind wrote with `--dump-instr=yes --compress-pos=no --compress-strings=no`.
pub fn add_callgrind(text: &str, executable: &Path, executed: &mut BTreeSet<u64>) {
    let executable = executable.to_string_lossy();
    let mut inside = false;
    for line in text.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            inside = object == executable;
        } else if let (true, Some(rest)) = (inside, line.strip_prefix("0x")) {
            let address = rest.split(' ').next().unwrap_or(rest);
            executed.extend(u64::from_str_radix(address, 16).ok());
        }
    }
}

/// The executed addresses of `executable` that `step.c` wrote: offsets into the file, turned into addresses as linked.
///
/// # Errors
/// When the executable is not ELF.
pub fn from_steps(text: &str, executable: &[u8]) -> Result<BTreeSet<u64>, String> {
    let file = object::File::parse(executable).map_err(|error| error.to_string())?;
    let segments: Vec<_> = file.segments().map(|segment| (segment.file_range(), segment.address())).collect();
    let address = |offset: u64| {
        let inside = |&&((start, size), _): &&((u64, u64), u64)| (start..start + size).contains(&offset);
        segments.iter().find(inside).map(|&((start, _), address)| offset - start + address)
    };
    Ok(text.lines().filter_map(|line| u64::from_str_radix(line, 16).ok()).filter_map(address).collect())
}
