//! What cov-trace asks of the kernel and the CPU.

pub mod arch;
