//! Whether the code of a process is that of its files, read from /proc without any help of cov-trace.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

/// The places where an executable private mapping of a process differs from its file, and how much was compared.
pub struct Comparison {
    /// Mapping, offset in the file, byte in the file, byte in memory.
    pub differences: Vec<String>,
    /// How many bytes were compared.
    pub bytes: usize,
}

/// Compares all executable private mappings of a process with their files.
///
/// # Errors
/// When one of them cannot be read.
pub fn compare(pid: u32) -> Result<Comparison, String> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).map_err(|error| format!("maps of {pid}: {error}"))?;
    let memory = File::open(format!("/proc/{pid}/mem")).map_err(|error| format!("memory of {pid}: {error}"))?;
    let mut comparison = Comparison { differences: Vec::new(), bytes: 0 };
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights), Some(offset)) = (words.next(), words.next(), words.next()) else {
            return Err(format!("maps of {pid}: {line}"));
        };
        if !rights.ends_with("xp") || !line.contains('/') {
            continue;
        }
        let number = |text: &str| u64::from_str_radix(text, 16).map_err(|error| format!("{line}: {error}"));
        let (start, end) = range.split_once('-').ok_or(line)?;
        let (start, end, offset) = (number(start)?, number(end)?, number(offset)?);
        // This way it is the very file that is mapped, also when that was deleted or replaced; it needs root's rights.
        let file = File::open(format!("/proc/{pid}/map_files/{range}"))
            .or_else(|_| File::open(format!("/proc/{pid}/root{}", &line[line.find('/').unwrap_or(0)..])))
            .map_err(|error| format!("{line}: {error}"))?;
        let mut wanted = vec![0; (end - start) as usize];
        let in_file = read(&file, &mut wanted, offset).map_err(|error| format!("file of {line}: {error}"))?;
        // Behind the end of the file its last page holds zeros.
        let mut found = vec![0; wanted.len().min(in_file.next_multiple_of(4096))];
        memory.read_exact_at(&mut found, start).map_err(|error| format!("memory of {line}: {error}"))?;
        comparison.bytes += found.len();
        let differing = (0..).zip(wanted.iter().zip(&found)).filter(|(_, (wanted, found))| wanted != found);
        comparison.differences.extend(differing.map(|(place, (wanted, found)): (u64, _)| {
            format!("{} at {:#x}: {wanted:02x} is {found:02x}", words.clone().last().unwrap_or(""), offset + place)
        }));
    }
    Ok(comparison)
}

/// Reads until the buffer is full or the file ends.
fn read(file: &File, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match file.read_at(&mut buffer[length..], offset + length as u64)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
