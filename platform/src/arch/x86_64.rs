//! Instructions of the x86-64: where each starts in a run of code, and the few that are known by their bytes.
//!
//! Invariant: decoding never reads past the slice it was given and always ends.

use iced_x86::{Decoder, DecoderOptions};

/// `e_machine` of the ELF files whose code this decodes (EM_X86_64).
pub const ELF_MACHINE: u16 = 62;

/// `int3`, the one-byte breakpoint.
pub const BREAKPOINT: u8 = 0xcc;

/// The one-byte instruction that does nothing.
pub const NOP: u8 = 0x90;

/// A near `ret` without operand.
pub const RETURN: u8 = 0xc3;

/// `endbr64`, which marks the target of an indirect branch and does nothing else.
pub const BRANCH_LANDING: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// `mov $14, %eax`: the number of rt_sigprocmask.
pub const RT_SIGPROCMASK_NUMBER: [u8; 5] = [0xb8, 14, 0, 0, 0];

/// `mov $56, %eax; syscall`: clone.
pub const CLONE_CALL: [u8; 7] = [0xb8, 56, 0, 0, 0, 0x0f, 0x05];

/// `mov $13, %eax`: the number of rt_sigaction.
pub const RT_SIGACTION_NUMBER: [u8; 5] = [0xb8, 13, 0, 0, 0];

/// One instruction of a linear decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Where it starts, in bytes from the start of the decoded code.
    pub offset: usize,
    /// Its length in bytes, at least 1; of an invalid one, what the decoder had consumed.
    pub len: usize,
    /// Its first byte, prefixes included.
    pub first: u8,
    /// Whether the bytes are an instruction at all; what follows an invalid one means nothing.
    pub valid: bool,
}

/// Decodes `code` linearly from its first byte to its last.
pub fn instruction_starts(code: &[u8]) -> Instructions<'_> {
    Instructions {
        code,
        decoder: Decoder::new(64, code, DecoderOptions::NONE),
        scratch: iced_x86::Instruction::default(),
    }
}

/// The iterator that [`instruction_starts`] returns.
pub struct Instructions<'a> {
    code: &'a [u8],
    decoder: Decoder<'a>,
    scratch: iced_x86::Instruction,
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let offset = self.decoder.position();
        let first = *self.code.get(offset)?;
        self.decoder.decode_out(&mut self.scratch);
        let len = self.decoder.position().saturating_sub(offset).max(1);
        Some(Instruction { offset, len, first, valid: !self.scratch.is_invalid() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_follow_lengths() {
        // push rbp; mov rbp,rsp; endbr64; call +0; int3; ret
        let code = [0x55, 0x48, 0x89, 0xe5, 0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0, 0, 0xcc, 0xc3];
        let starts: Vec<_> = instruction_starts(&code).map(|i| (i.offset, i.len, i.first, i.valid)).collect();
        let expected = [(0, 1, 0x55), (1, 3, 0x48), (4, 4, 0xf3), (8, 5, 0xe8), (13, 1, 0xcc), (14, 1, 0xc3)];
        assert_eq!(starts, expected.map(|(offset, len, first)| (offset, len, first, true)));
    }

    #[test]
    fn a_cut_instruction_is_invalid_and_the_decode_ends() {
        let code = [0x90, 0xe8, 0, 0];
        let decoded: Vec<_> = instruction_starts(&code).collect();
        assert!(decoded[0].valid && !decoded[1].valid, "{decoded:?}");
        assert!(decoded.len() <= code.len());
    }

    #[test]
    fn every_byte_sequence_ends() {
        for a in 0..=255u8 {
            for b in [0, 0x0f, 0x66, 0xf0, a, 0xff] {
                let code = [a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b];
                let mut end = 0;
                for instruction in instruction_starts(&code) {
                    assert_eq!(instruction.offset, end, "{a:02x} {b:02x}");
                    end = instruction.offset + instruction.len;
                }
                assert!(end >= code.len(), "{a:02x} {b:02x}");
            }
        }
    }
}
