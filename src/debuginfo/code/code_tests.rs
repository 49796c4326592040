//! What is proven of small pieces of code, byte by byte.

use super::chunk::AddressKind::{self, *};
use super::decoded::*;
use super::entry_points::{EntryPoints, Habits};
use crate::debuginfo::error::Budget;
use crate::debuginfo::index::{FileOffset, Svma};
use crate::debuginfo::reading::text::{Text, TextRange};

const BASE: u64 = 0x1000;

fn code(bytes: &[u8], functions: &[(u64, u64)], habits: Habits) -> Code {
    let range = TextRange { start: Svma(BASE), end: Svma(BASE + bytes.len() as u64), offset: FileOffset(0) };
    let text = Text::new(bytes, vec![range], None);
    let functions = functions.iter().map(|(a, b)| (Svma(BASE + a), Svma(BASE.saturating_add(*b)))).collect();
    Code::decode(functions, habits, &text, &mut Budget::for_bytes(0), &|| ()).expect("budget")
}

fn standings(bytes: &[u8], functions: &[(u64, u64)]) -> Vec<AddressKind> {
    let code = code(bytes, functions, Habits::default());
    (0..bytes.len() as u64).map(|i| code.kind_of(Svma(BASE + i))).collect()
}

/// Where runs end, from each of the places.
fn straight(code: &Code, places: &[u64]) -> Vec<u64> {
    places.iter().map(|at| at + u64::from(code.seen_in_order().straight(Svma(BASE + at)))).collect()
}

#[test]
fn only_starts_inside_functions_are_proven() {
    let code = [0x90, 0xe8, 0, 0, 0, 0, 0xc3, 0x90];
    let expected = [
        Start,
        Start,
        InsideInstruction,
        InsideInstruction,
        InsideInstruction,
        InsideInstruction,
        Start,
        OutsideFunction,
    ];
    assert_eq!(standings(&code, &[(0, 7)]), expected);
}

#[test]
fn nothing_is_proven_behind_an_invalid_instruction_up_to_the_next_function() {
    // nop; (invalid in 64-bit mode: push es); nop; nop
    let code = [0x90, 0x06, 0x90, 0x90];
    assert_eq!(standings(&code, &[(0, 4)]), [Start, Undecodable, Undecodable, Undecodable]);
    assert_eq!(standings(&code, &[(0, 3), (3, 4)]), [Start, Undecodable, Undecodable, Start]);
    assert_eq!(standings(&code, &[(0, 4), (3, 4)]), [Start, Undecodable, Undecodable, Start]);
}

#[test]
fn a_function_start_inside_an_instruction_of_another_is_contested() {
    // mov $imm32, %eax whose operand is "entered" in the middle; then nops; a third function starts cleanly.
    let code = [0xb8, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90];
    let expected = [Start, InsideInstruction, Contested, Contested, Contested, Contested, Start];
    assert_eq!(standings(&code, &[(0, 7), (2, 7), (6, 7)]), expected);
}

#[test]
fn an_alias_that_agrees_changes_nothing() {
    let code = [0x90, 0xeb, 0x00, 0x90];
    let expected = [Start, Start, InsideInstruction, Start];
    assert_eq!(standings(&code, &[(0, 4), (0, 2), (1, 4), (3, 4)]), expected);
}

#[test]
fn absurd_ranges_are_cut_or_dropped() {
    let code = [0x90; 4];
    assert_eq!(standings(&code, &[(2, u64::MAX), (1, 1), (9, 12)]), [OutsideFunction, OutsideFunction, Start, Start]);
}

#[test]
fn an_instruction_cut_by_the_end_of_text_is_not_proven() {
    assert_eq!(standings(&[0x90, 0xe8, 0], &[(0, 3)]), [Start, Undecodable, Undecodable]);
}

/// nop; nop; call +0; nop; je to the second nop; nop; ret
const BRANCHY: [u8; 11] = [0x90, 0x90, 0xe8, 0, 0, 0, 0, 0x90, 0x74, 0xf7, 0x90];

#[test]
fn runs_end_at_calls_and_branches_and_where_a_branch_goes() {
    let mut bytes = BRANCHY.to_vec();
    bytes.push(0xc3);
    let code = code(&bytes, &[(0, 12)], Habits::default());
    assert_eq!(straight(&code, &[0, 1, 2, 7, 8, 10, 11]), [1, 7, 7, 10, 10, 12, 12]);
}

#[test]
fn where_calls_may_be_come_back_to_runs_end_before_them_too() {
    let habits = Habits { calls_are_entries: true, ..Habits::default() };
    assert_eq!(straight(&code(&BRANCHY, &[(0, 11)], habits), &[0, 1, 2]), [1, 2, 7]);
}

#[test]
fn nothing_comes_back_to_before_a_system_call() {
    // nop; mov $13, %eax; syscall; ret
    let bytes = [0x90, 0xb8, 13, 0, 0, 0, 0x0f, 5, 0xc3];
    let habits = Habits { calls_are_entries: true, ..Habits::default() };
    assert_eq!(straight(&code(&bytes, &[(0, 9)], habits), &[0, 1, 6, 8]), [8, 8, 8, 9]);
}

fn addresses(places: &[u64]) -> Vec<Svma> {
    places.iter().map(|at| Svma(BASE + at)).collect()
}

/// Where runs end in code that is entered so.
fn entered(bytes: &[u8], entries: &EntryPoints, places: &[u64]) -> Vec<u64> {
    let mut code = code(bytes, &[(0, bytes.len() as u64)], Habits::default());
    code.enter(entries);
    straight(&code, places)
}

/// nop; nop; nop; jmp *%rax; nop; nop; ret
const JUMPY: [u8; 8] = [0x90, 0x90, 0x90, 0xff, 0xe0, 0x90, 0x90, 0xc3];
const PLACES: [u64; 4] = [0, 1, 5, 6];

#[test]
fn a_jump_is_explained_by_a_table_that_leads_into_its_function() {
    let table = EntryPoints { tables: addresses(&[6]), ..EntryPoints::default() };
    assert_eq!(entered(&JUMPY, &table, &PLACES), [5, 5, 6, 8]);
    let elsewhere = EntryPoints { tables: addresses(&[0]), ..EntryPoints::default() };
    assert_eq!(entered(&JUMPY, &elsewhere, &PLACES), [1, 2, 6, 7]);
}

#[test]
fn landing_pads_and_symbols_cut_but_explain_no_jump() {
    let pad = EntryPoints { others: addresses(&[6]), ..EntryPoints::default() };
    assert_eq!(entered(&JUMPY, &pad, &PLACES), [1, 2, 6, 7]);
    assert_eq!(entered(&[0x90, 0x90, 0x90, 0xc3], &pad, &[0, 1]), [4, 4]);
    let pad = EntryPoints { others: addresses(&[2]), ..EntryPoints::default() };
    assert_eq!(entered(&[0x90, 0x90, 0x90, 0xc3], &pad, &[0, 1, 2]), [2, 2, 4]);
}

#[test]
fn a_stored_address_explains_jumps_by_arrays_and_no_others() {
    let stored = EntryPoints { stored: addresses(&[6]), tables: addresses(&[6]), ..EntryPoints::default() };
    assert_eq!(entered(&JUMPY, &stored, &PLACES), [1, 2, 6, 7]);
    // nop; nop; jmp *(%rbx,%rax,8); nop; nop; ret
    let by_array = [0x90, 0x90, 0xff, 0x24, 0xc3, 0x90, 0x90, 0xc3];
    assert_eq!(entered(&by_array, &stored, &PLACES), [5, 5, 6, 8]);
    // nop; nop; nop; nop; nop; nop; nop; ret
    assert_eq!(entered(&[0x90; 8], &stored, &PLACES), [1, 2, 6, 7]);
}

#[test]
fn a_jump_by_a_loaded_register_is_explained_unless_something_else_comes_in_there() {
    // nop; mov (%rbx,%rax,8),%rax; jmp *%rax; nop; je to the jump or the nop behind it; nop; ret
    let mut bytes = [0x90, 0x48, 0x8b, 4, 0xc3, 0xff, 0xe0, 0x90, 0x74, 0xfd, 0x90, 0xc3];
    let stored = EntryPoints { stored: addresses(&[11]), ..EntryPoints::default() };
    assert_eq!(entered(&bytes, &stored, &[0, 1, 10]), [7, 7, 11]);
    assert_eq!(entered(&bytes, &stored, &[7]), [10]);
    bytes[9] = 0xfb;
    assert_eq!(entered(&bytes, &stored, &[0, 1, 7]), [1, 5, 8]);
}

#[test]
fn a_function_with_a_label_that_is_taken_is_all_entries() {
    // nop; lea 1(%rip),%rax; push %rax; ret; ret
    let bytes = [0x90, 0x48, 0x8d, 5, 2, 0, 0, 0, 0x50, 0xc3, 0xc3];
    let mut code = code(&bytes, &[(0, 11)], Habits::default());
    let labels = code.take_labels();
    assert_eq!(labels, addresses(&[10]));
    code.enter(&EntryPoints { labels, ..EntryPoints::default() });
    assert_eq!(straight(&code, &[0, 1, 8]), [1, 8, 9]);
}

#[test]
fn what_lies_between_functions_may_jump_into_them() {
    // nop; nop; ret; (no instruction); jmp to the second nop; lea of it; nop
    let bytes = [0x90, 0x90, 0xc3, 0x06, 0xeb, 0xfb, 0x48, 0x8d, 5, 0xf4, 0xff, 0xff, 0xff, 0x90];
    let mut code = code(&bytes, &[(0, 3), (13, 14)], Habits::default());
    assert_eq!(straight(&code, &[0, 1]), [1, 3]);
    assert_eq!(code.take_labels(), addresses(&[1]));
}

#[test]
fn an_opaque_image_is_all_entries() {
    let mut code = code(&[0x90; 6], &[(0, 3), (3, 6)], Habits::default());
    assert_eq!(straight(&code, &[0, 1, 3, 4]), [3, 3, 6, 6]);
    code.enter_everywhere();
    assert_eq!(straight(&code, &[0, 1, 3, 4]), [1, 2, 4, 5]);
}

#[test]
fn ends_of_functions_are_known() {
    let code = code(&[0x90; 6], &[(0, 3), (4, 6)], Habits::default());
    let ends: Vec<u64> = (0..8).filter(|at| code.is_end(Svma(BASE + at))).collect();
    assert_eq!(ends, [3, 6]);
}

#[test]
fn what_cannot_be_decoded_makes_its_whole_cluster_entries() {
    assert_eq!(straight(&code(&[0x90, 0x90, 0x06, 0x90], &[(0, 4)], Habits::default()), &[0, 1]), [1, 2]);
}

#[test]
fn numbers_are_addresses_only_where_the_program_is_not_moved() {
    // mov $0x1006,%eax; nop; ret
    let bytes = [0xb8, 6, 0x10, 0, 0, 0x90, 0xc3];
    for (is_absolute, expected) in [(false, vec![]), (true, vec![Svma(BASE + 6)])] {
        let habits = Habits { is_absolute, ..Habits::default() };
        assert_eq!(code(&bytes, &[(0, 7)], habits).take_labels(), expected);
    }
}
