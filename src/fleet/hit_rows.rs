//! The rows of lines that ran, sorted by run, source and line: in memory as far as they fit, then on disk.
//!
//! Sources are compared by their ranks. A new source changes the ranks of others, but not their order, so that rows that
//! were sorted by former ranks still are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// How many rows are sorted in memory.
const ROWS: usize = 1 << 19;

/// How many bytes are read at once of all parts together.
const BUFFERED: usize = 32 << 20;

/// Lines that a process ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HitRow {
    pub run: u32,
    pub source: u32,
    pub first: u32,
    pub last: u32,
    pub context: u32,
    pub pid: i32,
    pub image: i64,
    pub process: i64,
}

/// What rows are sorted by.
type Order = (u32, u32, u32, u32, u32, i64, i64);

impl HitRow {
    /// Bytes on disk.
    const SIZE: usize = 40;

    fn order(&self, ranks: &[u32]) -> Order {
        (self.run, ranks[self.source as usize], self.first, self.last, self.context, self.image, self.process)
    }

    fn to_bytes(self) -> [u8; HitRow::SIZE] {
        let mut bytes = [0; HitRow::SIZE];
        let HitRow { run, source, first, last, context, pid, image, process } = self;
        let small = [run, source, first, last, context, pid.cast_unsigned()];
        for (place, number) in bytes.chunks_exact_mut(4).zip(small) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        for (place, number) in bytes[24..].chunks_exact_mut(8).zip([image, process]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> HitRow {
        let small =
            |at: usize| u32::from_le_bytes(*bytes[4 * at..].first_chunk().expect("invariant: a row has all its bytes"));
        let large =
            |at: usize| i64::from_le_bytes(*bytes[at..].first_chunk().expect("invariant: a row has all its bytes"));
        HitRow {
            run: small(0),
            source: small(1),
            first: small(2),
            last: small(3),
            context: small(4),
            pid: small(5).cast_signed(),
            image: large(24),
            process: large(32),
        }
    }
}

/// Rows that come in any order.
#[derive(Debug)]
pub(super) struct HitRows {
    rows: Vec<HitRow>,
    /// Rows of each part that is on disk.
    parts: Vec<usize>,
    scratch: File,
    written: u64,
    most: usize,
}

impl HitRows {
    /// Takes a file for what does not fit into memory.
    pub fn new(scratch: File) -> HitRows {
        HitRows { rows: Vec::new(), parts: Vec::new(), scratch, written: 0, most: ROWS }
    }

    /// Adds a row; `ranks` gives those of all sources so far.
    pub fn add(&mut self, row: HitRow, ranks: impl FnOnce() -> Vec<u32>) -> io::Result<()> {
        self.rows.push(row);
        if self.rows.len() < self.most { Ok(()) } else { self.write_part(&ranks()) }
    }

    /// The rows in order, each once.
    pub fn sorted(mut self, ranks: &[u32]) -> io::Result<SortedHits> {
        if !self.parts.is_empty() {
            self.write_part(ranks)?;
        }
        self.rows.sort_unstable_by_key(|row| row.order(ranks));
        let buffered = (BUFFERED / self.parts.len().max(1) / HitRow::SIZE).max(64);
        let mut sorted = SortedHits {
            in_memory: self.rows.into_iter(),
            scratch: self.scratch,
            parts: Vec::new(),
            buffered,
            next: BinaryHeap::new(),
            ranks: ranks.to_vec(),
            former: None,
        };
        let mut at = 0;
        for rows in self.parts {
            sorted.parts.push(Part { at, rows, buffer: Vec::new() });
            at += (rows * HitRow::SIZE) as u64;
            sorted.refill(sorted.parts.len() - 1)?;
        }
        Ok(sorted)
    }

    fn write_part(&mut self, ranks: &[u32]) -> io::Result<()> {
        self.rows.sort_unstable_by_key(|row| row.order(ranks));
        for rows in self.rows.chunks(4096) {
            let bytes: Vec<u8> = rows.iter().flat_map(|row| row.to_bytes()).collect();
            self.scratch.write_all_at(&bytes, self.written)?;
            self.written += bytes.len() as u64;
        }
        self.parts.push(self.rows.len());
        self.rows.clear();
        Ok(())
    }
}

/// Rows in order, each once.
#[derive(Debug)]
pub(super) struct SortedHits {
    in_memory: std::vec::IntoIter<HitRow>,
    scratch: File,
    parts: Vec<Part>,
    /// How many rows of a part are read at once.
    buffered: usize,
    /// The next row of each part.
    next: BinaryHeap<Reverse<(Order, usize, u32, i32)>>,
    ranks: Vec<u32>,
    former: Option<HitRow>,
}

/// Sorted rows on disk that were not read yet.
#[derive(Debug)]
struct Part {
    at: u64,
    rows: usize,
    /// Rows that were read, the next one last.
    buffer: Vec<HitRow>,
}

impl SortedHits {
    /// Brings the next row of a part among those that may be next.
    fn refill(&mut self, number: usize) -> io::Result<()> {
        let part = &mut self.parts[number];
        if part.buffer.is_empty() && part.rows > 0 {
            let rows = part.rows.min(self.buffered);
            let mut bytes = vec![0; rows * HitRow::SIZE];
            self.scratch.read_exact_at(&mut bytes, part.at)?;
            part.at += bytes.len() as u64;
            part.rows -= rows;
            part.buffer.extend(bytes.chunks_exact(HitRow::SIZE).rev().map(HitRow::of_bytes));
        }
        if let Some(row) = part.buffer.pop() {
            self.next.push(Reverse((row.order(&self.ranks), number, row.source, row.pid)));
        }
        Ok(())
    }

    fn any_next(&mut self) -> Option<io::Result<HitRow>> {
        if let Some(row) = self.in_memory.next() {
            return Some(Ok(row));
        }
        let Reverse(((run, _, first, last, context, image, process), number, source, pid)) = self.next.pop()?;
        let row = HitRow { run, source, first, last, context, pid, image, process };
        Some(self.refill(number).map(|()| row))
    }
}

impl Iterator for SortedHits {
    type Item = io::Result<HitRow>;

    fn next(&mut self) -> Option<io::Result<HitRow>> {
        loop {
            let row = self.any_next()?;
            match row {
                Ok(row) if self.former == Some(row) => {}
                Ok(row) => {
                    self.former = Some(row);
                    return Some(Ok(row));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<HitRow> {
        let row = |number: u32| HitRow {
            run: number % 2,
            source: number * 7 % 5,
            first: number * 13 % 11,
            last: 20 + number,
            context: number % 3,
            pid: -5,
            image: i64::MAX - i64::from(number),
            process: 1 << 40,
        };
        (0..100).chain(0..3).map(row).collect()
    }

    #[test]
    fn rows_are_sorted_in_memory_and_on_disk_alike() {
        let ranks = [4, 2, 0, 1, 3];
        let mut expected = rows();
        expected.sort_by_key(|row| row.order(&ranks));
        expected.dedup();
        assert_eq!(expected.len(), 100);
        for most in [1_000, 103, 30, 1] {
            let mut sorter = HitRows { most, ..HitRows::new(tempfile::tempfile().unwrap()) };
            for row in rows() {
                // Fewer sources are known at first, in the same order.
                sorter.add(row, || vec![8, 4, 0, 2, 6]).unwrap();
            }
            let sorted: Vec<HitRow> = sorter.sorted(&ranks).unwrap().map(Result::unwrap).collect();
            assert_eq!(sorted, expected, "{most}");
        }
    }

    #[test]
    fn a_row_on_disk_is_the_same() {
        for row in rows() {
            assert_eq!(HitRow::of_bytes(&row.to_bytes()), row);
        }
    }
}
