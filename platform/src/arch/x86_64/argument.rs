//! Where the argument of a statically defined probe is (SystemTap's notes, sys/sdt.h): in a register, in memory beside
//! one, or a constant, as assemblers of AT&T's syntax write operands.

use super::registers::general_register;
use crate::{Access, Avma, OsError};
use serde::{Deserialize, Serialize};

/// The general registers, in the order in which instructions count them.
const NAMES: [&str; 16] =
    ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

/// An argument that is a pointer. Registers are by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ProbeArgument {
    /// It is in a register.
    Register(u8),
    /// It is always the same.
    Constant(u64),
    /// It is in memory, so far from where a register points to.
    Memory {
        /// The register.
        base: u8,
        /// How far.
        offset: i32,
    },
}

impl ProbeArgument {
    /// Parses the first of the arguments of a probe, such as `8@%rdi`, `-8@-24(%rbp)` or `8@$4198404`; `None` if it is not as
    /// large as a pointer, or somewhere else.
    pub fn parse(arguments: &str) -> Option<ProbeArgument> {
        let (size, operand) = arguments.split_ascii_whitespace().next()?.split_once('@')?;
        if size.trim_start_matches('-') != "8" {
            return None;
        }
        if let Some(constant) = operand.strip_prefix('$') {
            let constant = constant.parse().or_else(|_| constant.parse::<i64>().map(|signed| signed as u64));
            return constant.ok().map(ProbeArgument::Constant);
        }
        match operand.strip_suffix(')').and_then(|memory| memory.split_once('(')) {
            Some((offset, base)) => {
                let offset = if offset.is_empty() { 0 } else { offset.parse().ok()? };
                Some(ProbeArgument::Memory { base: register(base)?, offset })
            }
            None => register(operand).map(ProbeArgument::Register),
        }
    }

    /// Its value for a thread that is stopped at the probe.
    ///
    /// # Errors
    /// If it is in memory that is not mapped.
    pub fn read(self, access: &Access<'_>) -> Result<u64, OsError> {
        let regs = access.tracer.registers(access.tid)?;
        match self {
            ProbeArgument::Constant(value) => Ok(value),
            ProbeArgument::Register(number) => Ok(general_register(&regs, number)),
            ProbeArgument::Memory { base, offset } => {
                access.word(Avma(general_register(&regs, base).wrapping_add_signed(offset.into())))
            }
        }
    }
}

fn register(name: &str) -> Option<u8> {
    let name = name.strip_prefix('%')?;
    NAMES.iter().position(|known| *known == name).map(|number| number as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_compilers_write() {
        let parsed = ProbeArgument::parse;
        assert_eq!(parsed("8@%rdi"), Some(ProbeArgument::Register(7)));
        assert_eq!(parsed("-8@%r15 4@%eax"), Some(ProbeArgument::Register(15)));
        assert_eq!(parsed("8@-24(%rbp)"), Some(ProbeArgument::Memory { base: 5, offset: -24 }));
        assert_eq!(parsed("8@(%rsp)"), Some(ProbeArgument::Memory { base: 4, offset: 0 }));
        assert_eq!(parsed("8@$4198404"), Some(ProbeArgument::Constant(4_198_404)));
        assert_eq!(parsed("-8@$-1"), Some(ProbeArgument::Constant(u64::MAX)));
        for other in
            ["", "4@%eax", "8@%xmm0", "8@8(%rax,%rbx,2)", "8@label(%rip)", "8@$", "@%rdi", "8@%", "8@99999999999(%rbp)"]
        {
            assert_eq!(parsed(other), None, "{other}");
        }
    }
}
