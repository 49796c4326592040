//! ELF and DWARF as they stand in the file: text, symbols, units, rows of line programs, subprograms.

pub(crate) mod elf;
mod line_program;
pub(crate) mod line_rows;
pub(crate) mod linked;
pub(crate) mod names;
pub(crate) mod optimized;
pub(crate) mod order;
pub(crate) mod paths;
pub(crate) mod portions;
pub(crate) mod rows;
pub(crate) mod sections;
pub(crate) mod subprograms;
pub(crate) mod survey;
pub(crate) mod text;
pub(crate) mod units;

/// Bytes of a debug section.
pub(crate) type Bytes<'a> = gimli::EndianSlice<'a, gimli::LittleEndian>;
