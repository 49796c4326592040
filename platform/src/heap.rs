//! The memory of this process that nobody uses any more.

/// Has each block of a MiB or more be given back to the kernel as soon as it is freed. By default the C library begins to
/// keep such blocks once one was freed, and an idle process then holds what it needed at its busiest.
pub fn return_large_blocks() {
    // SAFETY: mallopt(3) sets a number that only allocations to come look at.
    #[cfg(target_env = "gnu")]
    let _unknown = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 20) };
}

/// Gives what was freed back to the kernel, where the C library keeps it: after much work its heaps have large holes.
pub fn give_back_memory() {
    // SAFETY: malloc_trim(3) changes nothing that is in use.
    #[cfg(target_env = "gnu")]
    let _nothing_was_free = unsafe { libc::malloc_trim(0) };
}
