//! What a program sees of its surroundings.

super::samples! { "environment":
    address_space
    affinity
    descriptors
    facts
    seccomp
    undumpable
    undumpable_filtered
}
