//! The functions that call frame information knows, one range per FDE of `.eh_frame` and `.debug_frame`, and where they
//! catch exceptions.
//!
//! Invariant: each entry of a section is read once, in order; an FDE finds its CIE among those read before it.

use crate::debuginfo::reading::Bytes;
use gimli::{BaseAddresses, CieOrFde, DebugFrame, EhFrame, LittleEndian, Pointer, UnwindOffset, UnwindSection};
use std::collections::HashMap;

use super::lsda;
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::Elf;
use crate::debuginfo::shortfall::{Shortfall, Shortfalls};

/// What call frame information says.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// Functions, as (start, end).
    pub(crate) functions: Vec<(Svma, Svma)>,
    /// Where exceptions come in.
    pub(crate) landing_pads: Vec<Svma>,
    /// The tables that say so, each with the start of its function.
    pub(crate) tables: Vec<(Svma, Svma)>,
    /// Whether there may be more places where they come in.
    pub(crate) is_opaque: bool,
}

/// Reads every FDE.
pub(crate) fn read(elf: &Elf<'_>, shortfalls: &mut Shortfalls) -> Frames {
    let mut found = Frames::default();
    let address = |name| elf.section_address(name).unwrap_or(Svma(0)).0;
    let bases = BaseAddresses::default()
        .set_eh_frame(address(".eh_frame"))
        .set_eh_frame_hdr(address(".eh_frame_hdr"))
        .set_text(address(".text"))
        .set_got(address(".got"));
    match elf.section_data(".eh_frame") {
        None => {
            found.is_opaque = true;
            shortfalls.add(Shortfall::UnreadableSection);
        }
        Some(data) => {
            found.is_opaque |= goes_on_behind_its_end(&data);
            let mut frames = EhFrame::new(&data, LittleEndian);
            frames.set_address_size(8);
            section(&frames, &bases, elf, &mut found, shortfalls);
        }
    }
    match elf.section_data(".debug_frame") {
        None => shortfalls.add(Shortfall::UnreadableSection),
        Some(data) => {
            let mut frames = DebugFrame::new(&data, LittleEndian);
            frames.set_address_size(8);
            section(&frames, &bases, elf, &mut found, shortfalls);
        }
    }
    found
}

fn section<'a, S: UnwindSection<Bytes<'a>>>(
    frames: &S,
    bases: &BaseAddresses,
    elf: &Elf<'_>,
    found: &mut Frames,
    shortfalls: &mut Shortfalls,
) {
    let mut cies = HashMap::new();
    let mut entries = frames.entries(bases);
    loop {
        match entries.next() {
            Ok(None) => return,
            Ok(Some(CieOrFde::Cie(cie))) => {
                cies.insert(cie.offset(), cie);
            }
            Ok(Some(CieOrFde::Fde(fde))) => {
                let cie = |_: &S, _: &BaseAddresses, offset: S::Offset| {
                    cies.get(&UnwindOffset::into(offset)).cloned().ok_or(gimli::Error::NotCieId(0))
                };
                match fde.parse(cie) {
                    Ok(fde) => {
                        let start = Svma(fde.initial_address());
                        found.functions.push((start, Svma(start.0.saturating_add(fde.len()))));
                        if let Some(Pointer::Direct(table)) = fde.lsda() {
                            found.tables.push((start, Svma(table)));
                        }
                        match fde.lsda() {
                            None => {}
                            Some(Pointer::Direct(table))
                                if lsda::landing_pads(elf.bytes_at(Svma(table)), start, &mut found.landing_pads) => {}
                            Some(Pointer::Direct(_) | Pointer::Indirect(_)) => found.is_opaque = true,
                        }
                    }
                    Err(_) => {
                        found.is_opaque = true;
                        shortfalls.add(Shortfall::MalformedFrames);
                    }
                }
            }
            Err(_) => {
                found.is_opaque = true;
                return shortfalls.add(Shortfall::MalformedFrames);
            }
        }
    }
}

/// Whether entries follow the one that ends the list, which a runtime still finds through its index.
fn goes_on_behind_its_end(mut section: &[u8]) -> bool {
    const FOLLOWED_BY_64_BITS: u64 = 0xffff_ffff;
    loop {
        let Some((head, rest)) = section.split_first_chunk::<4>() else { return false };
        let (len, rest) = match (u64::from(u32::from_le_bytes(*head)), rest.split_first_chunk::<8>()) {
            (0, _) => return rest.iter().any(|byte| *byte != 0),
            (FOLLOWED_BY_64_BITS, Some((len, rest))) => (u64::from_le_bytes(*len), rest),
            (len, _) => (len, rest),
        };
        // What is cut off is reported by its reader.
        let Some(next) = usize::try_from(len).ok().and_then(|len| rest.get(len..)) else { return false };
        section = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_end_of_the_list_is_noticed() {
        let entry = [4, 0, 0, 0, 1, 2, 3, 4];
        let wide = [0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 7, 7];
        let end = [0; 4];
        assert!(!goes_on_behind_its_end(&[&entry[..], &wide, &end].concat()));
        assert!(!goes_on_behind_its_end(&[&entry[..], &end, &end].concat()));
        assert!(goes_on_behind_its_end(&[&wide[..], &end, &entry, &end].concat()));
        assert!(!goes_on_behind_its_end(&entry[..7]));
    }
}
