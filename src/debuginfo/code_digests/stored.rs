//! Digests of code as they are kept in files.
//!
//! Invariant: what is read is what was written, as its checksum says, and sorted.

use super::CodeDigests;

/// To be raised whenever what is written, or how a digest is made, changes.
const MAGIC: &[u8; 8] = b"covcode\x09";

impl CodeDigests {
    /// Magic, digests, and the CRC-32 of both.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(postcard::to_stdvec(self).expect("invariant: numbers always encode"));
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](CodeDigests::encode) gave; `None` for what was damaged, or made otherwise.
    pub(crate) fn decode(bytes: &[u8]) -> Option<CodeDigests> {
        let (content, checksum) = bytes.split_last_chunk::<4>()?;
        let digests = content.strip_prefix(MAGIC)?;
        if crc32fast::hash(content).to_le_bytes() != *checksum {
            return None;
        }
        let digests: CodeDigests = postcard::from_bytes(digests).ok()?;
        let sorted = |of_names: &[(u64, u64)]| of_names.is_sorted_by(|one, other| one.0 < other.0);
        let of_names = [&digests.functions, &digests.by_lines, &digests.code];
        let is_sorted = digests.unoptimized.is_sorted() && of_names.iter().all(|of_names| sorted(of_names));
        is_sorted.then_some(digests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_and_damage_is_seen() {
        let digests = CodeDigests {
            rest: 7,
            functions: vec![(1, 2), (3, u64::MAX)],
            by_lines: vec![(3, 4)],
            code: vec![(1, 8), (3, 9)],
            unoptimized: vec![5, 6],
        };
        let bytes = digests.encode();
        assert_eq!(CodeDigests::decode(&bytes), Some(digests));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(CodeDigests::decode(&damaged), None, "{at}");
            assert_eq!(CodeDigests::decode(&bytes[..at]), None);
        }
        let unsorted = CodeDigests { functions: vec![(3, 1), (1, 2)], ..CodeDigests::default() };
        assert_eq!(CodeDigests::decode(&unsorted.encode()), None);
    }
}
