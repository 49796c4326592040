//! The third witness: which instructions of an executable were executed, and what lines binutils says they belong to.
//!
//! Invariant: nothing here uses cov-trace's own reading of ELF or DWARF.

use std::collections::BTreeSet;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSegment};

use crate::lines::{Lines, Place, name_in, note};

/// One row of a line table.
pub struct Row {
    /// The address as linked.
    address: u64,
    /// The address of the next row that is not at the same one.
    end: u64,
    /// Whether it begins a statement (`is_stmt`).
    is_statement: bool,
    /// Whether it is the last that does at its address: the others cover no instruction.
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
    /// Lines of which any row was reached, also one without an instruction or that begins no statement, or of which a call
    /// was that was inlined where something was executed.
    pub reached: BTreeSet<Place>,
    /// The numbers of the lines on which functions are declared whose code was executed somewhere.
    pub heads: BTreeSet<u32>,
}

/// The rows of `executable`, as objdump decodes them; places are kept for the files that lie in `sources`.
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
        let Ok(line) = line.parse() else { continue };
        let is_statement = words.any(|word| word == "x");
        if is_statement {
            rows.iter_mut().rev().take_while(|row| row.end == OPEN).for_each(|row| row.last = false);
        }
        let place = file.clone().filter(|_| line > 0).map(|file| Place { file, line });
        rows.push(Row { address, end: OPEN, is_statement, last: is_statement, place });
    }
    Ok(rows)
}

/// The end of a row whose next row is still to be read.
const OPEN: u64 = u64::MAX;

/// What `executed` says of the lines of `rows`, of calls that were inlined, and of the heads of functions that were. With
/// optimization, only the beginning of a row is of its line for sure: what jumps behind it may come from code that is alike.
///
/// # Errors
/// When addr2line or objdump fails.
pub fn lines(
    rows: &[Row],
    executable: &Path,
    sources: &Path,
    executed: &BTreeSet<u64>,
    is_optimized: bool,
) -> Result<Record, String> {
    let Frames { calls, functions } = frames(executable, sources, executed)?;
    let heads = heads(executable, &functions)?;
    let mut record = Record { lines: Lines::new(), sharing: Lines::new(), reached: calls, heads };
    for row in rows {
        let Some(place) = &row.place else { continue };
        let ran = executed.range(row.address..row.end.max(row.address + 1)).next().is_some();
        if ran {
            record.reached.insert(place.clone());
        }
        if row.is_statement {
            let lines = if row.last { &mut record.lines } else { &mut record.sharing };
            note(lines, place.clone(), ran && (!is_optimized || executed.contains(&row.address)));
        }
    }
    record.sharing.retain(|place, _| !record.lines.contains_key(place));
    Ok(record)
}

/// What binutils' addr2line says of executed addresses.
#[derive(Default)]
struct Frames {
    /// The lines of calls that were inlined there.
    calls: BTreeSet<Place>,
    /// The functions whose code was there, as the debug info names them.
    functions: BTreeSet<String>,
}

fn frames(executable: &Path, sources: &Path, executed: &BTreeSet<u64>) -> Result<Frames, String> {
    let refused = |error: std::io::Error| format!("addr2line: {error}");
    let addresses: String = executed.iter().map(|address| format!("{address:#x}\n")).collect();
    let mut asked = tempfile::tempfile().map_err(refused)?;
    asked.write_all(addresses.as_bytes()).and_then(|()| asked.rewind()).map_err(refused)?;
    let output = Command::new("addr2line").args(["-a", "-i", "-f", "-e"]).arg(executable).stdin(asked).output();
    let output = output.map_err(refused)?;
    if !output.status.success() {
        return Err(format!("addr2line: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut frames = Frames::default();
    let mut innermost = true;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut texts = text.lines();
    while let Some(text) = texts.next() {
        // "0x...", then the function and "/sources/lapi.c:12 (discriminator 3)", from the innermost to the outermost.
        if text.starts_with("0x") {
            innermost = true;
            continue;
        }
        if !frames.functions.contains(text) {
            frames.functions.insert(text.to_owned());
        }
        let place = texts.next().and_then(|place| place.rsplit_once(':'));
        if !std::mem::take(&mut innermost)
            && let Some((path, line)) = place
            && let Some(file) = name_in(sources, Path::new(path))
            && let Ok(line) = line.split(' ').next().unwrap_or(line).parse()
        {
            frames.calls.insert(Place { file, line });
        }
    }
    Ok(frames)
}

/// The numbers of the lines on which functions of these names are declared, as objdump reads the debug info.
fn heads(executable: &Path, functions: &BTreeSet<String>) -> Result<BTreeSet<u32>, String> {
    let output = Command::new("objdump").args(["--dwarf=info", "--wide"]).arg(executable).output();
    let output = output.map_err(|error| format!("objdump: {error}"))?;
    let mut heads = BTreeSet::new();
    let (mut is_function, mut is_wanted) = (false, false);
    for text in String::from_utf8_lossy(&output.stdout).lines() {
        if let Some((_, tag)) = text.split_once("(DW_TAG_") {
            (is_function, is_wanted) = (tag.starts_with("subprogram"), false);
        } else if let (true, Some((_, name))) = (is_function, text.split_once("DW_AT_name")) {
            is_wanted = name.rsplit(": ").next().is_some_and(|name| functions.contains(name.trim()));
        } else if let (true, Some((_, line))) = (is_function && is_wanted, text.split_once("DW_AT_decl_line")) {
            // `(data1) 12`, or `0x1390d` from 65,536 on.
            let line = line.rsplit(')').next().unwrap_or(line).trim_matches([' ', ':']);
            heads.extend(match line.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => line.parse().ok(),
            });
        }
    }
    Ok(heads)
}

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
