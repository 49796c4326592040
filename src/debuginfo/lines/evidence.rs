//! What tells that a line ran besides the beginning of its rows.
//!
//! A row that control enters in its middle, as behind a condition, tells there, too. A statement without an instruction of
//! its own tells at the next one, unless that is reached without passing the statement. A call of a function that was
//! inlined, and its head, tell where the code of that begins. Of a line of which no statement begins anywhere those instructions tell
//! that compilers do not move: calls, returns and conditional jumps.
//!
//! Invariant: what is found for a line is executed only if the line was.

use crate::debuginfo::code::chunk::{Chunk, To};
use crate::debuginfo::code::decoded::Code;
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::paths::FileId;
use crate::debuginfo::reading::portions;
use crate::debuginfo::reading::rows::{Claim, Evidence, Row};
use rayon::slice::ParallelSliceMut;

/// A line that an address tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    pub(crate) address: Svma,
    pub(crate) file: FileId,
    pub(crate) line: u32,
}

/// Adds to `rows`, which are sorted, those addresses that tell of lines and begin no row; gives what else the addresses
/// tell, sorted.
///
/// # Errors
/// If the budget is used up.
pub(crate) fn add(
    rows: Vec<Row>,
    claims: Vec<Claim>,
    code: &Code,
    budget: &mut Budget,
) -> Result<(Vec<Row>, Vec<Told>), IndexError> {
    let chunks: Vec<&Chunk> = code.chunks().iter().collect();
    let entered = portions::map(chunks, |chunk| entered_within(chunk, rows_in(&rows, chunk)));
    let mut told: Vec<Told> = entered.into_iter().flatten().collect();
    for Claim { address, file, line, by } in claims {
        match by {
            Evidence::Passing if code.is_joined(address) => {}
            Evidence::Passing | Evidence::Inlined => told.push(Told { address, file, line }),
            Evidence::Within(len) => {
                // Any number of sequences may have the same code.
                for fixed in code.fixed_within(address, len) {
                    budget.spend(size_of::<Told>())?;
                    told.extend(fixed.map(|address| Told { address, file, line }));
                }
            }
        }
    }
    told.par_sort_unstable();
    told.dedup();
    Ok(merged(rows, told))
}

/// Puts the first line of an address that begins no row among the rows.
fn merged(rows: Vec<Row>, mut told: Vec<Told>) -> (Vec<Row>, Vec<Told>) {
    let mut own = rows.iter().peekable();
    let mut new: Vec<Row> = Vec::new();
    told.retain(|Told { address, file, line }| {
        while own.next_if(|row| row.address < *address).is_some() {}
        let row = own.peek().copied().filter(|row| row.address == *address);
        match row.or(new.last().filter(|row| row.address == *address)) {
            Some(row) => (row.file, row.line) != (*file, *line),
            None => {
                new.push(Row { address: *address, file: *file, line: *line, len: 0 });
                false
            }
        }
    });
    if new.is_empty() {
        return (rows, told);
    }
    let mut all = Vec::with_capacity(rows.len() + new.len());
    let mut new = new.into_iter().peekable();
    for row in rows {
        while let Some(before) = new.next_if(|new| new.address < row.address) {
            all.push(before);
        }
        all.push(row);
    }
    all.extend(new);
    (all, told)
}

fn rows_in<'r>(rows: &'r [Row], chunk: &Chunk) -> &'r [Row] {
    let first = rows.partition_point(|row| row.address < chunk.start);
    let end = rows.partition_point(|row| row.address < chunk.end);
    &rows[first..end]
}

/// Where control enters rows behind their beginning, coming from outside of them.
fn entered_within(chunk: &Chunk, rows: &[Row]) -> Vec<Told> {
    let address = |bit: u32| Svma(chunk.start.0 + u64::from(bit));
    let row_around = |at: Svma| {
        let after = rows.partition_point(|row| row.address < at);
        rows[..after].last().filter(|row| at.0 - row.address.0 < u64::from(row.len))
    };
    let jumps = chunk.leads.iter().filter_map(|lead| match lead.to {
        To::Place(bit) | To::PlaceOrNext(bit) => Some((address(lead.end), address(bit))),
        To::Out => None,
    });
    let mut entered: Vec<(Svma, &Row)> = jumps
        .filter_map(|(behind, target)| {
            let row = row_around(target)?;
            // Where the jump is the last of the row, it ends where that does.
            let is_inside = row.address < behind && behind.0 - row.address.0 <= u64::from(row.len);
            (!is_inside).then_some((target, row))
        })
        .collect();
    let mut next = chunk.landing_from(0);
    while let Some(bit) = next {
        // An instruction that does no more than mark where a jump may land belongs to what is behind it.
        let goes_on = |row: &&Row| {
            let next = chunk.starts.first_from(bit + 1).map(address);
            next.is_some_and(|next| next.0 - row.address.0 < u64::from(row.len))
        };
        entered.extend(row_around(address(bit)).filter(goes_on).map(|row| (address(bit), row)));
        next = chunk.landing_from(bit + 1);
    }
    // Some of what looks like an address is none.
    entered.retain(|(at, _)| chunk.starts.get(chunk.bit(*at)));
    entered.into_iter().map(|(address, row)| Told { address, file: row.file, line: row.line }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debuginfo::code::entry_points::{EntryPoints, Habits};
    use crate::debuginfo::index::FileOffset;
    use crate::debuginfo::reading::text::{Text, TextRange};

    const BASE: u64 = 0x1000;

    fn row(at: u64, len: u32, line: u32) -> Row {
        Row { address: Svma(BASE + at), file: FileId(0), line, len }
    }

    fn claim(at: u64, line: u32, by: Evidence) -> Claim {
        Claim { address: Svma(BASE + at), file: FileId(0), line, by }
    }

    /// Distances from the function's begin, and lines.
    type Lines = Vec<(u64, u32)>;

    /// What one function of these bytes tells: at what begins no row and, besides, at what does.
    fn found(bytes: &[u8], entries: &[u64], rows: &[Row], claims: &[Claim]) -> (Lines, Lines) {
        let end = Svma(BASE + bytes.len() as u64);
        let text = Text::new(bytes, vec![TextRange { start: Svma(BASE), end, offset: FileOffset(0) }], None);
        let mut budget = Budget::for_bytes(0);
        let mut code =
            Code::decode(vec![(Svma(BASE), end)], Habits::default(), &text, &mut budget, &|| ()).expect("budget");
        let others = entries.iter().map(|at| Svma(BASE + at)).collect();
        code.enter(&EntryPoints { others, ..EntryPoints::default() });
        let (all, also) = add(rows.to_vec(), claims.to_vec(), &code, &mut budget).expect("budget");
        assert!(all.is_sorted_by(|a, b| a.address < b.address));
        let new = all.iter().filter(|row| !rows.contains(row)).map(|row| (row.address.0 - BASE, row.line));
        (new.collect(), also.iter().map(|told| (told.address.0 - BASE, told.line)).collect())
    }

    // nop; jne 6; nop; jmp 7; nop; nop; ret
    const CHOICE: [u8; 9] = [0x90, 0x75, 3, 0x90, 0xeb, 1, 0x90, 0x90, 0xc3];

    #[test]
    fn a_statement_without_an_instruction_tells_where_nothing_joins() {
        let passing = |at| claim(at, 9, Evidence::Passing);
        let rows = [row(0, 3, 1), row(3, 3, 2), row(6, 1, 3), row(7, 2, 4)];
        let told = |at| found(&CHOICE, &[], &rows, &[passing(at)]).1;
        assert_eq!(told(3), [(3, 9)]);
        assert_eq!(told(6), [(6, 9)], "it is jumped to, and a jump is before it");
        assert_eq!(told(7), [], "one way jumps there, one goes on");
        assert_eq!(found(&CHOICE, &[3], &rows, &[passing(3)]).1, [], "a table leads there");
        assert_eq!(found(&CHOICE, &[], &rows, &[claim(3, 2, Evidence::Passing)]).1, [], "it has the row");
    }

    #[test]
    fn a_row_tells_where_it_is_entered() {
        assert_eq!(found(&CHOICE, &[], &[row(0, 3, 1), row(3, 6, 2)], &[]).0, [(6, 2)], "not where it jumps itself");
        assert_eq!(found(&CHOICE, &[], &[row(0, 9, 1)], &[]).0, []);
        assert_eq!(
            found(&CHOICE, &[], &[row(0, 3, 1), row(3, 3, 2)], &[]).0,
            [],
            "what is behind its end is not in it"
        );
        assert_eq!(found(&CHOICE, &[7], &[row(0, 9, 1)], &[]).0, [(7, 1)]);
        assert_eq!(found(&CHOICE, &[8], &[row(0, 9, 1)], &[]).0, [], "what only marks a landing is of what follows");
        assert_eq!(found(&CHOICE, &[5], &[row(0, 9, 1)], &[]).0, [], "that is no instruction");
    }

    #[test]
    fn a_line_without_a_statement_tells_where_nothing_is_moved() {
        let within = |at, len| found(&CHOICE, &[], &[], &[claim(at, 9, Evidence::Within(len))]).0;
        assert_eq!(within(0, 9), [(1, 9), (8, 9)], "the condition and the return, not the jump");
        assert_eq!(within(3, 4), []);
        assert_eq!(within(8, 1), [(8, 9)]);
    }

    #[test]
    fn an_address_tells_each_line_once() {
        let claims = [7, 8, 7, 1].map(|line| claim(3, line, Evidence::Inlined));
        assert_eq!(found(&CHOICE, &[], &[row(3, 1, 8)], &claims), (vec![], vec![(3, 1), (3, 7)]));
        assert_eq!(found(&CHOICE, &[], &[row(0, 1, 8)], &claims), (vec![(3, 1)], vec![(3, 7), (3, 8)]));
    }
}
