//! System calls that block.

super::samples! { "syscall":
    blocking
    timed
}
