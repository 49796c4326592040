//! A fixed number of bits: one per probe of an image, one per byte of its code.

use std::ops::Range;

/// Bits 0 to `len`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// `len` bits, all clear.
    pub fn clear_of(len: u32) -> Self {
        Bits(vec![0; (len as usize).div_ceil(64)])
    }

    /// Whether a bit is set.
    pub fn get(&self, bit: u32) -> bool {
        self.0.get((bit / 64) as usize).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }

    /// Sets or clears a bit.
    pub fn put(&mut self, bit: u32, value: bool) {
        if let Some(word) = self.0.get_mut((bit / 64) as usize) {
            if value { *word |= 1 << (bit % 64) } else { *word &= !(1 << (bit % 64)) }
        }
    }

    /// Sets the bits of a range, as far as there are so many.
    pub fn fill(&mut self, range: Range<u32>) {
        let (first, last) = ((range.start / 64) as usize, (range.end / 64) as usize);
        let (from, to) = (u64::MAX << (range.start % 64), (1u64 << (range.end % 64)) - 1);
        for (index, word) in self.0.iter_mut().enumerate().take(last + 1).skip(first) {
            *word |= if index == first { from } else { u64::MAX } & if index == last { to } else { u64::MAX };
        }
    }

    /// The bits that differ.
    pub fn difference(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(a, b)| a ^ b).collect())
    }

    /// The bits that the other ones lack.
    pub fn without(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    /// The bits of both.
    pub fn with(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(a, b)| a | b).collect())
    }

    /// The bits that both have.
    pub fn both(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// The first set bit from `bit` on.
    pub fn first_from(&self, bit: u32) -> Option<u32> {
        self.first_in(bit..u32::MAX)
    }

    /// The first set bit of a range.
    pub fn first_in(&self, range: Range<u32>) -> Option<u32> {
        let words = self.0.get(..(range.end as usize).div_ceil(64).min(self.0.len()))?;
        let start = (range.start / 64) as usize;
        let rest = words.get(start)? & (u64::MAX << (range.start % 64));
        let words = std::iter::once(rest).chain(words[start + 1..].iter().copied());
        let (index, word) = (start as u32..).zip(words).find(|(_, word)| *word != 0)?;
        Some(index * 64 + word.trailing_zeros()).filter(|bit| *bit < range.end)
    }

    /// The last set bit.
    pub fn last(&self) -> Option<u32> {
        let index = self.0.iter().rposition(|&word| word != 0)?;
        Some(index as u32 * 64 + 63 - self.0[index].leading_zeros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_a_range_and_no_more() {
        for range in [0..0, 0..64, 3..3, 5..70, 63..65, 64..128, 100..130, 128..130] {
            let mut bits = Bits::clear_of(130);
            bits.fill(range.clone());
            assert!((0..130).all(|bit| bits.get(bit) == range.contains(&bit)), "{range:?}");
        }
    }

    #[test]
    fn finds_what_was_put() {
        let mut bits = Bits::clear_of(130);
        for bit in [0, 63, 64, 129] {
            bits.put(bit, true);
        }
        bits.put(63, false);
        assert_eq!((bits.first_from(0), bits.first_from(1), bits.first_from(65)), (Some(0), Some(64), Some(129)));
        assert_eq!((bits.first_from(130), bits.first_from(9999), bits.last()), (None, None, Some(129)));
        assert!(bits.get(129) && !bits.get(63) && !bits.get(5000));
        assert_eq!((bits.first_in(1..64), bits.first_in(1..65), bits.first_in(65..129)), (None, Some(64), None));
        assert_eq!(
            (bits.first_in(65..9999), bits.first_in(128..130), bits.first_in(64..64)),
            (Some(129), Some(129), None)
        );
        assert_eq!(bits.difference(&Bits::clear_of(130)), bits);
        assert!(bits.difference(&bits).is_empty());
        let mut some = Bits::clear_of(130);
        some.put(64, true);
        let rest = bits.without(&some);
        assert_eq!((rest.get(0), rest.get(64), rest.get(129)), (true, false, true));
        assert_eq!(rest.with(&some), bits);
    }
}
