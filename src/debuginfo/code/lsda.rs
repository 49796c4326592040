//! The table by which the C++ and Rust runtimes find where a function catches exceptions (language-specific data area).
//!
//! Invariant: a table is read in one pass, and what cannot be read to its end is reported.

use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::Bytes;
use gimli::{EndianSlice, LittleEndian, Reader, constants};

/// Adds the landing pads that the table says of the function at `function`; false if it cannot be read.
pub(crate) fn landing_pads(table: &[u8], function: Svma, pads: &mut Vec<Svma>) -> bool {
    read(EndianSlice::new(table, LittleEndian), function, pads).is_some()
}

/// The part of a table that says from where exceptions go on where, from its start on.
pub(crate) fn call_sites(table: &[u8]) -> Option<&[u8]> {
    let mut left = EndianSlice::new(table, LittleEndian);
    sites(&mut left)?;
    table.get(..table.len() - left.len())
}

fn read(mut table: Bytes<'_>, function: Svma, pads: &mut Vec<Svma>) -> Option<()> {
    let (encoding, mut sites) = sites(&mut table)?;
    while !sites.is_empty() {
        let (_start, _len, pad) =
            (number(&mut sites, encoding)?, number(&mut sites, encoding)?, number(&mut sites, encoding)?);
        let _action = sites.read_uleb128().ok()?;
        if pad != 0 {
            pads.push(Svma(function.0.wrapping_add(pad)));
        }
    }
    Some(())
}

/// How the numbers of call sites are written, and the sites.
fn sites<'t>(table: &mut Bytes<'t>) -> Option<(constants::DwEhPe, Bytes<'t>)> {
    // Only functions split into many sections have landing pads that are counted from elsewhere than their start.
    if table.read_u8().ok()? != constants::DW_EH_PE_omit.0 {
        return None;
    }
    if table.read_u8().ok()? != constants::DW_EH_PE_omit.0 {
        let _types = table.read_uleb128().ok()?;
    }
    let encoding = constants::DwEhPe(table.read_u8().ok()?);
    let size = table.read_uleb128().ok()?;
    Some((encoding, table.split(usize::try_from(size).ok()?).ok()?))
}

fn number(bytes: &mut Bytes<'_>, encoding: constants::DwEhPe) -> Option<u64> {
    match encoding {
        constants::DW_EH_PE_uleb128 => bytes.read_uleb128().ok(),
        constants::DW_EH_PE_udata2 => bytes.read_u16().ok().map(u64::from),
        constants::DW_EH_PE_udata4 => bytes.read_u32().ok().map(u64::from),
        constants::DW_EH_PE_udata8 => bytes.read_u64().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Svma = Svma(0x1000);

    fn pads(table: &[u8]) -> Option<Vec<u64>> {
        let mut pads = Vec::new();
        landing_pads(table, AT, &mut pads).then(|| pads.into_iter().map(|pad| pad.0).collect())
    }

    #[test]
    fn pads_are_read_and_sites_without_one_skipped() {
        // No landing pad start, types at 9, uleb128, 8 bytes of sites: (0, 5, none, 0), (5, 2, 0x90, 1), and what follows.
        let table = [0xff, 0x9b, 9, 1, 9, 0, 5, 0, 0, 5, 2, 0x90, 1, 1, 7, 7];
        assert_eq!(pads(&table), Some(vec![0x1090]));
        let fixed = [0xff, 0xff, 3, 13, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0];
        assert_eq!(pads(&fixed), Some(vec![0x1003]));
    }

    #[test]
    fn call_sites_end_before_what_they_lead_to() {
        let table = [0xff, 0x9b, 9, 1, 4, 0, 5, 0, 0, 7, 7];
        assert_eq!(call_sites(&table), Some(&table[..9]));
        assert_eq!(call_sites(&[0xff, 0xff, 1, 0, 7]), Some(&[0xff, 0xff, 1, 0][..]), "none");
        assert_eq!(call_sites(&table[..8]), None);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let table = [0xff, 0x9b, 9, 1, 4, 5, 2, 0x10, 1];
        assert_eq!(pads(&table), Some(vec![0x1010]));
        for len in 0..table.len() {
            assert_eq!(pads(&table[..len]), None, "{len} bytes");
        }
        assert_eq!(pads(&[0x1b, 0, 0, 0, 0, 0xff, 1, 0]), None, "another start");
        assert_eq!(pads(&[0xff, 0xff, 0x50, 1, 0]), None, "another encoding");
    }
}
