//! Programs in Rust.

super::samples! { "rust":
    command
    panics
    threads
    unwinds
}
