//! Columns of numbers and texts as bytes, for files that are read much more often than they are looked at: no number is
//! parsed.
//!
//! Invariant: reading takes nothing that does not fit; whatever the bytes are, it allocates no more than their size.

use std::io::{self, BufWriter, IntoInnerError, Write};

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
        self.numbers(numbers, u8::to_le_bytes)
    }

    /// Adds numbers of 32 bits.
    pub fn numbers32(&mut self, numbers: impl ExactSizeIterator<Item = u32>) -> io::Result<()> {
        self.numbers(numbers, u32::to_le_bytes)
    }

    /// Adds numbers of 64 bits.
    pub fn numbers64(&mut self, numbers: impl ExactSizeIterator<Item = u64>) -> io::Result<()> {
        self.numbers(numbers, u64::to_le_bytes)
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

    fn numbers<N, const SIZE: usize>(
        &mut self,
        mut numbers: impl ExactSizeIterator<Item = N>,
        bytes: impl Fn(N) -> [u8; SIZE],
    ) -> io::Result<()> {
        // Enough to be copied fast, little enough to stay in the CPU's cache.
        let mut portion = [[0; SIZE]; 512];
        self.length(numbers.len())?;
        while numbers.len() > 0 {
            let count = numbers.len().min(portion.len());
            portion.iter_mut().zip(numbers.by_ref().take(count)).for_each(|(to, number)| *to = bytes(number));
            self.0.write_all(portion[..count].as_flattened())?;
        }
        Ok(())
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
        self.column(1)
    }

    /// Numbers of 32 bits.
    pub fn numbers32(&mut self) -> Option<impl ExactSizeIterator<Item = u32> + Clone + use<'a>> {
        Some(self.column(4)?.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes)))
    }

    /// Numbers of 64 bits.
    pub fn numbers64(&mut self) -> Option<impl ExactSizeIterator<Item = u64> + Clone + use<'a>> {
        Some(self.column(8)?.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)))
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

    fn column(&mut self, width: usize) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        let size = usize::try_from(u64::from_le_bytes(*length)).ok()?.checked_mul(width)?;
        let (column, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        Some(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type All = (Vec<u8>, Vec<u32>, Vec<u64>, Vec<String>);

    fn take(bytes: &[u8]) -> Option<All> {
        let mut taken = ColumnReader(bytes);
        let all = (taken.bytes()?.to_vec(), taken.numbers32()?.collect(), taken.numbers64()?.collect(), taken.texts()?);
        taken.is_empty().then_some(all)
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
