//! Comparing the text of a running process with the files that it was mapped from, byte by byte.
//!
//! Invariant: only reads; the process need not be stopped.

use crate::{
    Expected, Original, OsError, Pid, TextMapping, Tid, differences, mapped, open_mapped, read_up_to, threads,
};
use nix::errno::Errno;
use std::fs::File;

/// How much is compared at a time.
const CHUNK: u64 = 256 * 1024;

/// What differs between a mapping and its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDifference {
    /// Path of the file as the kernel shows it.
    pub path: String,
    /// Breakpoint instructions that the file does not have.
    pub breakpoints: Offsets,
    /// All other bytes that differ.
    pub others: Offsets,
}

/// Places in a file, by number and first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// How many places there are.
    pub count: u64,
    /// The lowest of them, in bytes from the start of the file.
    pub first: Option<u64>,
}

impl Offsets {
    fn add(&mut self, offset: u64) {
        self.count += 1;
        self.first.get_or_insert(offset);
    }
}

impl TextDifference {
    fn is_none(&self) -> bool {
        self.breakpoints.count == 0 && self.others.count == 0
    }

    /// Compares memory that is mapped from `offset`.
    fn compare(&mut self, memory: &[u8], offset: u64, expected: Expected<'_>) {
        for found in differences(memory, offset, expected) {
            let places = if found.is_breakpoint() { &mut self.breakpoints } else { &mut self.others };
            places.add(offset + found.index as u64);
        }
    }
}

/// Compares every private executable mapping of a file in a process with that file; gives those that differ. Where the
/// file cannot be reached any more, `originals` tell where breakpoints may be left.
pub fn text_differences(pid: Pid, originals: Option<&[Original]>) -> Result<Vec<TextDifference>, OsError> {
    let living = threads::of(pid)?.into_iter().find_map(|tid| Some((tid, mapped(tid).ok()?)));
    let Some((tid, mapped)) = living else {
        return Err(OsError::new("read the mappings of", format_args!("process {pid}"), Errno::ESRCH));
    };
    let path = format!("/proc/{tid}/mem");
    let memory = File::open(&path).map_err(|e| OsError::io("open", &path, &e))?;
    let mut found = Vec::new();
    for mapping in &mapped.text {
        match difference(tid, &memory, mapping, originals) {
            Ok(difference) => found.extend(Some(difference).filter(|difference| !difference.is_none())),
            // It may have been unmapped while we looked; what is not there needs no comparing.
            Err(_) if !is_still_there(tid, mapping) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn is_still_there(tid: Tid, mapping: &TextMapping) -> bool {
    mapped(tid).is_ok_and(|mapped| mapped.text.contains(mapping))
}

fn difference(
    tid: Tid,
    memory: &File,
    mapping: &TextMapping,
    originals: Option<&[Original]>,
) -> Result<TextDifference, OsError> {
    let file = match (open_mapped(tid, mapping), originals) {
        (Ok(file), _) => file,
        (Err(_), Some(originals)) => return breakpoints_left(memory, mapping, originals),
        (Err(error), None) => return Err(error),
    };
    let mut difference = TextDifference { path: mapping.path.clone(), ..TextDifference::default() };
    let (mut here, mut there) = (vec![0; CHUNK as usize], vec![0; CHUNK as usize]);
    let mut done = 0;
    while mapping.start.0 + done < mapping.end.0 {
        let want = CHUNK.min(mapping.end.0 - mapping.start.0 - done) as usize;
        let offset = mapping.offset + done;
        let in_file = read(&file, &mut there[..want], offset, &mapping.path)?;
        if in_file == 0 {
            // Behind the file's end there is nothing to compare with.
            break;
        }
        let address = mapping.start.0 + done;
        let in_memory = read(memory, &mut here[..in_file], address, &format!("memory of tid {tid} at {address:#x}"))?;
        if in_memory == 0 {
            // The process has ended or runs another program by now.
            return Err(OsError::new("read the memory of", format_args!("tid {tid}"), Errno::ESRCH));
        }
        difference.compare(&here[..in_memory], offset, Expected::File(&there[..in_memory]));
        done += in_memory as u64;
    }
    Ok(difference)
}

/// What of a mapping still holds a breakpoint where another byte belongs.
fn breakpoints_left(memory: &File, mapping: &TextMapping, originals: &[Original]) -> Result<TextDifference, OsError> {
    let mut difference = TextDifference { path: mapping.path.clone(), ..TextDifference::default() };
    let originals: Vec<&Original> = originals.iter().filter(|original| original.is_of(mapping)).collect();
    let mut bytes = vec![0; (mapping.end.0 - mapping.start.0) as usize];
    let count = read(memory, &mut bytes, mapping.start.0, &format!("memory at {}", mapping.start))?;
    difference.compare(&bytes[..count], mapping.offset, Expected::Replaced(&originals));
    Ok(difference)
}

fn read(from: &File, buffer: &mut [u8], at: u64, subject: &str) -> Result<usize, OsError> {
    read_up_to(from, buffer, at).map_err(|error| OsError::io("read", subject, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::BREAKPOINT;
    use crate::{Avma, Memory};
    use std::process::{Command, Stdio};

    #[test]
    fn breakpoints_and_other_bytes_are_counted_apart() {
        let mut difference = TextDifference::default();
        difference.compare(&[1, 2, 3], 0, Expected::File(&[1, 2, 3]));
        assert!(difference.is_none());
        difference.compare(&[1, BREAKPOINT, 9, BREAKPOINT, 0], 0x100, Expected::File(&[1, 2, 3, BREAKPOINT, 7]));
        assert_eq!(difference.breakpoints, Offsets { count: 1, first: Some(0x101) });
        assert_eq!(difference.others, Offsets { count: 2, first: Some(0x102) });
    }

    #[test]
    fn finds_what_was_written_into_a_running_process() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat");
        let pid = Pid(child.id() as i32);
        let cat = |tid: Tid| {
            let mapped = mapped(tid).ok()?;
            mapped.text.into_iter().find(|mapping| mapping.path.ends_with("/cat") || mapping.path.contains("coreutils"))
        };
        let text = loop {
            if let Some(text) = cat(pid.leader()) {
                break text;
            }
        };
        assert_eq!(text_differences(pid, None).expect("compares"), []);
        let at = Avma(text.end.0 - 0x1000);
        let memory = Memory::open(pid.leader()).expect("open");
        let mut byte = [0];
        memory.read(at, &mut byte).expect("read");
        memory.write(at, &[BREAKPOINT]).expect("write");
        let found = text_differences(pid, None).expect("compares");
        let offset = text.offset + (at.0 - text.start.0);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].breakpoints, found[0].others),
            (Offsets { count: 1, first: Some(offset) }, Offsets::default())
        );
        memory.write(at, &byte).expect("write");
        assert_eq!(text_differences(pid, None).expect("compares"), []);
        drop(child.stdin.take());
        child.wait().expect("wait");
    }
}
