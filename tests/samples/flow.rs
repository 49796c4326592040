//! Ways in which control moves.

super::samples! { "flow":
    computed_goto
    coroutines
    data_in_text
    entered_from_assembly
    entered_rows
    exceptions
    inlined_calls
    jump_table
    jumps_back
    label_arithmetic
    landing_pads
    setjmp
    shared_instructions
    string_instructions
    tail_calls
    templates
    uncaught
    unreachable_cases
}
