//! What a breakpoint takes of SIGTRAP's mask and action, by what is known of the program.

use super::masks::TRAP;
use super::sigtrap::Sigtrap;
use super::sigtrap_input::{SigtrapInput, Taken};
use crate::link::ProcessNo;
use platform::procfs::SignalState;
use platform::{BLOCKABLE_STANDARD, Signal, SignalAction, Tid};
use std::time::Duration;

const PROCESS: ProcessNo = ProcessNo(0);
const TID: Tid = Tid(100);
const HUP: u64 = Signal::HUP.bit();

fn handler(flags: u8) -> SignalAction {
    let mut bytes = [0; SignalAction::LEN];
    (bytes[1], bytes[11]) = (0x40, flags);
    SignalAction::from(bytes)
}

fn state(blocked: u64, ignored: u64, caught: u64) -> SignalState {
    SignalState { blocked, ignored, caught }
}

#[test]
fn a_program_without_a_use_for_sigtrap_loses_nothing() {
    let mut sigtrap = Sigtrap::default();
    assert!(!sigtrap.is_out_of_use(PROCESS, TID), "nothing is known yet");
    sigtrap.execed(PROCESS, TID, Some(state(HUP, 0, 0)));
    assert!(sigtrap.is_out_of_use(PROCESS, TID) && !sigtrap.has_handler(PROCESS));
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), Taken { mask: None, action: None });
}

#[test]
fn a_breakpoint_takes_the_block_and_with_it_the_handler() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(HUP | TRAP, 0, 0)));
    assert!(!sigtrap.is_out_of_use(PROCESS, TID));
    let taken = Taken { mask: Some(HUP | TRAP), action: None };
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), taken);
    assert!(sigtrap.action_call(PROCESS, Signal::TRAP, handler(0)) && sigtrap.has_handler(PROCESS));
    assert!(!sigtrap.action_call(PROCESS, Signal::TRAP, handler(0)), "the same once more");
    let taken = Taken { action: Some(handler(0)), ..taken };
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), taken);
    assert!(sigtrap.mask_call(TID, HUP));
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, HUP, None), Taken { mask: None, action: None });
}

#[test]
fn an_ignored_sigtrap_is_reset_whether_or_not_it_is_blocked() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(0, TRAP, 0)));
    assert!(!sigtrap.has_handler(PROCESS) && !sigtrap.is_out_of_use(PROCESS, TID));
    let taken = Taken { mask: None, action: Some(SignalAction::ignoring()) };
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), taken);
    sigtrap.execed(PROCESS, TID, None);
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), Taken { mask: None, action: None });
}

#[test]
fn a_handler_from_before_us_is_asked_for_once() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.met(PROCESS, TID, state(0, 0, TRAP));
    assert!(sigtrap.has_handler(PROCESS) && sigtrap.handles(PROCESS, Signal::TRAP).is_none());
    assert!(sigtrap.takes_unread(PROCESS) && !sigtrap.takes_unread(PROCESS));
    sigtrap.was_read(PROCESS, handler(0));
    assert_eq!(sigtrap.handles(PROCESS, Signal::TRAP), Some(handler(0)));
    sigtrap.met(PROCESS, TID, state(0, 0, TRAP));
    assert!(!sigtrap.takes_unread(PROCESS));
}

#[test]
fn children_have_what_their_maker_had_until_they_say_otherwise() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(TRAP, 0, 0)));
    sigtrap.action_call(PROCESS, Signal::TRAP, handler(0));
    let (child, pid) = (ProcessNo(1), Tid(101));
    sigtrap.process_born(child, PROCESS);
    sigtrap.thread_born(None, pid, TID, None, Duration::ZERO);
    let taken = Taken { mask: Some(TRAP), action: Some(handler(0)) };
    assert_eq!(sigtrap.after_breakpoint(child, pid, 0, None), taken);
    sigtrap.execed(child, pid, Some(state(TRAP, 0, 0)));
    assert_eq!(sigtrap.after_breakpoint(child, pid, 0, None), Taken { action: None, ..taken });
    assert_eq!(sigtrap.after_breakpoint(PROCESS, TID, 0, None), taken);
}

#[test]
fn a_thread_starts_with_the_mask_that_the_library_gives_it() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(0, 0, 0)));
    let (plain, masked) = (Tid(101), Tid(102));
    sigtrap.thread_born(Some(PROCESS), plain, TID, Some(0), Duration::ZERO);
    sigtrap.thread_born(Some(PROCESS), masked, TID, Some(TRAP), Duration::ZERO);
    assert_eq!(sigtrap.after_breakpoint(PROCESS, plain, 0, None).mask, None);
    assert_eq!(sigtrap.after_breakpoint(PROCESS, masked, 0, None).mask, Some(TRAP));
    // Before that all signals are blocked, which needs no other knowledge.
    let all = BLOCKABLE_STANDARD;
    assert!(!sigtrap.is_strange(plain, all & !TRAP));
    assert_eq!(sigtrap.after_breakpoint(PROCESS, plain, all & !TRAP, None).mask, Some(all));
    assert_eq!(sigtrap.after_breakpoint(PROCESS, plain, 0, None).mask, None);
}

#[test]
fn a_handler_that_is_called_once_is_gone_after_that() {
    const ONCE: u8 = 0x80;
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(0, 0, 0)));
    sigtrap.action_call(PROCESS, Signal::TRAP, handler(ONCE));
    assert!(sigtrap.handles(PROCESS, Signal::TRAP).is_some());
    sigtrap.enters_handler(PROCESS, TID, Signal::TRAP, 0);
    assert_eq!(sigtrap.handles(PROCESS, Signal::TRAP), None);
    assert!(!sigtrap.has_handler(PROCESS));
}

#[test]
fn a_mask_that_is_met_in_the_middle_of_a_change_is_a_siblings() {
    let mut sigtrap = Sigtrap::default();
    sigtrap.execed(PROCESS, TID, Some(state(HUP | TRAP, 0, 0)));
    let other = Tid(101);
    assert!(sigtrap.is_strange(other, HUP) && !sigtrap.is_strange(TID, HUP));
    sigtrap.learn_from(&[TID, other], other, HUP);
    let taken = Taken { mask: Some(HUP | TRAP), action: None };
    assert_eq!(sigtrap.after_breakpoint(PROCESS, other, HUP, None), taken);
}

#[test]
fn who_is_about_to_get_sigtrap_needs_the_handler_unless_it_blocks_that() {
    let mut sigtrap = Sigtrap::default();
    let ask = |sigtrap: &mut Sigtrap| {
        sigtrap.step(&SigtrapInput::Delivery { process: PROCESS, tid: TID, found: HUP }).taken()
    };
    let nothing = Taken::default();
    assert_eq!(ask(&mut sigtrap), nothing);
    sigtrap.action_call(PROCESS, Signal::TRAP, handler(0));
    assert_eq!(ask(&mut sigtrap), Taken { action: Some(handler(0)), ..nothing });
    // A handler's mask, perhaps, which it may have left.
    sigtrap.mask_call(TID, HUP | TRAP);
    assert_eq!(ask(&mut sigtrap), Taken { action: Some(handler(0)), ..nothing });
    sigtrap.mask_call(TID, !0);
    sigtrap.mask_call(TID, HUP | TRAP);
    assert_eq!(ask(&mut sigtrap), nothing);
    sigtrap.action_call(PROCESS, Signal::TRAP, SignalAction::ignoring());
    sigtrap.mask_call(TID, HUP);
    assert_eq!(ask(&mut sigtrap), nothing);
}
