//! Where control may come in that no instruction tells: the targets of jump tables, labels whose address is stored,
//! landing pads of exceptions.
//!
//! Whatever looks like the address of code counts: one entry too many costs a probe, one too few would cost the truth.
//!
//! Invariant: what a table holds is read as long as it is code, so its size need not be known.

use super::code::{Code, Habits, Standing};
use super::elf::Elf;
use super::error::{Budget, IndexError};
use super::frames::Frames;
use super::index::Svma;
use super::text::Text;

/// Cuts `code` wherever control may come in.
///
/// # Errors
/// If the budget is used up.
pub(super) fn enter(
    code: &mut Code,
    elf: &Elf<'_>,
    text: &Text<'_>,
    frames: &Frames,
    budget: &mut Budget,
) -> Result<(), IndexError> {
    let labels = code.take_labels();
    let mut entries = frames.landing_pads.clone();
    let (Some(first), Some(last)) = (text.ranges().first(), text.ranges().last()) else { return Ok(()) };
    let span = first.start..last.end;
    for data in elf.data_of_program() {
        budget.spend(data.len())?;
        let words = data.as_chunks::<8>().0.iter().map(|word| Svma(u64::from_le_bytes(*word)));
        entries.extend(words.filter(|word| span.contains(word)));
    }
    entries.extend(elf.relocated().filter(|address| span.contains(address)));
    for &label in &labels {
        read_table(label, code, elf, &mut entries, budget)?;
    }
    entries.sort_unstable();
    entries.dedup();
    code.enter(&entries, &frames.opaque);
    // Not as entries: that a function takes a label of its own does not tell where its jumps go.
    code.enter_labels(&labels);
    Ok(())
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
        let target = Svma(base.0.wrapping_add_signed(i64::from(i32::from_le_bytes(*distance))));
        if code.standing(target) != Standing::Start {
            break;
        }
        budget.spend(1)?;
        entries.push(target);
    }
    Ok(())
}

/// What the code of an image does that its bytes do not tell.
pub(super) fn habits(elf: &Elf<'_>) -> Habits {
    Habits { is_absolute: elf.is_absolute(), calls_are_entries: elf.section_address(".gopclntab").is_some() }
}
