//! Files made by hand to waste the reader's time and memory, or to catch it in a loop.

use cov_trace::debuginfo::{IndexError, index};

use super::handmade::{Handmade, slugs};
use super::programs::{Built, lines_of};

#[test]
fn a_function_that_is_its_own_origin_is_named_by_its_symbol() {
    let mut image = Handmade::new();
    // DW_TAG_subprogram with low_pc, high_pc and an abstract_origin, once of this form and once across units.
    for (reference, size) in [("0x13", ".long"), ("0x10", ".long")] {
        image.abbreviations =
            format!(".uleb128 2, 0x2e\n.byte 0\n.uleb128 0x11, 1, 0x12, 6, 0x31, {reference}, 0, 0\n");
        image.entries = format!("4: .uleb128 2\n.quad main\n.long 3\n{size} 4b - 1b\n");
        let index = image.index().unwrap();
        assert_eq!(lines_of(&index, "/d/x.c"), [10]);
        let functions: Vec<_> = index.functions.iter().map(|f| (f.name.as_str(), f.start, f.end)).collect();
        assert_eq!(functions, [("main", 10, 10)]);
        assert_eq!(slugs(&index), [] as [&str; 0]);
    }
}

#[test]
fn the_most_negative_line_advance_ends_the_program() {
    let mut image = Handmade::new();
    image.line_program = ".byte 3\n.fill 9, 1, 0x80\n.byte 0x7f, 1\n".to_owned();
    let index = image.index().unwrap();
    assert_eq!((index.lines.len(), slugs(&index)), (0, vec!["malformed-line-program"]));
}

#[test]
fn lines_and_files_beyond_reason_are_not_taken() {
    let mut image = Handmade::new();
    // Line 2^24, then line 10 of file 9, which does not exist, each at an address of its own.
    image.line_program =
        ".byte 2, 1, 3\n.sleb128 0x1000000 - 10\n.byte 1, 2, 1, 3\n.sleb128 10 - 0x1000000\n.byte 4, 9, 1\n".to_owned();
    let index = image.index().unwrap();
    assert_eq!(lines_of(&index, "/d/x.c"), [10]);
    assert_eq!(slugs(&index), ["line-out-of-range"]);
    assert_eq!(index.warnings[0].count, 2);
}

#[test]
fn a_sequence_without_end_is_not_taken() {
    let mut image = Handmade::new();
    // The rest of the program becomes the operand of an unknown extended opcode.
    image.line_program = ".byte 0, 6, 0x70\n".to_owned();
    let index = image.index().unwrap();
    assert_eq!((index.lines.len(), slugs(&index)), (0, vec![]));
}

#[test]
fn entries_with_attributes_that_take_no_space_are_too_much_work() {
    let mut image = Handmade::new();
    image.abbreviations = ".uleb128 2, 0x34\n.byte 0\n.rept 4000\n.uleb128 0x3f, 0x19\n.endr\n.byte 0, 0\n".to_owned();
    image.entries = ".fill 40000, 1, 2\n".to_owned();
    assert_eq!(image.index(), Err(IndexError::Excessive));
    image.entries = ".fill 400, 1, 2\n".to_owned();
    assert_eq!(lines_of(&image.index().unwrap(), "/d/x.c"), [10]);
}

#[test]
fn units_that_share_a_table_of_many_files_are_too_much_work() {
    let mut image = Handmade::new();
    image.files = ".rept 2000\n.asciz \"x.c\"\n.byte 0, 0, 0\n.endr\n".to_owned();
    image.units = 4000;
    assert_eq!(image.index(), Err(IndexError::Excessive));
    image.units = 40;
    assert_eq!(lines_of(&image.index().unwrap(), "/d/x.c"), [10]);
}

#[test]
fn a_section_that_claims_to_be_huge_is_not_uncompressed() {
    let mut bytes = Built::c("gcc", &["-g", "-gz=zlib"]).bytes();
    let read = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    let (headers, count) = (read(&bytes, 40), u16::from_le_bytes([bytes[60], bytes[61]]) as usize);
    let mut patched = 0;
    for header in (0..count).map(|i| headers + 64 * i) {
        const SHF_COMPRESSED: usize = 0x800;
        if read(&bytes, header + 8) & SHF_COMPRESSED != 0 {
            let section = read(&bytes, header + 24);
            bytes[section + 8..section + 16].copy_from_slice(&(1u64 << 40).to_le_bytes());
            patched += 1;
        }
    }
    assert!(patched >= 4);
    let index = index(&bytes).unwrap();
    assert_eq!((index.lines.len(), slugs(&index)), (0, vec!["unreadable-section"]));
}

#[test]
fn a_symbol_that_demangles_to_gigabytes_keeps_its_name() {
    let part = |i: u32| char::from_digit(2 * i, 36).unwrap().to_ascii_uppercase();
    let parts: String = (0..17).map(|i| format!("1bIS{0}_S{0}_E", part(i))).collect();
    let name = format!("_Z1fI1aS_{parts}Evv");
    let source = format!(
        "int bomb(void) __asm__(\"{name}\");\nint bomb(void)\n{{\n return 1;\n}}\nint main(void) {{ return bomb(); }}\n"
    );
    let built = Built::new("gcc", &["-g"], "main.c", &source);
    let index = built.index();
    assert!(index.functions.iter().any(|f| f.name == name), "{:?}", index.functions.iter().map(|f| f.name.len()));
}
