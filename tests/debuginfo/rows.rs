//! Which rows of a line program count, each case a few opcodes behind a row that gives line 10 to `main`.

use super::handmade::{Handmade, slugs};
use super::programs::lines_of;

/// DW_LNE_end_sequence, then a sequence of its own that starts at `address` and gives one line to it and to the next one.
fn sequence_at(address: &str, line: u32) -> String {
    format!(".byte 2, 1, 0, 1, 1\n.byte 0, 9, 2\n.quad {address}\n.byte 3, {}, 1, 2, 1, 1\n", line - 1)
}

/// The lines, and the warnings with their counts, that a line program gives.
fn read(line_program: &str) -> (Vec<u32>, Vec<(String, u64)>) {
    let mut image = Handmade::new();
    image.line_program = line_program.to_owned();
    let index = image.index().unwrap();
    assert_eq!(slugs(&index).len(), index.warnings.len());
    (lines_of(&index, "/d/x.c"), index.warnings.into_iter().map(|w| (w.slug, w.count)).collect())
}

#[test]
fn statements_at_one_address_are_passed_together() {
    // Line 12 at the same address: line 10 covers no instruction.
    assert_eq!(read(".byte 3, 2, 1"), (vec![10, 12], vec![]));
    // Not a statement: line 10 keeps it.
    assert_eq!(read(".byte 6, 3, 2, 1"), (vec![10], vec![]));
    // At the next address: both.
    assert_eq!(read(".byte 2, 1, 3, 2, 1"), (vec![10, 12], vec![]));
    // Not a statement at the next address: it has no line.
    assert_eq!(read(".byte 2, 1, 6, 3, 2, 1"), (vec![10], vec![]));
}

#[test]
fn code_of_no_line_has_none() {
    // DW_LNS_advance_line by -10 at the next address, and at the same one, which control passes behind line 10.
    assert_eq!(read(".byte 2, 1, 3, 0x76, 1"), (vec![10], vec![]));
    assert_eq!(read(".byte 3, 0x76, 1"), (vec![10], vec![]));
}

#[test]
fn the_end_of_a_sequence_is_no_row() {
    assert_eq!(read(".byte 2, 1, 3, 2"), (vec![10], vec![]));
}

#[test]
fn discarded_sequences_are_silently_dropped() {
    for tombstone in ["0", "-1", "-2", "0xffffffff", "0xfffffffe"] {
        assert_eq!(read(&sequence_at(tombstone, 20)), (vec![10], vec![]), "{tombstone}");
    }
    // One that goes on for so long that it reaches real code.
    let long = ".byte 2, 1, 0, 1, 1\n.byte 0, 9, 2\n.quad 0\n.byte 2\n.uleb128 main + 1\n.byte 3, 19, 1\n";
    assert_eq!(read(&long.replace("main", "0x401000")), (vec![10], vec![]));
    // A jump back within a sequence discards the rest of it and no more.
    let back = format!(".byte 0, 9, 2\n.quad 4\n.byte 3, 9, 1\n{}", sequence_at("main + 1", 20));
    assert_eq!(read(&back), (vec![10, 20], vec![]));
}

#[test]
fn addresses_that_are_no_code_are_counted() {
    assert_eq!(read(&sequence_at("0x10000000", 20)), (vec![10], vec![("outside-text".to_owned(), 2)]));
}

#[test]
fn an_address_of_two_lines_counts_for_the_first() {
    let (lines, warnings) = read(&sequence_at("main", 20));
    assert_eq!((lines, warnings), (vec![10, 20], vec![("shared-address".to_owned(), 1)]));
    // The same line twice is no conflict.
    assert_eq!(read(&sequence_at("main", 10)), (vec![10], vec![]));
}
