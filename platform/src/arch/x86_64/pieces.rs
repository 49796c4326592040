//! The code of a function in pieces: bytes that are the same wherever function and data are put, and the places that the
//! code refers to.
//!
//! Invariant: decoding never reads past the slice it was given and always ends; each byte is in a piece once.

use super::decode::wide_number;
use iced_x86::{ConstantOffsets, Decoder, DecoderOptions, Instruction, OpKind};

/// A piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'c> {
    /// Bytes that say the same everywhere.
    Bytes(&'c [u8]),
    /// A field that says where an address is, from where the code is.
    Place {
        /// The address.
        address: u64,
        /// How many bytes the field has.
        len: u8,
        /// How many bytes are read or written there, as far as the instruction tells.
        used: u8,
    },
    /// A field that has a number which is meant.
    Number {
        /// The number.
        number: u64,
        /// How many bytes the field has.
        len: u8,
    },
}

/// Takes `code` apart, which is at address `at`. Of numbers of 32 and 64 bits, those are pieces of their own that
/// `is_meant` takes. What follows an invalid instruction is taken as bytes.
pub fn pieces<'c>(code: &'c [u8], at: u64, is_meant: impl Fn(u64) -> bool, mut take: impl FnMut(Piece<'c>)) {
    let mut decoder = Decoder::with_ip(64, code, at, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut taken = 0;
    while decoder.can_decode() {
        let start = decoder.position();
        decoder.decode_out(&mut instruction);
        if instruction.is_invalid() {
            break;
        }
        let Some((field, piece)) = field(&decoder, &instruction, &is_meant) else { continue };
        let (from, to) = (start + field.0, start + field.0 + field.1);
        let Some(before) = code.get(taken..from).filter(|_| to <= code.len()) else { break };
        if !before.is_empty() {
            take(Piece::Bytes(before));
        }
        take(piece);
        taken = to;
    }
    if let Some(rest) = code.get(taken..).filter(|rest| !rest.is_empty()) {
        take(Piece::Bytes(rest));
    }
}

/// Where in an instruction the field of a place or of a number is that is meant, how long it is, and what it has.
fn field(
    decoder: &Decoder<'_>,
    instruction: &Instruction,
    is_meant: &impl Fn(u64) -> bool,
) -> Option<((usize, usize), Piece<'static>)> {
    let offsets = || decoder.get_constant_offsets(instruction);
    let immediate = |offsets: ConstantOffsets| {
        offsets.has_immediate().then(|| (offsets.immediate_offset(), offsets.immediate_size()))
    };
    let displacement = |offsets: ConstantOffsets| {
        offsets.has_displacement().then(|| (offsets.displacement_offset(), offsets.displacement_size()))
    };
    if matches!(instruction.op0_kind(), OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64) {
        let field = immediate(offsets())?;
        return Some((field, Piece::Place { address: instruction.near_branch_target(), len: field.1 as u8, used: 0 }));
    }
    if instruction.is_ip_rel_memory_operand() {
        let field = displacement(offsets())?;
        let used = u8::try_from(instruction.memory_size().size()).unwrap_or(u8::MAX);
        return Some((field, Piece::Place { address: instruction.ip_rel_memory_address(), len: field.1 as u8, used }));
    }
    if let Some(number) = wide_number(instruction).filter(|number| is_meant(*number)) {
        let field = immediate(offsets())?;
        return Some((field, Piece::Number { number, len: field.1 as u8 }));
    }
    let has_address = (0..instruction.op_count()).any(|operand| instruction.op_kind(operand) == OpKind::Memory)
        && instruction.memory_displ_size() >= 4;
    let address = instruction.memory_displacement64();
    if !has_address || !is_meant(address) {
        return None;
    }
    let field = displacement(offsets())?;
    Some((field, Piece::Number { number: address, len: field.1 as u8 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &[u8], is_meant: impl Fn(u64) -> bool) -> Vec<Piece<'_>> {
        let mut found = Vec::new();
        pieces(code, 0x1000, is_meant, |piece| found.push(piece));
        found
    }

    fn place(address: u64, len: u8, used: u8) -> Piece<'static> {
        Piece::Place { address, len, used }
    }

    #[test]
    fn branches_and_what_is_relative_to_code_are_places() {
        // push %rbp; call 0x1010; lea 0x100(%rip),%rax; je 0x1000; ret
        let code = [0x55, 0xe8, 0x0a, 0, 0, 0, 0x48, 0x8d, 0x05, 0, 1, 0, 0, 0x74, 0xf1, 0xc3];
        let expected = [
            Piece::Bytes(&[0x55, 0xe8]),
            place(0x1010, 4, 0),
            Piece::Bytes(&[0x48, 0x8d, 0x05]),
            place(0x110d, 4, 0),
            Piece::Bytes(&[0x74]),
            place(0x1000, 1, 0),
            Piece::Bytes(&[0xc3]),
        ];
        assert_eq!(of(&code, |_| false), expected);
        // cmpl $7,0x100(%rip): the number stays.
        let compare = [0x83, 0x3d, 0, 1, 0, 0, 7];
        let expected = [Piece::Bytes(&compare[..2]), place(0x1107, 4, 4), Piece::Bytes(&[7])];
        assert_eq!(of(&compare, |_| false), expected);
    }

    #[test]
    fn numbers_are_pieces_where_they_are_meant() {
        // mov $0x402000,%edi; mov 0x402000(,%rax,8),%rax
        let code = [0xbf, 0, 0x20, 0x40, 0, 0x48, 0x8b, 0x04, 0xc5, 0, 0x20, 0x40, 0];
        assert_eq!(of(&code, |_| false), [Piece::Bytes(&code)]);
        let expected = [
            Piece::Bytes(&[0xbf]),
            Piece::Number { number: 0x40_2000, len: 4 },
            Piece::Bytes(&[0x48, 0x8b, 0x04, 0xc5]),
            Piece::Number { number: 0x40_2000, len: 4 },
        ];
        assert_eq!(of(&code, |number| number == 0x40_2000), expected);
    }

    #[test]
    fn what_is_no_instruction_is_bytes() {
        for code in [&[0xe8, 1, 2][..], &[0x06, 0xe8, 0, 0, 0, 0], &[0x55, 0x06, 0x55]] {
            assert_eq!(of(code, |_| true), [Piece::Bytes(code)]);
        }
        assert_eq!(of(&[], |_| true), []);
    }
}
