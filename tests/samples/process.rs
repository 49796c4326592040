//! Processes: how they begin, have children, are stopped and end.

super::samples! { "process":
    abort
    clone3
    clone_untraced
    clone_vm
    clone_vm_vfork
    crash_dumper
    daemon
    death_signal
    exit_statuses
    family
    fork
    fork_among_threads
    fork_chain
    fork_from_thread
    fork_in_handler
    fork_storm
    killed_child
    killed_in_loop
    killed_self
    namespace_init
    orphans
    pipeline
    plain
    posix_spawn
    raw_clones
    segfault
    server
    stop_continue
    stopped_and_killed
    underscore_exit
    vfork_again
    vfork_and_threads
    vfork_exec
    vfork_exit
}
