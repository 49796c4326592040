//! Threads of one process.

super::samples! { "thread":
    ended_in_loop
    exit_group
    killed
    last_one_ends
    leader_exits
    local_data
    many
    one_site
    own_breakpoints
    signals_blocked
    start_masks
    static_objects
    stopped
}
