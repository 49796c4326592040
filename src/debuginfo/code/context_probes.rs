//! Statically defined probes by which a program says in which context it is: notes of SystemTap (sys/sdt.h) of the
//! provider `cov_trace` and the name `context`.

use super::landmarks::Candidate;
use crate::debuginfo::index::{Landmark, LandmarkKind, Svma};
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::text::Text;
use platform::arch::{NOP, ProbeArgument};

/// More than any image has.
const MOST: usize = 4096;

/// A probe as its note describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Probe {
    /// Where its `nop` is, and where `.stapsdt.base` was then.
    at: u64,
    base: u64,
    argument: ProbeArgument,
}

/// The places of an image at which its context is switched, if instructions start there.
pub(super) fn candidates(elf: &Elf<'_>, text: &Text<'_>) -> Vec<Candidate> {
    let moved = elf.section_address(".stapsdt.base");
    let descriptions = elf.notes(".note.stapsdt", b"stapsdt");
    let probes = descriptions.into_iter().take(MOST).filter_map(parse);
    let candidate = |Probe { at, base, argument }: Probe| {
        // A program that was prelinked is elsewhere than its notes say.
        let at = Svma(moved.map_or(at, |moved| at.wrapping_add(moved.0.wrapping_sub(base))));
        let range = text.range_at(at)?;
        let original = *text.bytes_from(range, at).first()?;
        let landmark = Landmark { offset: range.offset_of(at), kind: LandmarkKind::Context(argument), original };
        (original == NOP).then_some(Candidate { at, landmark })
    };
    probes.filter_map(candidate).collect()
}

/// Three addresses, then provider, name and arguments, each with a NUL at its end.
fn parse(description: &[u8]) -> Option<Probe> {
    let (addresses, words) = description.split_at_checked(24)?;
    let address = |place: usize| Some(u64::from_le_bytes(addresses.get(place..place + 8)?.try_into().ok()?));
    let mut words = words.split(|byte| *byte == 0);
    let is_context = words.next() == Some(b"cov_trace") && words.next() == Some(b"context");
    let arguments = words.next().filter(|_| is_context)?;
    let argument = ProbeArgument::parse(std::str::from_utf8(arguments).ok()?)?;
    Some(Probe { at: address(0)?, base: address(8)?, argument })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(words: &str) -> Vec<u8> {
        [0x1000u64, 0x2000, 0].iter().flat_map(|address| address.to_le_bytes()).chain(words.bytes()).collect()
    }

    #[test]
    fn takes_contexts_only_and_what_is_whole() {
        let probe = Probe { at: 0x1000, base: 0x2000, argument: ProbeArgument::Register(7) };
        assert_eq!(parse(&description("cov_trace\0context\08@%rdi\0")), Some(probe));
        for other in ["other\0context\08@%rdi\0", "cov_trace\0other\08@%rdi\0", "cov_trace\0context\0", "cov_trace\0"] {
            assert_eq!(parse(&description(other)), None, "{other}");
        }
        assert_eq!(parse(&[0; 23]), None);
    }
}
