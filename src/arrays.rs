//! Columns of numbers and texts as bytes, for files that are read much more often than they are looked at: no number is
//! parsed.
//!
//! Invariant: reading takes nothing that does not fit; whatever the bytes are, it allocates no more than their size.

/// Puts columns into bytes, one behind the other, each with its length.
#[derive(Debug, Default)]
pub struct Columns(Vec<u8>);

impl Columns {
    /// Columns that will take about so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Columns(Vec::with_capacity(bytes))
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Adds numbers of 8 bits.
    pub fn numbers8(&mut self, numbers: impl ExactSizeIterator<Item = u8>) {
        self.length(numbers.len());
        self.0.extend(numbers);
    }

    /// Adds numbers of 32 bits.
    pub fn numbers32(&mut self, numbers: impl ExactSizeIterator<Item = u32>) {
        self.length(numbers.len());
        let start = self.0.len();
        self.0.resize(start + numbers.len() * 4, 0);
        self.0[start..].as_chunks_mut::<4>().0.iter_mut().zip(numbers).for_each(|(to, n)| *to = n.to_le_bytes());
    }

    /// Adds numbers of 64 bits.
    pub fn numbers64(&mut self, numbers: impl ExactSizeIterator<Item = u64>) {
        self.length(numbers.len());
        let start = self.0.len();
        self.0.resize(start + numbers.len() * 8, 0);
        self.0[start..].as_chunks_mut::<8>().0.iter_mut().zip(numbers).for_each(|(to, n)| *to = n.to_le_bytes());
    }

    /// Adds texts: where each ends, and all of them in one.
    pub fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str> + Clone) {
        let mut end = 0u64;
        let ends = texts.clone().map(|text| {
            end += text.len() as u64;
            end
        });
        let ends: Vec<u64> = ends.collect();
        self.numbers64(ends.into_iter());
        self.length(end as usize);
        texts.for_each(|text| self.0.extend_from_slice(text.as_bytes()));
    }

    /// All of them.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn length(&mut self, length: usize) {
        self.0.extend_from_slice(&(length as u64).to_le_bytes());
    }
}

/// Takes columns out of bytes, in the order in which they were put; None where there is no such column.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a>(pub &'a [u8]);

impl<'a> Taken<'a> {
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

    /// Texts.
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
        let mut taken = Taken(bytes);
        let all = (taken.bytes()?.to_vec(), taken.numbers32()?.collect(), taken.numbers64()?.collect(), taken.texts()?);
        taken.is_empty().then_some(all)
    }

    #[test]
    fn what_was_put_is_taken_and_nothing_else() {
        let all: All =
            (vec![1, 2], vec![3, u32::MAX], vec![u64::MAX, 0, 5], vec!["ü".into(), String::new(), "x".into()]);
        let mut columns = Columns::default();
        columns.numbers8(all.0.iter().copied());
        columns.numbers32(all.1.iter().copied());
        columns.numbers64(all.2.iter().copied());
        columns.texts(all.3.iter().map(String::as_str));
        let bytes = columns.into_bytes();
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
