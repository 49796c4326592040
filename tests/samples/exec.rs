//! Programs that replace themselves by others.

super::samples! { "exec":
    chain
    deleted
    from_memory
    from_thread
    inherited
    interpreter
    missing
    shell_script
}
