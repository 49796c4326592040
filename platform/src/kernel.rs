//! Which kernel this is.

/// Its release as uname(2) gives it, such as `6.1.0-18-amd64`; empty if it does not tell.
pub fn kernel_release() -> String {
    nix::sys::utsname::uname().map_or_else(|_| String::new(), |name| name.release().to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_starts_with_a_number() {
        let release = super::kernel_release();
        assert!(release.starts_with(|first: char| first.is_ascii_digit()), "{release}");
    }
}
