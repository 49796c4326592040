//! Numbers that nobody can guess.

/// A number from the kernel (getrandom(2)); where that is refused, one that is merely never the same.
pub fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Each state has keys of its own.
    from_kernel().unwrap_or_else(|| RandomState::new().hash_one(std::process::id()))
}

/// A number from the kernel, unless it refuses.
pub(crate) fn from_kernel() -> Option<u64> {
    let mut bytes = [0; size_of::<u64>()];
    // SAFETY: the kernel writes at most the array's length into the array.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    (usize::try_from(got) == Ok(bytes.len())).then_some(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_two_are_equal() {
        assert_ne!(super::random(), super::random());
    }
}
