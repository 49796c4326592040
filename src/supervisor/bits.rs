//! A fixed number of bits, one per probe of an image.

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

    /// The bits that differ.
    pub fn difference(&self, other: &Bits) -> Bits {
        Bits(self.0.iter().zip(&other.0).map(|(a, b)| a ^ b).collect())
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// The set bits, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors((word != 0).then_some(word), |&rest| {
                Some(rest & (rest - 1)).filter(|&rest| rest != 0)
            })
            .map(move |rest| index as u32 * 64 + rest.trailing_zeros())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iterates_over_what_was_put() {
        let mut bits = Bits::clear_of(130);
        for bit in [0, 63, 64, 129] {
            bits.put(bit, true);
        }
        bits.put(63, false);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 64, 129]);
        assert!(bits.get(129) && !bits.get(63) && !bits.get(5000));
        assert_eq!(bits.difference(&Bits::clear_of(130)), bits);
        assert!(bits.difference(&bits).is_empty());
    }
}
