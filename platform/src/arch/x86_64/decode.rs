//! Instructions of the x86-64: where each starts in a stretch of code, and where control may go from it.
//!
//! Invariant: decoding never reads past the slice it was given and always ends.

use super::encoding::LONGEST;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Mnemonic, OpKind, Register};

/// One instruction of a linear decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Where it starts, in bytes from the start of the decoded code.
    pub offset: usize,
    /// Its length in bytes, at least 1; of an invalid one, what the decoder had consumed.
    pub len: usize,
    /// Whether the bytes are an instruction at all; what follows an invalid one means nothing.
    pub valid: bool,
    /// Where it may go on.
    pub flow: ControlFlow,
    /// Whether it does nothing: it fills space.
    pub idle: bool,
    /// An address that it takes, relative to itself, without reading there: a label or a table.
    pub label: Option<u64>,
    /// A number that would be an address in a program that is loaded where it was linked.
    pub immediate: Option<u64>,
}

/// What an instruction does to the flow of control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlFlow {
    /// The next one follows, unless this one faults.
    Next,
    /// It goes elsewhere: a jump, a return; with the address if it tells.
    Elsewhere(Option<u64>),
    /// It goes there or the next one follows, and nothing else comes between.
    Branch(u64),
    /// It calls: what follows it runs when that returns, if it does; with the address if it tells.
    Call(Option<u64>),
    /// It calls the system.
    System,
    /// It goes where a register or a variable says.
    Indirect,
    /// It goes where an element of an array of addresses says.
    Table,
    /// The same, through a register that the instruction before it has loaded.
    Loaded,
    /// A branch may end here that nothing else tells of; the next one follows.
    Landing,
}

/// Decodes `code`, which is at address `at`, linearly from its first byte to its last.
pub fn instructions(code: &[u8], at: u64) -> Instructions<'_> {
    Instructions {
        len: code.len(),
        decoder: Decoder::with_ip(64, code, at, DecoderOptions::NONE),
        scratch: iced_x86::Instruction::default(),
        loaded: Register::None,
    }
}

/// The iterator that [`instructions`] returns.
pub struct Instructions<'a> {
    len: usize,
    decoder: Decoder<'a>,
    scratch: iced_x86::Instruction,
    /// What the instruction before has loaded from an array of addresses.
    loaded: Register,
}

impl Iterator for Instructions<'_> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let offset = self.decoder.position();
        if offset >= self.len {
            return None;
        }
        self.decoder.decode_out(&mut self.scratch);
        let len = self.decoder.position().saturating_sub(offset).max(1);
        let valid = !self.scratch.is_invalid();
        let (label, immediate) = (label(&self.scratch), immediate(&self.scratch));
        let flow = flow(&self.scratch, self.loaded);
        let loads = self.scratch.mnemonic() == Mnemonic::Mov && is_element(&self.scratch, 1);
        self.loaded = if loads { self.scratch.op0_register() } else { Register::None };
        let idle = self.scratch.mnemonic() == Mnemonic::Nop;
        Some(Instruction { offset, len, valid, flow, idle, label, immediate })
    }
}

/// Whether an instruction in memory goes on differently than in the file, behind its first byte; both begin with it.
pub fn is_rewritten(memory: &[u8], file: &[u8]) -> bool {
    let file = &file[..file.len().min(LONGEST)];
    let len = instructions(file, 0).next().map_or(0, |instruction| instruction.len);
    memory.iter().zip(file).take(len).skip(1).any(|(here, there)| here != there)
}

/// Whether an operand is an element of an array of addresses.
fn is_element(instruction: &iced_x86::Instruction, operand: u32) -> bool {
    instruction.op_kind(operand) == OpKind::Memory
        && instruction.memory_index() != Register::None
        && instruction.memory_index_scale() == 8
}

fn flow(instruction: &iced_x86::Instruction, loaded: Register) -> ControlFlow {
    let direct = || match instruction.op0_kind() {
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => Some(instruction.near_branch_target()),
        _ => None,
    };
    match instruction.flow_control() {
        FlowControl::Next if instruction.mnemonic() == Mnemonic::Endbr64 => ControlFlow::Landing,
        FlowControl::Next => ControlFlow::Next,
        FlowControl::Call if instruction.mnemonic() == Mnemonic::Syscall => ControlFlow::System,
        FlowControl::IndirectBranch if is_element(instruction, 0) => ControlFlow::Table,
        FlowControl::IndirectBranch if loaded != Register::None && instruction.op0_register() == loaded => {
            ControlFlow::Loaded
        }
        FlowControl::IndirectBranch => ControlFlow::Indirect,
        FlowControl::Call | FlowControl::Interrupt | FlowControl::XbeginXabortXend | FlowControl::Exception => {
            ControlFlow::Call(direct())
        }
        FlowControl::IndirectCall => ControlFlow::Call(None),
        FlowControl::ConditionalBranch => direct().map_or(ControlFlow::Call(None), ControlFlow::Branch),
        FlowControl::UnconditionalBranch | FlowControl::Return => ControlFlow::Elsewhere(direct()),
    }
}

fn label(instruction: &iced_x86::Instruction) -> Option<u64> {
    let takes = instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand();
    takes.then(|| instruction.ip_rel_memory_address())
}

fn immediate(instruction: &iced_x86::Instruction) -> Option<u64> {
    if instruction.mnemonic() == Mnemonic::Lea && !instruction.is_ip_rel_memory_operand() {
        return Some(instruction.memory_displacement64());
    }
    wide_number(instruction)
}

/// The number of 32 or 64 bits that an instruction has.
pub(super) fn wide_number(instruction: &iced_x86::Instruction) -> Option<u64> {
    let is_wide = |operand: &u32| {
        matches!(instruction.op_kind(*operand), OpKind::Immediate32 | OpKind::Immediate32to64 | OpKind::Immediate64)
    };
    (0..instruction.op_count()).find(is_wide).map(|operand| instruction.immediate(operand))
}

#[cfg(test)]
mod tests {
    use super::super::BREAKPOINT;
    use super::*;

    const AT: u64 = 0x1000;

    fn taken(code: &[u8]) -> Vec<(Option<u64>, Option<u64>)> {
        instructions(code, AT).map(|i| (i.label, i.immediate)).collect()
    }

    #[test]
    fn an_instruction_is_rewritten_behind_its_first_byte() {
        let nop = [0x0f, 0x1f, 0x44, 0, 0, 0x55];
        assert!(!is_rewritten(&[BREAKPOINT, 0x1f, 0x44, 0, 0, 0x55], &nop));
        assert!(is_rewritten(&[BREAKPOINT, 0x1f, 0x44, 0, 1, 0x55], &nop));
        // The next instruction is not this one.
        assert!(!is_rewritten(&[BREAKPOINT, 0x1f, 0x44, 0, 0, BREAKPOINT], &nop));
        assert!(!is_rewritten(&[BREAKPOINT, 0xe9, 1, 2], &[0x55, 0x48, 0x89, 0xe5]));
        assert!(!is_rewritten(&[BREAKPOINT], &nop));
        assert!(!is_rewritten(&[], &[]));
    }

    #[test]
    fn starts_follow_lengths() {
        // push rbp; mov rbp,rsp; endbr64; call +0; int3; ret
        let code = [0x55, 0x48, 0x89, 0xe5, 0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0, 0, 0xcc, 0xc3];
        let starts: Vec<_> = instructions(&code, AT).map(|i| (i.offset, i.len, i.valid)).collect();
        let expected = [(0, 1), (1, 3), (4, 4), (8, 5), (13, 1), (14, 1)];
        assert_eq!(starts, expected.map(|(offset, len)| (offset, len, true)));
    }

    #[test]
    fn where_it_may_go_on_is_told() {
        // endbr64; call +0; jne +0; jmp *%rax; syscall; ret; ud2
        let code = [0xf3, 0x0f, 0x1e, 0xfa, 0xe8, 0, 0, 0, 0, 0x75, 0, 0xff, 0xe0, 0x0f, 5, 0xc3, 0x0f, 0x0b];
        let flows: Vec<ControlFlow> = instructions(&code, AT).map(|i| i.flow).collect();
        let expected = [
            ControlFlow::Landing,
            ControlFlow::Call(Some(AT + 9)),
            ControlFlow::Branch(AT + 11),
            ControlFlow::Indirect,
            ControlFlow::System,
            ControlFlow::Elsewhere(None),
            ControlFlow::Call(None),
        ];
        assert_eq!(flows, expected);
    }

    #[test]
    fn addresses_that_are_taken_are_told() {
        // lea 0x10(%rip),%rax; mov $0x401000,%eax; push $0x401000; mov 0x10(%rip),%rax
        let lea = [0x48, 0x8d, 5, 0x10, 0, 0, 0];
        let mov = [0xb8, 0, 0x10, 0x40, 0];
        let push = [0x68, 0, 0x10, 0x40, 0];
        let load = [0x48, 0x8b, 5, 0x10, 0, 0, 0];
        assert_eq!(taken(&lea), [(Some(AT + 0x17), None)]);
        assert_eq!(taken(&mov), [(None, Some(0x40_1000))]);
        assert_eq!(taken(&push), [(None, Some(0x40_1000))]);
        assert_eq!(taken(&load), [(None, None)]);
        // add $0x401000,%rax; lea 0x401000(%rax),%rax
        let add = [0x48, 5, 0, 0x10, 0x40, 0];
        let sum = [0x48, 0x8d, 0x80, 0, 0x10, 0x40, 0];
        assert_eq!(taken(&add), [(None, Some(0x40_1000))]);
        assert_eq!(taken(&sum), [(None, Some(0x40_1000))]);
    }

    #[test]
    fn jumps_through_arrays_of_addresses_are_told_from_others() {
        // jmp *(%rbx,%rax,8); mov (%rbx,%rax,8),%rax; jmp *%rax; jmp *%rax; jmp *(%rbx,%rax,4)
        let code = [0xff, 0x24, 0xc3, 0x48, 0x8b, 4, 0xc3, 0xff, 0xe0, 0xff, 0xe0, 0xff, 0x24, 0x83];
        let flows: Vec<ControlFlow> = instructions(&code, AT).map(|i| i.flow).collect();
        assert_eq!(
            flows,
            [ControlFlow::Table, ControlFlow::Next, ControlFlow::Loaded, ControlFlow::Indirect, ControlFlow::Indirect]
        );
    }

    #[test]
    fn a_cut_instruction_is_invalid_and_the_decode_ends() {
        let code = [0x90, 0xe8, 0, 0];
        let decoded: Vec<_> = instructions(&code, AT).collect();
        assert!(decoded[0].valid && !decoded[1].valid, "{decoded:?}");
        assert!(decoded.len() <= code.len());
    }

    #[test]
    fn every_byte_sequence_ends() {
        for a in 0..=255u8 {
            for b in [0, 0x0f, 0x66, 0xf0, a, 0xff] {
                let code = [a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b, a, b];
                let mut end = 0;
                for instruction in instructions(&code, AT) {
                    assert_eq!(instruction.offset, end, "{a:02x} {b:02x}");
                    end = instruction.offset + instruction.len;
                }
                assert!(end >= code.len(), "{a:02x} {b:02x}");
            }
        }
    }
}
