//! Signals, SIGTRAP above all.

super::samples! { "signal":
    dies_of_illegal
    dies_of_trap
    exits_in_handler
    full_mask
    group
    middle
    nested
    own_breakpoint
    queued
    recovers
    timers
    trap_blocked
    trap_default
    trap_handled
    trap_ignored
    waits
}
