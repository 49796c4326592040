//! Executables, libraries and what is mapped.

super::samples! { "image":
    constructor_loads
    ifunc
    kinds
    namespaces
    plugins
    remapped
    shared_library
    unmeasured
}
