//! Which system calls a piece of code makes: the numbers that its `syscall` instructions are given, and the first
//! arguments, where these are constants.
//!
//! Invariant: a constant is known only if every way to the instruction sets it; a register of which that is not certain is
//! unknown.

use super::system_calls::CallNumber;
use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory};
use iced_x86::{Mnemonic, OpAccess, OpKind, Register};

/// What a register holds, where that is a constant.
type Value = Option<u64>;

/// The registers that a called function need not keep.
const CLOBBERED: [Register; 9] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
];

/// A `syscall` instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// Its address.
    pub at: u64,
    /// The number of its call, if that is constant.
    pub number: Option<CallNumber>,
    /// The call's first argument, if that is constant.
    pub first: Option<u64>,
}

/// The `syscall` instructions of `code`, which is a function's from its start at `at` on, in order of address. `comes_in`
/// tells where control may come from elsewhere than from the instruction before; where a call returns to is no such place.
pub fn call_sites(code: &[u8], at: u64, comes_in: impl Fn(u64) -> bool) -> Vec<CallSite> {
    let (mut calls, mut constants) = (Vec::new(), Constants::default());
    let mut infos = InstructionInfoFactory::new();
    let mut before = FlowControl::Return;
    for instruction in Decoder::with_ip(64, code, at, DecoderOptions::NONE) {
        let is_called_from = matches!(before, FlowControl::Call | FlowControl::IndirectCall);
        let is_passed =
            !matches!(before, FlowControl::UnconditionalBranch | FlowControl::IndirectBranch | FlowControl::Return);
        if !is_passed || (comes_in(instruction.ip()) && !is_called_from) {
            constants = Constants::default();
        }
        if instruction.mnemonic() == Mnemonic::Syscall {
            calls.push(CallSite {
                at: instruction.ip(),
                number: constants.get(Register::RAX).map(|number| CallNumber(i64::from(number as u32))),
                first: constants.get(Register::RDI),
            });
        }
        constants.execute(&instruction, &mut infos);
        before = instruction.flow_control();
        if instruction.mnemonic() == Mnemonic::Syscall {
            before = FlowControl::Next;
        }
    }
    calls
}

#[derive(Default)]
struct Constants {
    registers: [Value; 16],
    /// What was pushed last.
    pushed: Vec<Value>,
}

impl Constants {
    fn get(&self, register: Register) -> Value {
        let full = register.full_register();
        let value = full.is_gpr64().then(|| self.registers[full.number()]).flatten()?;
        match register.size() {
            8 => Some(value),
            4 => Some(value & 0xffff_ffff),
            _ => None,
        }
    }

    fn set(&mut self, register: Register, value: Value) {
        let full = register.full_register();
        if full.is_gpr64() {
            self.registers[full.number()] = value;
        }
    }

    fn execute(&mut self, instruction: &Instruction, infos: &mut InstructionInfoFactory) {
        let value = self.computed(instruction);
        let target = (instruction.op_count() > 0 && instruction.op0_kind() == OpKind::Register)
            .then(|| instruction.op0_register());
        let popped = match instruction.mnemonic() {
            Mnemonic::Push => {
                self.pushed.push(value);
                return;
            }
            Mnemonic::Pop => self.pushed.pop().flatten(),
            _ => None,
        };
        let is_pop = instruction.mnemonic() == Mnemonic::Pop;
        for used in infos.info(instruction).used_registers() {
            let is_written = !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess);
            if is_written && !(is_pop && used.register().full_register() == Register::RSP) {
                self.set(used.register(), None);
                if used.register().full_register() == Register::RSP {
                    self.pushed.clear();
                }
            }
        }
        if matches!(instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall) {
            CLOBBERED.iter().for_each(|register| self.set(*register, None));
            self.pushed.clear();
        } else if !is_pop && (0..instruction.op_count()).any(|operand| instruction.op_kind(operand) == OpKind::Memory) {
            // It may be what was pushed.
            self.pushed.clear();
        }
        if let Some(target) = target {
            match (is_pop, target.size()) {
                (true, 8) => self.set(target, popped),
                (false, 1 | 4 | 8) if value.is_some() => self.set(target, value),
                _ => {}
            }
        }
    }

    /// What the first operand holds afterwards, or what is pushed.
    fn computed(&self, instruction: &Instruction) -> Value {
        let immediate = |operand: u32| instruction.try_immediate(operand).ok();
        match (instruction.mnemonic(), instruction.op0_kind()) {
            (Mnemonic::Push, OpKind::Register) => self.get(instruction.op0_register()),
            (Mnemonic::Push, _) => immediate(0),
            (Mnemonic::Mov, OpKind::Register) => {
                let target = instruction.op0_register();
                match (target.size(), instruction.op1_kind()) {
                    (4 | 8, OpKind::Register) => self.get(instruction.op1_register()),
                    (4, _) => immediate(1).map(|value| value & 0xffff_ffff),
                    (8, _) => immediate(1),
                    // The lowest byte, but not the one above it.
                    (1, _) if target.number() < 4 || target >= Register::SPL => {
                        Some((self.get(target.full_register())? & !0xff) | (immediate(1)? & 0xff))
                    }
                    _ => None,
                }
            }
            (Mnemonic::Xor | Mnemonic::Sub, OpKind::Register) if instruction.op1_kind() == OpKind::Register => {
                let (target, source) = (instruction.op0_register(), instruction.op1_register());
                (target == source && target.size() >= 4).then_some(0)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(code: &[u8], entries: &[u64]) -> Vec<Option<i64>> {
        let sites = call_sites(code, 0, |at| entries.contains(&at)).into_iter();
        sites.map(|site| site.number.map(|number| number.0)).collect()
    }

    #[test]
    fn a_constant_first_argument_is_known() {
        let first = |code: &[u8]| call_sites(code, 0, |_| false).into_iter().map(|site| site.first).collect::<Vec<_>>();
        // mov $2,%edi; mov $14,%eax; syscall; mov $14,%eax; syscall: a call counts as one of a function, which may change it.
        let code = [0xbf, 2, 0, 0, 0, 0xb8, 14, 0, 0, 0, 0x0f, 5, 0xb8, 14, 0, 0, 0, 0x0f, 5];
        assert_eq!(first(&code), [Some(2), None]);
        // mov $14,%eax; xor %edi,%edi; syscall
        assert_eq!(first(&[0xb8, 14, 0, 0, 0, 0x31, 0xff, 0x0f, 5]), [Some(0)]);
        // mov $14,%eax; syscall
        assert_eq!(first(&[0xb8, 14, 0, 0, 0, 0x0f, 5]), [None]);
    }

    #[test]
    fn constants_are_followed_through_registers_and_pushes() {
        // mov $39,%eax; syscall
        assert_eq!(numbers(&[0xb8, 39, 0, 0, 0, 0x0f, 5], &[]), [Some(39)]);
        // xor %eax,%eax; mov $56,%al; mov %rdi,%r11; syscall
        assert_eq!(numbers(&[0x31, 0xc0, 0xb0, 56, 0x49, 0x89, 0xfb, 0x0f, 5], &[]), [Some(56)]);
        // push $57; pop %rax; syscall
        assert_eq!(numbers(&[0x6a, 57, 0x58, 0x0f, 5], &[]), [Some(57)]);
        // mov $1,%ebx; call +0; mov %ebx,%eax; syscall; syscall
        let code = [0xbb, 1, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x89, 0xd8, 0x0f, 5, 0x0f, 5];
        assert_eq!(numbers(&code, &[10]), [Some(1), None]);
    }

    #[test]
    fn what_is_not_certain_is_unknown() {
        // mov %rdi,%rax; syscall
        assert_eq!(numbers(&[0x48, 0x89, 0xf8, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; a way in; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0x0f, 5], &[5]), [None]);
        // mov $1,%eax; jmp +0; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0xeb, 0, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; call +0; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; add %ecx,%eax; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0x01, 0xc8, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; xchg %eax,%ecx; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0x91, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; mov $2,%ah; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0xb4, 2, 0x0f, 5], &[]), [None]);
        // push $1; mov %rdi,(%rsp); pop %rax; syscall
        assert_eq!(numbers(&[0x6a, 1, 0x48, 0x89, 0x3c, 0x24, 0x58, 0x0f, 5], &[]), [None]);
        // mov $1,%eax; cmove %ecx,%eax; syscall
        assert_eq!(numbers(&[0xb8, 1, 0, 0, 0, 0x0f, 0x44, 0xc1, 0x0f, 5], &[]), [None]);
    }
}
