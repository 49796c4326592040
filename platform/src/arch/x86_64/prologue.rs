//! Instructions with which functions begin and end, as far as they can be done for a thread: a breakpoint there can stay.

use super::decode;
use super::encoding::RETURN;
use super::registers::{Register, general_register, general_register_mut};
use crate::{Access, Avma, Memory, OsError, Tid, Tracer};
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register as Name};
use libc::user_regs_struct;
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
    /// `test` of two registers, of 64 bits or of 32.
    Test { one: u8, other: u8, is_wide: bool },
    /// `lea` to a register, of 64 bits or of 32, which clears the others.
    Take { to: u8, from: Place, is_wide: bool },
    /// `mov` or `movzx` from memory, of so many bytes, to a register, of which the others are cleared.
    Load { to: u8, from: Place, bytes: u8 },
}

/// An operand in memory: base, index and distance, of which any may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Place {
    base: Base,
    index: Option<u8>,
    scale: u8,
    distance: i64,
}

/// What a distance is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Base {
    Nothing,
    Register(u8),
    /// The instruction itself.
    Here,
}

impl Place {
    /// The operand in memory of an instruction that was decoded at address 0; none in a segment of its own.
    fn of(instruction: &Instruction) -> Option<Place> {
        let segments = [Name::DS, Name::ES, Name::SS];
        if !segments.contains(&instruction.memory_segment()) || instruction.segment_prefix() != Name::None {
            return None;
        }
        let wide = |register: Name| register.is_gpr64().then(|| register.number() as u8);
        let base = match instruction.memory_base() {
            Name::None => Base::Nothing,
            Name::RIP => Base::Here,
            register => Base::Register(wide(register)?),
        };
        let index = match instruction.memory_index() {
            Name::None => None,
            register => Some(wide(register)?),
        };
        // That of a distance from the instruction is an address, which is the distance from address 0.
        let distance = instruction.memory_displacement64() as i64;
        Some(Place { base, index, scale: instruction.memory_index_scale() as u8, distance })
    }

    /// Its address, for an instruction at `at`.
    fn address(self, regs: &user_regs_struct, at: Avma) -> Avma {
        let base = match self.base {
            Base::Nothing => 0,
            Base::Register(register) => general_register(regs, register),
            Base::Here => at.0,
        };
        let index = self.index.map_or(0, |index| general_register(regs, index).wrapping_mul(self.scale.into()));
        Avma(base.wrapping_add(index).wrapping_add_signed(self.distance))
    }
}

impl FirstInstruction {
    /// The instruction that code begins with, if it is one of these.
    pub fn of(code: &[u8]) -> Option<FirstInstruction> {
        let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let (len, byte) = (instruction.len() as u8, *code.first()?);
        let register =
            |operand| (instruction.op_kind(operand) == OpKind::Register).then(|| instruction.op_register(operand));
        let number = |register: Name| register.number() as u8;
        let does = match instruction.mnemonic() {
            Mnemonic::Endbr64 => Does::Nothing,
            Mnemonic::Push => Does::Push(number(register(0).filter(|register| register.is_gpr64())?)),
            Mnemonic::Sub if register(0) == Some(Name::RSP) && register(1).is_none() => {
                let bytes = instruction.try_immediate(1).ok()?;
                Does::Reserve(u32::try_from(bytes).ok().filter(|bytes| *bytes <= i32::MAX as u32)?)
            }
            Mnemonic::Mov if instruction.op1_kind() == OpKind::Immediate32 => {
                let to = register(0).filter(|register| register.is_gpr32())?;
                Does::Set { to: number(to), number: instruction.immediate32() }
            }
            Mnemonic::Mov | Mnemonic::Movzx if instruction.op1_kind() == OpKind::Memory => {
                let to = register(0).filter(|to| to.is_gpr64() || to.is_gpr32())?;
                Does::Load {
                    to: number(to),
                    from: Place::of(&instruction)?,
                    bytes: instruction.memory_size().size() as u8,
                }
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
            Mnemonic::Test => {
                let (one, other) = register(0).zip(register(1))?;
                let is_wide = one.is_gpr64();
                (is_wide || one.is_gpr32()).then(|| Does::Test { one: number(one), other: number(other), is_wide })?
            }
            Mnemonic::Lea => {
                let to = register(0).filter(|to| to.is_gpr64() || to.is_gpr32())?;
                Does::Take { to: number(to), from: Place::of(&instruction)?, is_wide: to.is_gpr64() }
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
    /// If the stack cannot be written to, or the memory not be read by the thread itself; then nothing was done.
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
                *general_register_mut(&mut regs, to) = as_wide_as(value, is_wide);
            }
            Does::Set { to, number } => *general_register_mut(&mut regs, to) = number.into(),
            Does::Clear(to) => {
                *general_register_mut(&mut regs, to) = 0;
                regs.eflags = flags(regs.eflags, 0, 0, 0);
            }
            Does::Test { one, other, is_wide } => {
                let both = general_register(&regs, one) & general_register(&regs, other);
                regs.eflags = flags_of_both(regs.eflags, both, is_wide);
            }
            Does::Take { to, from, is_wide } => {
                let address = from.address(&regs, at).0;
                *general_register_mut(&mut regs, to) = as_wide_as(address, is_wide);
            }
            Does::Load { to, from, bytes } => {
                let mut loaded = [0; 8];
                // Not what only a tracer may read: then the thread is to fault.
                Memory::read_of(access.tid, from.address(&regs, at), &mut loaded[..usize::from(bytes.min(8))])?;
                *general_register_mut(&mut regs, to) = u64::from_le_bytes(loaded);
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

/// The flags after `test` of two numbers that have these ones in common: those after nothing was taken from them.
fn flags_of_both(before: u64, both: u64, is_wide: bool) -> u64 {
    // Of 32 bits the sign is the highest of these.
    let both = if is_wide { both } else { i64::from(both as i32) as u64 };
    flags(before, both, 0, both)
}

/// What a register of 64 bits holds of a number, or one of 32 that clears the others.
fn as_wide_as(value: u64, is_wide: bool) -> u64 {
    if is_wide { value } else { u64::from(value as u32) }
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

/// The argument of this number of a function that a stopped thread is about to run, if it is a number or a pointer; none for
/// those that are on the stack (System V ABI, 3.2.3).
///
/// # Errors
/// If the thread is gone.
pub fn argument(tracer: &Tracer, tid: Tid, number: usize) -> Result<Option<u64>, OsError> {
    const REGISTERS: [u8; 6] = [7, 6, 2, 1, 8, 9];
    let regs = tracer.registers(tid)?;
    Ok(REGISTERS.get(number).map(|register| general_register(&regs, *register)))
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
        assert_eq!(of(&[0x48, 0x85, 0xff]), Some((Does::Test { one: 7, other: 7, is_wide: true }, 3)));
        assert_eq!(of(&[0x85, 0xf7]), Some((Does::Test { one: 7, other: 6, is_wide: false }, 2)));
        let place = |base, index, scale, distance| Place { base, index, scale, distance };
        let rdi = Base::Register(7);
        // mov 8(%rdi),%rax; mov (%rdi,%rcx,4),%eax; mov 0x10(%rip),%rax; movzbl -1(%rdi),%eax; movzwl (%rdi),%eax
        assert_eq!(load(&[0x48, 0x8b, 0x47, 8]), (place(rdi, None, 1, 8), 8));
        assert_eq!(load(&[0x8b, 4, 0x8f]), (place(rdi, Some(1), 4, 0), 4));
        assert_eq!(load(&[0x48, 0x8b, 5, 0x10, 0, 0, 0]), (place(Base::Here, None, 1, 0x17), 8));
        assert_eq!(load(&[0x0f, 0xb6, 0x47, 0xff]), (place(rdi, None, 1, -1), 1));
        assert_eq!(load(&[0x0f, 0xb7, 7]), (place(rdi, None, 1, 0), 2));
        // lea -8(%rdi),%rax; lea (%rdi,%rdi,2),%eax
        let take = |from, is_wide| Does::Take { to: 0, from, is_wide };
        assert_eq!(of(&[0x48, 0x8d, 0x47, 0xf8]), Some((take(place(rdi, None, 1, -8), true), 4)));
        assert_eq!(of(&[0x8d, 4, 0x7f]), Some((take(place(rdi, Some(7), 2, 0), false), 3)));
        // sub $-8, of another register, a push of memory, a mov from %fs:0, to memory, of a byte, a movsx, a lea of 32 bits,
        // a test of bytes, of memory, a xor of two, a ret, nothing.
        let others: [&[u8]; 13] = [
            &[0x48, 0x83, 0xec, 0xf8],
            &[0x48, 0x83, 0xe8, 0x18],
            &[0xff, 0x36],
            &[0x64, 0x48, 0x8b, 4, 0x25, 0, 0, 0, 0],
            &[0x48, 0x89, 0x07],
            &[0x8a, 0x07],
            &[0x0f, 0xbe, 0x07],
            &[0x67, 0x8d, 0x47, 8],
            &[0x84, 0xc0],
            &[0x48, 0x85, 0x07],
            &[0x31, 0xc8],
            &[0xc3],
            &[],
        ];
        for other in others {
            assert_eq!(of(other), None, "{other:x?}");
        }
    }

    fn load(code: &[u8]) -> (Place, u8) {
        match of(code) {
            Some((Does::Load { to: 0, from, bytes }, len)) if usize::from(len) == code.len() => (from, bytes),
            other => panic!("{code:x?}: {other:?}"),
        }
    }

    #[test]
    fn an_address_is_made_of_all_parts() {
        // SAFETY: a user_regs_struct is plain old data, for which zero is a value.
        let mut regs: user_regs_struct = unsafe { std::mem::zeroed() };
        (regs.rdi, regs.rcx) = (0x1000, 3);
        let place = |base, index, distance| Place { base, index, scale: 8, distance };
        assert_eq!(place(Base::Register(7), Some(1), -8).address(&regs, Avma(0x50)), Avma(0x1010));
        assert_eq!(place(Base::Here, None, 0x17).address(&regs, Avma(0x50)), Avma(0x67));
        assert_eq!(place(Base::Nothing, None, -1).address(&regs, Avma(0x50)), Avma(u64::MAX));
    }

    /// The flags that the CPU has after it, as far as `test` defines them.
    fn tested(one: u64, other: u64, is_wide: bool) -> u64 {
        let flags: u64;
        // SAFETY: only flags and a register change, and the stack is as before.
        unsafe {
            if is_wide {
                std::arch::asm!("test {}, {}", "pushfq", "pop {}", in(reg) one, in(reg) other, out(reg) flags);
            } else {
                std::arch::asm!("test {:e}, {:e}", "pushfq", "pop {}", in(reg) one, in(reg) other, out(reg) flags);
            }
        }
        flags & 0x8c5
    }

    #[test]
    fn flags_are_those_of_a_test() {
        let numbers = [0, 1, 3, 0x80, 0x100, 1 << 31, 1 << 32, 1 << 63, u64::MAX, 0xfedc_ba98_7654_3210];
        for one in numbers {
            for other in numbers {
                for is_wide in [false, true] {
                    let found = flags_of_both(0x8d5 | 2, one & other, is_wide);
                    assert_eq!(found & 0x8c5, tested(one, other, is_wide), "{one:#x} {other:#x} {is_wide}");
                    assert_eq!(found & !0x8d5, 2, "others stay");
                }
            }
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
