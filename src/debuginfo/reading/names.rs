//! Mangled names to those of the source.
//!
//! Invariant: a name grows to [`LONGEST_DEMANGLED`] at most. Mangled names refer back to their own parts, so that a few
//! hundred bytes can stand for gigabytes.

use crate::debuginfo::error::{Budget, IndexError};
use std::fmt;

/// Longest name, in bytes, that is shown demangled; beyond it the mangled one is.
const LONGEST_DEMANGLED: usize = 1 << 16;

/// The demangled form of a Rust or C++ name, or the name itself if it is neither or absurd.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn demangle(name: &[u8], budget: &mut Budget) -> Result<String, IndexError> {
    let name = String::from_utf8_lossy(name);
    // Rust first: its older names look like C++ ones.
    let demangled = addr2line::demangle(&name, gimli::DW_LANG_Rust).or_else(|| demangle_cpp(&name));
    budget.spend(demangled.as_ref().map_or(name.len(), String::len))?;
    Ok(demangled.filter(|d| d.len() <= LONGEST_DEMANGLED).unwrap_or_else(|| name.into_owned()))
}

fn demangle_cpp(name: &str) -> Option<String> {
    // Without the prefix it is a name of C, such as `i`, which would be read as a type.
    if !name.trim_start_matches('_').starts_with('Z') || !name.starts_with('_') {
        return None;
    }
    let mut out = Bounded(String::new());
    let symbol = cpp_demangle::Symbol::new(name).ok()?;
    symbol.structured_demangle(&mut out, &cpp_demangle::DemangleOptions::default()).ok()?;
    Some(out.0)
}

/// Fails where a name grows too long, which ends the demangling.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > LONGEST_DEMANGLED {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demangled(name: &str) -> String {
        demangle(name.as_bytes(), &mut Budget::for_bytes(0)).expect("budget")
    }

    #[test]
    fn each_language_has_its_names() {
        assert_eq!(demangled("_ZN3foo3barEv"), "foo::bar()");
        assert_eq!(demangled("_ZN3foo3bar17h05af221e174051e9E"), "foo::bar");
        assert_eq!(demangled("_RNvC6_123foo3bar"), "123foo::bar");
        assert_eq!(demangled("main.main"), "main.main");
        assert_eq!(
            ["i", "St", "PKc", "N3fooE", "u3foo", "Z"].map(demangled),
            ["i", "St", "PKc", "N3fooE", "u3foo", "Z"]
        );
        assert_eq!(demangle(b"\xff", &mut Budget::for_bytes(0)), Ok("\u{fffd}".to_owned()));
    }

    #[test]
    fn a_name_that_doubles_with_every_part_stays_as_it_is() {
        let digit = |n: usize| char::from_digit(n as u32, 36).expect("digit").to_ascii_uppercase();
        let bomb = |parts: usize| {
            let part = |i: usize| format!("1bIS{0}_S{0}_E", digit(2 * i));
            format!("_Z1fI1aS_{}Evv", (0..parts).map(part).collect::<String>())
        };
        assert!(demangled(&bomb(5)).starts_with("void f<a,"));
        assert_eq!(demangled(&bomb(17)), bomb(17));
    }
}
