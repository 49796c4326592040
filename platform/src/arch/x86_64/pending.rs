//! What a system call will be told, seen from the instruction that sets its number: the C library often computes an
//! argument between the two.
//!
//! Invariant: only instructions that change registers and nothing else are looked through; any other ends the answer.

use super::encoding::SYSCALL;
use super::registers::pending_args;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};
use libc::user_regs_struct;

/// More than any C library puts between a call's number and the call.
const MOST: usize = 4;

/// The arguments with which `code`, executed at `pc` with `regs`, makes its system call; `None` if it does not do so in
/// a few instructions that only compute.
pub(crate) fn args_at_syscall(code: &[u8], pc: u64, regs: &user_regs_struct) -> Option<[u64; 4]> {
    let mut regs = *regs;
    let mut decoder = Decoder::with_ip(64, code, pc, DecoderOptions::NONE);
    for _ in 0..=MOST {
        if code.get(decoder.position()..)?.starts_with(&SYSCALL) {
            return Some(pending_args(&regs));
        }
        let instruction = decoder.decode();
        let (target, value) = computed(&instruction, &mut regs)?;
        // A 32-bit result clears the upper half.
        *register(&mut regs, target)? = if target.is_gpr32() { value & 0xffff_ffff } else { value };
    }
    None
}

/// Whether `code` makes a system call after at most a few instructions that only compute.
pub fn leads_to_syscall(code: &[u8]) -> bool {
    // SAFETY: all fields are integers, for which zero is a value.
    args_at_syscall(code, 0, &unsafe { std::mem::zeroed() }).is_some()
}

/// The register that an instruction sets, and to what.
fn computed(instruction: &Instruction, regs: &mut user_regs_struct) -> Option<(Register, u64)> {
    let target = (instruction.op0_kind() == OpKind::Register).then(|| instruction.op0_register())?;
    let mut old = || register(regs, target).map(|value| *value);
    let value = match (instruction.mnemonic(), instruction.op1_kind()) {
        (Mnemonic::Lea, OpKind::Memory) => {
            instruction.virtual_address(1, 0, |used, _, _| register(regs, used).map(|value| *value))?
        }
        (Mnemonic::Mov, OpKind::Register) => *register(regs, instruction.op1_register())?,
        (Mnemonic::Xor, OpKind::Register) if instruction.op1_register() == target => 0,
        (_, OpKind::Register) => return None,
        (Mnemonic::Mov, _) => instruction.try_immediate(1).ok()?,
        (Mnemonic::Add, _) => old()?.wrapping_add(instruction.try_immediate(1).ok()?),
        (Mnemonic::Sub, _) => old()?.wrapping_sub(instruction.try_immediate(1).ok()?),
        _ => return None,
    };
    Some((target, value))
}

/// A 64-bit register, or the one whose lower half `name` is.
fn register(regs: &mut user_regs_struct, name: Register) -> Option<&mut u64> {
    if !name.is_gpr32() && !name.is_gpr64() {
        return None;
    }
    Some(match name.full_register() {
        Register::RAX => &mut regs.rax,
        Register::RBX => &mut regs.rbx,
        Register::RCX => &mut regs.rcx,
        Register::RDX => &mut regs.rdx,
        Register::RSI => &mut regs.rsi,
        Register::RDI => &mut regs.rdi,
        Register::RBP => &mut regs.rbp,
        Register::RSP => &mut regs.rsp,
        Register::R8 => &mut regs.r8,
        Register::R9 => &mut regs.r9,
        Register::R10 => &mut regs.r10,
        Register::R11 => &mut regs.r11,
        Register::R12 => &mut regs.r12,
        Register::R13 => &mut regs.r13,
        Register::R14 => &mut regs.r14,
        Register::R15 => &mut regs.r15,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regs() -> user_regs_struct {
        // SAFETY: all fields are integers, for which zero is a value.
        let zero: user_regs_struct = unsafe { std::mem::zeroed() };
        user_regs_struct { rdi: 2, rsi: 0x1000, rbx: 0x5000, rsp: 0x9000, r10: 8, ..zero }
    }

    #[test]
    fn nothing_between_leaves_the_arguments() {
        assert_eq!(args_at_syscall(&[0x0f, 5], 0, &regs()), Some([2, 0x1000, 0, 8]));
    }

    #[test]
    fn what_glibc_computes_between_is_computed() {
        // lea 0x8f0(%rbx),%rsi; syscall
        let based = [0x48, 0x8d, 0xb3, 0xf0, 8, 0, 0, 0x0f, 5];
        assert_eq!(args_at_syscall(&based, 0, &regs()), Some([2, 0x58f0, 0, 8]));
        // lea 0x100(%rip),%rsi; sub $8,%rsp; syscall
        let relative = [0x48, 0x8d, 0x35, 0, 1, 0, 0, 0x48, 0x83, 0xec, 8, 0x0f, 5];
        assert_eq!(args_at_syscall(&relative, 0x7000, &regs()), Some([2, 0x7107, 0, 8]));
        // xor %edi,%edi; mov %rsp,%rsi; mov $8,%r10d; mov $-1,%edx; syscall
        let moved = [0x31, 0xff, 0x48, 0x89, 0xe6, 0x41, 0xba, 8, 0, 0, 0, 0xba, 0xff, 0xff, 0xff, 0xff, 0x0f, 5];
        assert_eq!(args_at_syscall(&moved, 0, &regs()), Some([0, 0x9000, 0xffff_ffff, 8]));
    }

    #[test]
    fn what_does_more_than_compute_ends_the_answer() {
        let ends: [&[u8]; 6] = [
            &[0x48, 0xc7, 4, 0x24, 0x20, 0, 0, 0, 0x0f, 5], // movq $0x20,(%rsp)
            &[0x48, 0x8b, 0x33, 0x0f, 5],                   // mov (%rbx),%rsi
            &[0x74, 2, 0x0f, 5],                            // je
            &[0x40, 0xb6, 1, 0x0f, 5],                      // mov $1,%sil
            &[0x48, 0x89],                                  // cut
            &[0x31, 0xff, 0x31, 0xff, 0x31, 0xff, 0x31, 0xff, 0x31, 0xff, 0x0f, 5],
        ];
        for code in ends {
            assert!(!leads_to_syscall(code), "{code:02x?}");
        }
    }
}
