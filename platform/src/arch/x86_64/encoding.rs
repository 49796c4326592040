//! The instructions of the x86-64 that are known by their bytes.

/// `e_machine` of the ELF files whose code this decodes (EM_X86_64).
pub const ELF_MACHINE: u16 = 62;

/// `int3`, the one-byte breakpoint, which raises SIGTRAP.
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

/// `mov $56, %edi` and `mov $435, %edi`: clone and clone3 as the first argument of a function.
pub const CLONE_ARGUMENTS: [[u8; 5]; 2] = [[0xbf, 56, 0, 0, 0], [0xbf, 0xb3, 1, 0, 0]];

/// `mov $13, %eax`: the number of rt_sigaction.
pub const RT_SIGACTION_NUMBER: [u8; 5] = [0xb8, 13, 0, 0, 0];

/// The length of the longest instruction, in bytes.
pub const LONGEST: usize = 15;

/// First byte of `mov $imm32, %eax`.
pub(crate) const MOV_EAX: u8 = 0xb8;

/// Length in bytes of `mov $imm32, %eax` and of `mov $imm32, %edi`.
pub const MOV_LEN: u64 = 5;

/// The `syscall` instruction.
pub const SYSCALL: [u8; 2] = [0x0f, 0x05];
