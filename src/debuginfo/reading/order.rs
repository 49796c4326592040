//! How far a compiler keeps the code of a line together, as the producer of a unit tells.

use super::optimized::says_optimized;
use super::rows::Evidence;

/// How the code of lines is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeOrder {
    /// As in the source: GCC without optimization.
    Kept,
    /// By LLVM, which takes the line away from what it moves. What begins no statement is another column, or a line again.
    Named,
    /// Code that is alike may be one, with the line of one place: GCC with optimization, and who says nothing.
    Mixed,
}

impl CodeOrder {
    /// That of what a producer makes.
    pub(crate) fn of(producer: &[u8]) -> CodeOrder {
        let says = |text: &[u8]| memchr::memmem::find(producer, text).is_some();
        if says(b"clang") || says(b"LLVM") {
            CodeOrder::Named
        } else if producer.starts_with(b"GNU ") && !says_optimized(producer) {
            CodeOrder::Kept
        } else {
            CodeOrder::Mixed
        }
    }

    /// Whether who comes into the middle of a row comes to its line.
    pub(crate) fn tells_inside(self) -> bool {
        self != CodeOrder::Mixed
    }

    /// What the beginning of code tells that was inlined: where code that is alike is one, no more than a statement.
    pub(crate) fn of_inlined(self) -> Evidence {
        if self == CodeOrder::Mixed { Evidence::Passing } else { Evidence::Inlined }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_producer_tells_the_order() {
        for (producer, order) in [
            ("GNU C17 12.2.0 -mtune=generic -g -O0", CodeOrder::Kept),
            ("GNU C++17 12.2.0 -g", CodeOrder::Kept),
            ("GNU C17 12.2.0 -g -Og", CodeOrder::Mixed),
            ("GNU C17 12.2.0", CodeOrder::Mixed),
            ("Debian clang version 14.0.6", CodeOrder::Named),
            ("clang LLVM (rustc version 1.95.0)", CodeOrder::Named),
            ("Go cmd/compile go1.20", CodeOrder::Mixed),
        ] {
            assert_eq!(CodeOrder::of(producer.as_bytes()), order, "{producer}");
        }
    }
}
