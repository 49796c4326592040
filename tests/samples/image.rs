//! Executables, libraries and what is mapped.

super::samples! { "image":
    constructor_loads
    copied
    copied_shared
    ifunc
    kinds
    namespaces
    patched
    plugins
    poked
    remapped
    replaced
    shared_library
    unmeasured
}
