//! Programs that say in which context they are.

super::samples! { "contexts":
    probe
}
