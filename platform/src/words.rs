//! A stopped tracee's memory through ptrace, which reads and writes it by words: any address, any length.
//!
//! Invariant: only words that hold an asked byte are read, so nothing behind the end of a mapping is; of a word that is
//! written in part the other bytes are read right before.

use crate::{Avma, OsError, Tid, Tracer};
use std::ops::Range;

/// Length of a word in bytes.
const WORD: usize = 8;

/// The bytes of a word that belong to a piece of memory: where they are in the word, and which of the piece they are.
struct Part {
    word: Avma,
    in_word: Range<usize>,
    in_piece: Range<usize>,
}

/// The words that hold the `len` bytes from `at` on, in order of address.
fn parts(at: Avma, len: usize) -> impl Iterator<Item = Part> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let here = at.0.wrapping_add(done as u64);
        let first = here as usize % WORD;
        let count = (WORD - first).min(len - done);
        let part =
            Part { word: Avma(here - first as u64), in_word: first..first + count, in_piece: done..done + count };
        done += count;
        (count > 0).then_some(part)
    })
}

impl Tracer {
    fn peek_word(&self, tid: Tid, at: Avma) -> Result<[u8; WORD], OsError> {
        self.peek("read memory of", libc::PTRACE_PEEKDATA, tid, at.0 as usize).map(u64::to_ne_bytes)
    }

    fn poke_word(&self, tid: Tid, at: Avma, word: [u8; WORD]) -> Result<(), OsError> {
        let word = u64::from_ne_bytes(word);
        self.request("write memory of", libc::PTRACE_POKEDATA, tid, at.0 as usize, word as usize).map(drop)
    }

    /// Fills `buffer` from `at`, where /proc/PID/mem may not be used; EIO where that is not mapped (PTRACE_PEEKDATA).
    pub fn read(&self, tid: Tid, at: Avma, buffer: &mut [u8]) -> Result<(), OsError> {
        for part in parts(at, buffer.len()) {
            let word = self.peek_word(tid, part.word)?;
            buffer[part.in_piece].copy_from_slice(&word[part.in_word]);
        }
        Ok(())
    }

    /// Writes `bytes` at `at`, where /proc/PID/mem may not be used; EIO where that is not mapped (PTRACE_POKEDATA). At an
    /// error what lies before it may have been written.
    pub fn write(&self, tid: Tid, at: Avma, bytes: &[u8]) -> Result<(), OsError> {
        for part in parts(at, bytes.len()) {
            let mut word = [0; WORD];
            if part.in_word.len() < WORD {
                word = self.peek_word(tid, part.word)?;
            }
            word[part.in_word].copy_from_slice(&bytes[part.in_piece]);
            self.poke_word(tid, part.word, word)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Memory, OnTracerDeath, PAGE, Pid, Wait, mapped};
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};

    fn words(at: u64, len: usize) -> Vec<(u64, Range<usize>, Range<usize>)> {
        parts(Avma(at), len).map(|part| (part.word.0, part.in_word, part.in_piece)).collect()
    }

    #[test]
    fn bytes_are_found_in_aligned_words() {
        assert_eq!(words(0x10, 0), []);
        assert_eq!(words(0x10, 8), [(0x10, 0..8, 0..8)]);
        assert_eq!(words(0x13, 1), [(0x10, 3..4, 0..1)]);
        assert_eq!(words(0x17, 10), [(0x10, 7..8, 0..1), (0x18, 0..8, 1..9), (0x20, 0..1, 9..10)]);
        assert_eq!(words(u64::MAX, 1), [(u64::MAX - 7, 7..8, 0..1)]);
    }

    #[test]
    fn any_bytes_of_a_stopped_tracee_are_read_and_written() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat");
        // Once it answers its exec is over.
        child.stdin.as_mut().expect("piped").write_all(b"x").expect("write");
        child.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("read");
        let tid = Pid(child.id() as i32).leader();
        let tracer = Tracer::for_this_thread(OnTracerDeath::Kill);
        tracer.seize(tid).expect("seize");
        tracer.interrupt(tid).expect("interrupt");
        assert_eq!(tracer.wait_for(tid).expect("wait"), Wait::Event { tid, event: Event::Stop });
        let memory = Memory::open(tid).expect("open");
        let text = mapped(tid).expect("maps").text.remove(0);
        let bytes_at = |at: u64, len: usize| {
            let mut bytes = vec![0; len];
            memory.read(Avma(at), &mut bytes).expect("read");
            bytes
        };
        // To the very end of the mapping, and over the border of two pages.
        for (at, len) in [(text.end.0 - 13, 13), (text.start.0 + PAGE - 3, 6), (text.start.0 + 5, 1)] {
            let before = bytes_at(at - 8, len + 8);
            let mut read = vec![0; len];
            tracer.read(tid, Avma(at), &mut read).expect("peek");
            assert_eq!(read, before[8..]);
            let new: Vec<u8> = read.iter().map(|byte| !byte).collect();
            tracer.write(tid, Avma(at), &new).expect("poke");
            assert_eq!(bytes_at(at - 8, len + 8), [&before[..8], &new].concat());
            tracer.write(tid, Avma(at), &read).expect("poke");
            assert_eq!(bytes_at(at - 8, len + 8), before);
        }
        assert!(tracer.read(tid, Avma(0), &mut [0]).is_err() && tracer.write(tid, Avma(0), &[0]).is_err());
        tracer.detach(tid, None).expect("detach");
        drop(child.stdin.take());
        assert!(child.wait().expect("wait").success());
    }
}
