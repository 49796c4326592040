//! What is certain of `syscall` instructions: which may make a child with flags of the program's choice, all but those whose
//! number is that of another call; and of which the first argument is a constant.

use super::chunk::{Chunk, To};
use super::decoded::Code;
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::reading::text::Text;
use crate::plan::Bits;
use platform::arch::{self, CallNumber, CallSite};
use std::collections::BTreeSet;
use std::ops::Range;

/// The functions of glibc that make children, or any call, with what their caller gives them. All others of it know
/// their flags, and CLONE_UNTRACED is not among them.
const OF_GLIBC: [&str; 5] = ["clone", "__clone", "clone3", "__clone3", "syscall"];

/// Where a call may have flags of the program's choice: everywhere, or in these ranges.
pub(crate) fn with_free_flags(elf: &Elf<'_>) -> Option<Vec<Range<u64>>> {
    let free = |of: &crate::debuginfo::reading::elf::FunctionSymbol<'_>| OF_GLIBC.iter().any(|name| of.is_named(name));
    let range = |of: crate::debuginfo::reading::elf::FunctionSymbol<'_>| of.start.0..of.start.0.saturating_add(of.size);
    elf.exports("gnu_get_libc_version").then(|| elf.functions().filter(free).map(range).collect())
}

/// Those of the places, which are sorted and at which `syscall` instructions start, that may make a child.
pub(crate) fn making_children(places: &[Svma], code: &Code, text: &Text<'_>) -> BTreeSet<Svma> {
    let may_make = |site: &CallSite| site.number.is_none_or(CallNumber::has_clone_flags);
    let mut making: BTreeSet<Svma> =
        sites_around(places, code, text).iter().filter(|site| may_make(site)).map(|site| Svma(site.at)).collect();
    making.retain(|at| places.binary_search(at).is_ok());
    making
}

/// Those of the places, which are sorted and each lead to a `syscall` instruction, whose call has a constant as its first
/// argument.
pub(crate) fn with_constant_first(places: &[Svma], code: &Code, text: &Text<'_>) -> BTreeSet<Svma> {
    let sites = sites_around(places, code, text);
    let is_constant = |place: &Svma| {
        let site = sites.get(sites.partition_point(|site| site.at <= place.0));
        site.is_some_and(|site| site.first.is_some())
    };
    places.iter().copied().filter(is_constant).collect()
}

/// The `syscall` instructions of the functions in which the places are, in order of address.
fn sites_around(places: &[Svma], code: &Code, text: &Text<'_>) -> Vec<CallSite> {
    let within = |start: Svma, end: Svma| {
        let first = places.partition_point(|place| *place < start);
        places.get(first).is_some_and(|place| *place < end)
    };
    let mut sites = Vec::new();
    for chunk in code.chunks().iter().filter(|chunk| within(chunk.start, chunk.end)) {
        let targets = targets(chunk);
        let comes_in = |at: u64| {
            let bit = chunk.bit(Svma(at));
            chunk.entries.get(bit) || targets.get(bit)
        };
        for cluster in &chunk.clusters {
            for (i, &start) in cluster.starts.iter().enumerate() {
                let end = cluster.starts.get(i + 1).copied().unwrap_or(cluster.end);
                if !within(start, end) {
                    continue;
                }
                let bytes = text.bytes_from(&cluster.range, start);
                let bytes = &bytes[..bytes.len().min((end.0 - start.0) as usize)];
                sites.extend(arch::call_sites(bytes, start.0, comes_in));
            }
        }
    }
    sites
}

/// Where the jumps of a chunk lead, one bit per byte.
fn targets(chunk: &Chunk) -> Bits {
    let mut targets = Bits::clear_of((chunk.end.0 - chunk.start.0) as u32 + 1);
    for lead in &chunk.leads {
        match lead.to {
            To::Place(bit) | To::PlaceOrNext(bit) => targets.put(bit, true),
            To::Out => {}
        }
    }
    targets
}
