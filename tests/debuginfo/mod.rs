//! `cov_trace::debuginfo` against real compilers, an independent reader of DWARF, and damaged files.

mod code_digests;
mod damage;
mod handmade;
mod hostile;
mod landmarks;
mod objdump;
mod parts;
mod programs;
mod rows;
mod threads;
mod versions;
