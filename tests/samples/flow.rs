//! Ways in which control moves.

super::samples! { "flow":
    computed_goto
    coroutines
    data_in_text
    exceptions
    jump_table
    setjmp
    string_instructions
    tail_calls
    templates
    uncaught
}
