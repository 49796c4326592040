//! What a program sees of its surroundings.

super::samples! { "environment":
    address_space
    descriptors
    facts
    seccomp
}
