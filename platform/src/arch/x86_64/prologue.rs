//! Instructions with which functions begin and end, as far as they can be done for a thread: a breakpoint there can stay.

use super::decode;
use super::encoding::RETURN;
use super::registers::{Register, general_register, general_register_mut};
use crate::{Access, Avma, OsError, Tid, Tracer};
use iced_x86::{Decoder, DecoderOptions, Mnemonic, OpKind};
use serde::{Deserialize, Serialize};

/// The first instruction of a function. Registers are by number, lengths in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FirstInstruction {
    does: Does,
    byte: u8,
    len: u8,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Does {
    /// `endbr64`.
    Nothing,
    /// `push` of a register.
    Push(u8),
    /// `sub $bytes, %rsp`.
    Reserve(u32),
    /// `mov` of one register to another, of 64 bits or of 32, which clears the others.
    Copy { from: u8, to: u8, is_wide: bool },
    /// `mov` of a number of 32 bits to a register, which clears the others.
    Set { to: u8, number: u32 },
    /// `xor` of a register with itself.
    Clear(u8),
}

impl FirstInstruction {
    /// The instruction that code begins with, if it is one of these.
    pub fn of(code: &[u8]) -> Option<FirstInstruction> {
        let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let (len, byte) = (instruction.len() as u8, *code.first()?);
        let register =
            |operand| (instruction.op_kind(operand) == OpKind::Register).then(|| instruction.op_register(operand));
        let number = |register: iced_x86::Register| register.number() as u8;
        let does = match instruction.mnemonic() {
            Mnemonic::Endbr64 => Does::Nothing,
            Mnemonic::Push => Does::Push(number(register(0).filter(|register| register.is_gpr64())?)),
            Mnemonic::Sub if register(0) == Some(iced_x86::Register::RSP) && register(1).is_none() => {
                let bytes = instruction.try_immediate(1).ok()?;
                Does::Reserve(u32::try_from(bytes).ok().filter(|bytes| *bytes <= i32::MAX as u32)?)
            }
            Mnemonic::Mov if instruction.op1_kind() == OpKind::Immediate32 => {
                let to = register(0).filter(|register| register.is_gpr32())?;
                Does::Set { to: number(to), number: instruction.immediate32() }
            }
            Mnemonic::Mov => {
                let (to, from) = register(0).zip(register(1))?;
                let is_wide = to.is_gpr64() && from.is_gpr64();
                (is_wide || (to.is_gpr32() && from.is_gpr32())).then(|| Does::Copy {
                    from: number(from),
                    to: number(to),
                    is_wide,
                })?
            }
            Mnemonic::Xor => {
                let (to, from) = register(0).zip(register(1))?;
                Does::Clear(number(Some(to).filter(|to| *to == from && to.is_gpr32())?))
            }
            _ => return None,
        };
        Some(FirstInstruction { does, byte, len })
    }

    /// The byte that it begins with.
    pub(crate) fn first_byte(self) -> u8 {
        self.byte
    }

    /// Does what it does for a thread that is to execute it at `at`.
    ///
    /// # Errors
    /// If the stack cannot be written to; then nothing was done.
    pub fn emulate(self, access: &Access<'_>, at: Avma) -> Result<(), OsError> {
        let mut regs = access.tracer.registers(access.tid)?;
        match self.does {
            Does::Nothing => {}
            Does::Push(from) => {
                let value = general_register(&regs, from);
                regs.rsp = regs.rsp.wrapping_sub(8);
                access.write(Avma(regs.rsp), &value.to_ne_bytes())?;
            }
            Does::Reserve(bytes) => {
                let (before, bytes) = (regs.rsp, u64::from(bytes));
                regs.rsp = before.wrapping_sub(bytes);
                regs.eflags = flags(regs.eflags, before, bytes, regs.rsp);
            }
            Does::Copy { from, to, is_wide } => {
                let value = general_register(&regs, from);
                *general_register_mut(&mut regs, to) = if is_wide { value } else { u64::from(value as u32) };
            }
            Does::Set { to, number } => *general_register_mut(&mut regs, to) = number.into(),
            Does::Clear(to) => {
                *general_register_mut(&mut regs, to) = 0;
                regs.eflags = flags(regs.eflags, 0, 0, 0);
            }
        }
        regs.rip = at.0 + u64::from(self.len);
        access.tracer.set_registers(access.tid, &regs)
    }
}

/// The flags after `less` was taken from `before`.
fn flags(flags: u64, before: u64, less: u64, after: u64) -> u64 {
    let carry = u64::from(before < less);
    let parity = u64::from((after as u8).count_ones().is_multiple_of(2)) << 2;
    let adjust = (before ^ less ^ after) & 0x10;
    let zero = u64::from(after == 0) << 6;
    let sign = (after >> 63) << 7;
    let overflow = (((before ^ less) & (before ^ after)) >> 63) << 11;
    (flags & !0x8d5) | carry | parity | adjust | zero | sign | overflow
}

/// Where the returns of a function are, from its start; `None` if its bytes are not all instructions.
pub fn returns(code: &[u8]) -> Option<Vec<usize>> {
    let mut returns = Vec::new();
    for instruction in decode::instructions(code, 0) {
        if !instruction.valid {
            return None;
        }
        if instruction.len == 1 && code[instruction.offset] == RETURN {
            returns.push(instruction.offset);
        }
    }
    Some(returns)
}

/// Where the stack of a thread ends that is stopped.
///
/// # Errors
/// If the thread is gone.
pub fn stack_pointer(tracer: &Tracer, tid: Tid) -> Result<Avma, OsError> {
    tracer.peek_register(tid, Register::SP).map(Avma)
}

#[cfg(test)]
mod tests {
    use super::super::encoding::BRANCH_LANDING;
    use super::*;

    fn of(code: &[u8]) -> Option<(Does, u8)> {
        FirstInstruction::of(code).map(|first| (first.does, first.len))
    }

    #[test]
    fn knows_what_functions_begin_with() {
        assert_eq!(of(&[0xf3, 0x0f, 0x1e, 0xfa, 0x55]), Some((Does::Nothing, BRANCH_LANDING.len() as u8)));
        assert_eq!(of(&[0x55, 0x48]), Some((Does::Push(5), 1)));
        assert_eq!(of(&[0x41, 0x57]), Some((Does::Push(15), 2)));
        assert_eq!(of(&[0x48, 0x83, 0xec, 0x18]), Some((Does::Reserve(0x18), 4)));
        assert_eq!(of(&[0x48, 0x81, 0xec, 0, 1, 0, 0]), Some((Does::Reserve(0x100), 7)));
        assert_eq!(of(&[0x48, 0x89, 0xfb]), Some((Does::Copy { from: 7, to: 3, is_wide: true }, 3)));
        assert_eq!(of(&[0x89, 0xf8]), Some((Does::Copy { from: 7, to: 0, is_wide: false }, 2)));
        assert_eq!(of(&[0xb8, 1, 0, 0, 0]), Some((Does::Set { to: 0, number: 1 }, 5)));
        assert_eq!(of(&[0x31, 0xc0]), Some((Does::Clear(0), 2)));
        // sub $-8, of another register, a push of memory, a mov from memory, a xor of two, a ret, nothing.
        let others: [&[u8]; 7] = [
            &[0x48, 0x83, 0xec, 0xf8],
            &[0x48, 0x83, 0xe8, 0x18],
            &[0xff, 0x36],
            &[0x48, 0x8b, 0x07],
            &[0x31, 0xc8],
            &[0xc3],
            &[],
        ];
        for other in others {
            assert_eq!(of(other), None, "{other:x?}");
        }
    }

    #[test]
    fn flags_are_those_of_a_subtraction() {
        assert_eq!(flags(0x8d5 | 2, 0x1000, 0x10, 0xff0), 2 | 4);
        assert_eq!(flags(0, 0, 0, 0), 0x44);
        assert_eq!(flags(0, 0, 1, u64::MAX), 1 | 4 | 0x10 | 0x80);
        assert_eq!(flags(0, 1 << 63, 1, (1 << 63) - 1), 4 | 0x10 | 0x800);
    }

    #[test]
    fn returns_are_instructions() {
        assert_eq!(returns(&[0x74, 1, 0xc3, 0xb8, 0xc3, 0, 0, 0, 0xc3]), Some(vec![2, 8]));
        assert_eq!(returns(&[0x06, 0xc3]), None);
    }
}
