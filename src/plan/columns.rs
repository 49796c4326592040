//! Columns of numbers and texts as bytes, for files that are read much more often than they are looked at. Numbers that
//! follow each other differ little, as a rule, so a number is written as its difference from the last one: in seven bits
//! a byte, the lowest first, of which all but the last have the highest bit set, with the sign in the lowest bit.
//!
//! Invariant: reading takes nothing that does not fit; whatever the bytes are, it allocates no more than eight times their
//! size.

use std::io::{self, BufWriter, IntoInnerError, Write};

/// Set in a byte behind which the number goes on.
const MORE: u8 = 0x80;

/// How many bytes a number has at the most.
const LONGEST: usize = 10;

/// Writes columns, one behind the other, each with its length.
#[derive(Debug)]
pub struct ColumnWriter<W: Write>(BufWriter<W>);

impl<W: Write> ColumnWriter<W> {
    /// Columns that go to a file or into bytes.
    pub fn to(to: W) -> Self {
        ColumnWriter(BufWriter::with_capacity(64 << 10, to))
    }

    /// Adds a column of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length(bytes.len())?;
        self.0.write_all(bytes)
    }

    /// Adds numbers of 8 bits.
    pub fn numbers8(&mut self, numbers: impl ExactSizeIterator<Item = u8>) -> io::Result<()> {
        self.length(numbers.len())?;
        numbers.into_iter().try_for_each(|number| self.0.write_all(&[number]))
    }

    /// Adds numbers of 32 bits.
    pub fn numbers32(&mut self, numbers: impl ExactSizeIterator<Item = u32>) -> io::Result<()> {
        self.length(numbers.len())?;
        let mut last = 0;
        for number in numbers {
            // The difference of the highest number from a low one is small, too.
            self.difference((number.wrapping_sub(last) as i32).into())?;
            last = number;
        }
        Ok(())
    }

    /// Adds numbers of 64 bits.
    pub fn numbers64(&mut self, numbers: impl ExactSizeIterator<Item = u64>) -> io::Result<()> {
        self.length(numbers.len())?;
        let mut last = 0;
        for number in numbers {
            self.difference(number.wrapping_sub(last) as i64)?;
            last = number;
        }
        Ok(())
    }

    /// Adds texts: where each ends, and all of them in one.
    pub fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a str> + Clone) -> io::Result<()> {
        let mut end = 0;
        let ends = texts.clone().map(|text| {
            end += text.len() as u64;
            end
        });
        self.numbers64(ends)?;
        self.length(end as usize)?;
        texts.into_iter().try_for_each(|text| self.0.write_all(text.as_bytes()))
    }

    /// Writes what is left, and gives back what they went to.
    pub fn finish(self) -> io::Result<W> {
        self.0.into_inner().map_err(IntoInnerError::into_error)
    }

    fn difference(&mut self, difference: i64) -> io::Result<()> {
        let mut rest = (difference << 1 ^ difference >> 63) as u64;
        let (mut bytes, mut len) = ([0; LONGEST], 0);
        while rest >= u64::from(MORE) {
            bytes[len] = rest as u8 | MORE;
            (rest, len) = (rest >> 7, len + 1);
        }
        bytes[len] = rest as u8;
        self.0.write_all(&bytes[..=len])
    }

    fn length(&mut self, length: usize) -> io::Result<()> {
        self.0.write_all(&(length as u64).to_le_bytes())
    }
}

/// Takes columns out of bytes, in the order in which they were put; None where there is no such column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnReader<'a>(pub &'a [u8]);

impl<'a> ColumnReader<'a> {
    /// Bytes, or numbers of 8 bits.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (column, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(column)
    }

    /// Numbers of 32 bits.
    pub fn numbers32(&mut self) -> Option<Vec<u32>> {
        let mut last = 0u32;
        self.numbers(|difference| {
            last = last.wrapping_add(difference as u32);
            last
        })
    }

    /// Numbers of 64 bits.
    pub fn numbers64(&mut self) -> Option<Vec<u64>> {
        let mut last = 0u64;
        self.numbers(|difference| {
            last = last.wrapping_add(difference);
            last
        })
    }

    /// Numbers of their differences.
    fn numbers<N>(&mut self, mut number: impl FnMut(u64) -> N) -> Option<Vec<N>> {
        /// The highest bits of eight bytes.
        const ANY_MORE: u64 = u64::from_ne_bytes([MORE; 8]);
        let count = self.length()?;
        // Each is a byte at least.
        let mut numbers = Vec::with_capacity(if count <= self.0.len() { count } else { return None });
        while numbers.len() < count {
            match self.0.split_first_chunk::<8>() {
                // Most are a byte each.
                Some((eight, rest)) if u64::from_ne_bytes(*eight) & ANY_MORE == 0 && count - numbers.len() >= 8 => {
                    numbers.extend(eight.map(|byte| number(unfolded(byte.into()))));
                    self.0 = rest;
                }
                Some(_) | None => {
                    let folded = self.folded()?;
                    numbers.push(number(unfolded(folded)));
                }
            }
        }
        Some(numbers)
    }

    fn folded(&mut self) -> Option<u64> {
        let (mut folded, mut shift) = (0, 0);
        loop {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            folded |= u64::from(byte & !MORE).checked_shl(shift).unwrap_or(0);
            if *byte < MORE {
                return Some(folded);
            }
            shift = u32::saturating_add(shift, 7);
        }
    }

    /// Reads a column of texts.
    pub fn texts(&mut self) -> Option<Vec<String>> {
        let ends = self.numbers64()?;
        let whole = std::str::from_utf8(self.bytes()?).ok()?;
        let mut start = 0;
        let mut texts = Vec::with_capacity(ends.len());
        for end in ends {
            let end = usize::try_from(end).ok()?;
            texts.push(whole.get(start..end)?.to_owned());
            start = end;
        }
        (start == whole.len()).then_some(texts)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn length(&mut self) -> Option<usize> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        usize::try_from(u64::from_le_bytes(*length)).ok()
    }
}

/// The difference whose sign was put into the lowest bit.
fn unfolded(folded: u64) -> u64 {
    folded >> 1 ^ (folded & 1).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    type All = (Vec<u8>, Vec<u32>, Vec<u64>, Vec<String>);

    fn take(bytes: &[u8]) -> Option<All> {
        let mut taken = ColumnReader(bytes);
        let all = (taken.bytes()?.to_vec(), taken.numbers32()?, taken.numbers64()?, taken.texts()?);
        taken.is_empty().then_some(all)
    }

    #[test]
    fn numbers_that_differ_little_take_a_byte_each() {
        let mut columns = ColumnWriter::to(Vec::new());
        columns.numbers64((0..600u32).map(|number| (1 << 40) + u64::from(number) * 60)).unwrap();
        assert_eq!(columns.finish().unwrap().len(), 8 + 6 + 599);
    }

    #[test]
    fn what_was_put_is_taken_and_nothing_else() {
        let all: All =
            (vec![1, 2], vec![3, u32::MAX], vec![u64::MAX, 0, 5], vec!["ü".into(), String::new(), "x".into()]);
        let put = |all: &All| {
            let mut columns = ColumnWriter::to(Vec::new());
            columns.numbers8(all.0.iter().copied())?;
            columns.numbers32(all.1.iter().copied())?;
            columns.numbers64(all.2.iter().copied())?;
            columns.texts(all.3.iter().map(String::as_str))?;
            columns.finish()
        };
        let many: All = (vec![7; 1025], (0..1024).collect(), (0..5000).collect(), Vec::new());
        assert_eq!(take(&put(&many).unwrap()), Some(many));
        let bytes = put(&all).unwrap();
        assert_eq!(take(&bytes), Some(all));
        for len in 0..bytes.len() {
            assert_eq!(take(&bytes[..len]), None, "{len} bytes");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x80;
            // Some damage is only another number; none may panic.
            let _other = take(&damaged);
        }
    }
}
