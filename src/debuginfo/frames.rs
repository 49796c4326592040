//! The functions that call frame information knows: one range per FDE of `.eh_frame` and `.debug_frame`.
//!
//! Invariant: each entry of a section is read once, in order; an FDE finds its CIE among those read before it.

use std::collections::HashMap;

use gimli::{BaseAddresses, CieOrFde, DebugFrame, EhFrame, EndianSlice, LittleEndian, UnwindOffset, UnwindSection};

use super::elf::Elf;
use super::index::Svma;
use super::shortfall::{Shortfall, Shortfalls};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Adds the range of every FDE.
pub(super) fn collect(elf: &Elf<'_>, functions: &mut Vec<(Svma, Svma)>, shortfalls: &mut Shortfalls) {
    let address = |name| elf.section_address(name).unwrap_or(Svma(0)).0;
    let bases = BaseAddresses::default()
        .set_eh_frame(address(".eh_frame"))
        .set_eh_frame_hdr(address(".eh_frame_hdr"))
        .set_text(address(".text"))
        .set_got(address(".got"));
    match elf.section_data(".eh_frame") {
        None => shortfalls.add(Shortfall::UnreadableSection),
        Some(data) => {
            let mut frames = EhFrame::new(&data, LittleEndian);
            frames.set_address_size(8);
            section(&frames, &bases, functions, shortfalls);
        }
    }
    match elf.section_data(".debug_frame") {
        None => shortfalls.add(Shortfall::UnreadableSection),
        Some(data) => {
            let mut frames = DebugFrame::new(&data, LittleEndian);
            frames.set_address_size(8);
            section(&frames, &bases, functions, shortfalls);
        }
    }
}

fn section<'a, S: UnwindSection<Bytes<'a>>>(
    frames: &S,
    bases: &BaseAddresses,
    functions: &mut Vec<(Svma, Svma)>,
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
                        let start = fde.initial_address();
                        functions.push((Svma(start), Svma(start.saturating_add(fde.len()))));
                    }
                    Err(_) => shortfalls.add(Shortfall::MalformedFrames),
                }
            }
            Err(_) => return shortfalls.add(Shortfall::MalformedFrames),
        }
    }
}
