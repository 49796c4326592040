//! Why an image could not be indexed, and the bound on the work that its bytes may ask for.
//!
//! Invariant: every loop whose length is not bounded by bytes that it alone consumes spends from the [`Budget`].

/// Why [`index`](fn@super::index) gave no index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The bytes do not start with the ELF magic number.
    #[error("not an ELF file")]
    NotElf,
    /// ELFCLASS32: such programs are followed, not measured.
    #[error("32-bit ELF files are not measured")]
    ThirtyTwoBit,
    /// The code is for another CPU (`e_machine`), or of another byte order.
    #[error("code for another CPU is not measured (e_machine {machine})")]
    ForeignMachine {
        /// `e_machine` of the file, read in little-endian order.
        machine: u16,
    },
    /// The headers that everything else hangs on are cut off or contradict themselves.
    #[error("malformed ELF file: {what}: {cause}")]
    Malformed {
        /// What was being read.
        what: &'static str,
        /// What the reader says of it.
        cause: String,
    },
    /// Tables that overlap or repeat beyond what an honest file of this size does.
    #[error("the debug information asks for more work than an honest file of its size")]
    Excessive,
}

/// Work that may still be done for an image, in units of about one byte read.
///
/// Tables that several units share, lists that several functions share and overlapping ranges are paid from it each time,
/// so that hostile input costs a multiple of its own size at most.
pub(super) struct Budget(u64);

impl Budget {
    const PER_BYTE: u64 = 16;
    const FLOOR: u64 = 16 << 20;

    /// The budget of an image that holds so many bytes once its sections are uncompressed.
    pub(super) fn for_bytes(bytes: usize) -> Budget {
        Budget((bytes as u64).saturating_mul(Self::PER_BYTE).saturating_add(Self::FLOOR))
    }

    /// Takes `work` units, or fails when they are used up.
    pub(super) fn spend(&mut self, work: usize) -> Result<(), IndexError> {
        self.0 = self.0.checked_sub(work as u64).ok_or(IndexError::Excessive)?;
        Ok(())
    }
}
