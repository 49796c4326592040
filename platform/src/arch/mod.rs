//! What differs from one CPU to another: the encoding of its instructions, its registers under ptrace, its system calls.
//!
//! Invariants: no other folder of the workspace names a CPU or compares its instruction bytes; this file alone chooses
//! one. Another CPU is another folder beside `x86_64` that offers the same names.

mod landmark;

#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
use x86_64 as cpu;

#[cfg(not(target_arch = "x86_64"))]
compile_error!("cov-trace measures programs of the x86-64 only");

pub use cpu::*;
pub use landmark::LandmarkKind;
