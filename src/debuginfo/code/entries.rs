//! Where control may come in that no instruction tells: the targets of jump tables, labels whose address is stored,
//! landing pads of exceptions.
//!
//! Whatever looks like the address of code counts: one entry too many costs a probe, one too few would cost the truth.
//!
//! Invariant: what a table holds is read as long as it is code, so its size need not be known.

use super::chunk::AddressKind;
use super::decoded::Code;
use super::entry_points::{EntryPoints, Habits};
use super::frames::Frames;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::elf::{Data, Elf};
use crate::debuginfo::reading::text::Text;
use std::ops::Range;

/// Cuts `code` wherever control may come in.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn enter(
    code: &mut Code,
    elf: &Elf<'_>,
    text: &Text<'_>,
    frames: &Frames,
    budget: &mut Budget,
) -> Result<(), IndexError> {
    let (Some(first), Some(last)) = (text.ranges().first(), text.ranges().last()) else { return Ok(()) };
    let span = first.start..last.end;
    let mut entries =
        EntryPoints { labels: code.take_labels(), others: frames.landing_pads.clone(), ..EntryPoints::default() };
    entries.stored.extend(elf.relocated().filter(|address| span.contains(address)));
    entries.others.extend(elf.symbols().filter(|address| span.contains(address)));
    for data in elf.data_of_program() {
        budget.spend(data.bytes.len())?;
        read_data(&data, elf, &span, &mut entries);
    }
    for &label in &entries.labels {
        read_table(label, code, elf, &mut entries.tables, budget)?;
    }
    for addresses in [&mut entries.stored, &mut entries.tables] {
        addresses.sort_unstable();
        addresses.dedup();
    }
    if frames.is_opaque {
        code.enter_everywhere();
    } else {
        code.enter(&entries);
    }
    Ok(())
}

/// Adds what the data may say of where control comes in.
fn read_data(data: &Data<'_>, elf: &Elf<'_>, span: &Range<Svma>, entries: &mut EntryPoints) {
    if !data.is_code {
        let unaligned = data.start.0.wrapping_neg() % 8;
        let (words, _) = data.bytes.get(unaligned as usize..).unwrap_or_default().as_chunks::<8>();
        let words = words.iter().map(|word| Svma(u64::from_le_bytes(*word))).filter(|word| span.contains(word));
        if elf.has_plain_addresses() {
            entries.stored.extend(words);
        } else {
            entries.others.extend(words);
        }
    }
    if elf.is_absolute() {
        // Packed structures and tables of 32 bits.
        let numbers = data.bytes.windows(4).filter_map(|bytes| bytes.first_chunk::<4>());
        let numbers = numbers.map(|number| Svma(u32::from_le_bytes(*number).into()));
        entries.others.extend(numbers.filter(|number| span.contains(number)));
    }
    if !data.is_code && !data.is_constants {
        // Distances from the place itself, as in tables of instructions that may fault and where to go on.
        let unaligned = data.start.0.wrapping_neg() % 4;
        let start = data.start.0.wrapping_add(unaligned);
        let (distances, _) = data.bytes.get(unaligned as usize..).unwrap_or_default().as_chunks::<4>();
        let targets = (0..).zip(distances).map(|(i, distance)| distant(Svma(start.wrapping_add(4 * i)), distance));
        entries.others.extend(targets.filter(|target| span.contains(target)));
    }
}

fn distant(base: Svma, distance: &[u8; 4]) -> Svma {
    Svma(base.0.wrapping_add_signed(i64::from(i32::from_le_bytes(*distance))))
}

/// Adds the targets of the table at `base`, if there is one: distances of 32 bits from the table itself.
fn read_table(
    base: Svma,
    code: &Code,
    elf: &Elf<'_>,
    entries: &mut Vec<Svma>,
    budget: &mut Budget,
) -> Result<(), IndexError> {
    let (distances, _) = elf.bytes_at(base).as_chunks::<4>();
    for distance in distances {
        let target = distant(base, distance);
        // Cases that cannot be go where a function ends.
        budget.spend(1)?;
        if code.kind_of(target) == AddressKind::Start || code.is_end(target) {
            entries.push(target);
        } else if !code.is_passed(target) {
            break;
        }
    }
    Ok(())
}

/// What the code of an image does that its bytes do not tell.
pub(crate) fn habits(elf: &Elf<'_>) -> Habits {
    Habits { is_absolute: elf.is_absolute(), calls_are_entries: elf.section_address(".gopclntab").is_some() }
}
