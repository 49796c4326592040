//! Everything that depends on the CPU.

#[cfg(target_arch = "x86_64")]
#[path = "x86_64_registers.rs"]
pub mod registers;
