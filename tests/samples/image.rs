//! Executables, libraries and what is mapped.

super::samples! { "image":
    constructor_loads
    copied
    ifunc
    kinds
    namespaces
    patched
    plugins
    remapped
    replaced
    shared_library
    unmeasured
}
