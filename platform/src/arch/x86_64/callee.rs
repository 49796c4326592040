//! Where a piece of code calls or jumps to first.
//!
//! Invariant: decoding never reads past the slice it was given.

use iced_x86::{Decoder, DecoderOptions, FlowControl, OpKind};

/// What a call or a jump names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// Code at this address.
    At(u64),
    /// Code whose address is in the variable at this one.
    Through(u64),
}

/// What the first call or jump of `code`, which is at the address `at`, names, if control surely gets there and it tells.
pub fn callee(code: &[u8], at: u64) -> Option<Callee> {
    /// Enough to give a function its arguments.
    const INSTRUCTIONS: usize = 24;
    let others = [FlowControl::Next];
    let mut decoded = Decoder::with_ip(64, code, at, DecoderOptions::NONE).into_iter().take(INSTRUCTIONS);
    let instruction = decoded.find(|instruction| !others.contains(&instruction.flow_control()))?;
    match instruction.flow_control() {
        FlowControl::Call | FlowControl::UnconditionalBranch => Some(Callee::At(instruction.near_branch_target())),
        FlowControl::IndirectCall | FlowControl::IndirectBranch
            if instruction.op0_kind() == OpKind::Memory && instruction.is_ip_rel_memory_operand() =>
        {
            Some(Callee::Through(instruction.ip_rel_memory_address()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_and_indirect_calls_and_jumps_are_told() {
        // xor %eax,%eax; call +2
        assert_eq!(callee(&[0x31, 0xc0, 0xe8, 2, 0, 0, 0], 0x1000), Some(Callee::At(0x1009)));
        // jmp -2
        assert_eq!(callee(&[0xeb, 0xfe], 0x1000), Some(Callee::At(0x1000)));
        // call *8(%rip)
        assert_eq!(callee(&[0xff, 0x15, 8, 0, 0, 0], 0x1000), Some(Callee::Through(0x100e)));
        // endbr64; bnd jmp *8(%rip)
        let stub = [0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 8, 0, 0, 0];
        assert_eq!(callee(&stub, 0x1000), Some(Callee::Through(0x1013)));
    }

    #[test]
    fn what_comes_first_decides() {
        // je +0; call +0
        assert_eq!(callee(&[0x74, 0, 0xe8, 0, 0, 0, 0], 0x1000), None);
        // call *%rax
        assert_eq!(callee(&[0xff, 0xd0], 0x1000), None);
        // ret, and nothing at all
        assert_eq!(callee(&[0xc3], 0x1000), None);
        assert_eq!(callee(&[], 0x1000), None);
    }
}
