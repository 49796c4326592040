//! The functions that call frame information knows, one range per FDE of `.eh_frame` and `.debug_frame`, and where they
//! catch exceptions.
//!
//! Invariant: each entry of a section is read once, in order; an FDE finds its CIE among those read before it.

use std::collections::HashMap;

use gimli::{
    BaseAddresses, CieOrFde, DebugFrame, EhFrame, EndianSlice, LittleEndian, Pointer, UnwindOffset, UnwindSection,
};

use super::elf::Elf;
use super::index::Svma;
use super::lsda;
use super::shortfall::{Shortfall, Shortfalls};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// What call frame information says.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Functions, as (start, end).
    pub(super) functions: Vec<(Svma, Svma)>,
    /// Where exceptions come in.
    pub(super) landing_pads: Vec<Svma>,
    /// Functions, as (start, end), of which that cannot be told.
    pub(super) opaque: Vec<(Svma, Svma)>,
}

/// Reads every FDE.
pub(super) fn read(elf: &Elf<'_>, shortfalls: &mut Shortfalls) -> Frames {
    let mut found = Frames::default();
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
                        let function = (start, Svma(start.0.saturating_add(fde.len())));
                        found.functions.push(function);
                        match fde.lsda() {
                            None => {}
                            Some(Pointer::Direct(table))
                                if lsda::landing_pads(elf.bytes_at(Svma(table)), start, &mut found.landing_pads) => {}
                            Some(Pointer::Direct(_) | Pointer::Indirect(_)) => found.opaque.push(function),
                        }
                    }
                    Err(_) => shortfalls.add(Shortfall::MalformedFrames),
                }
            }
            Err(_) => return shortfalls.add(Shortfall::MalformedFrames),
        }
    }
}
