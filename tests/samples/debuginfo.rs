//! Kinds of debug info and of lines.

super::samples! { "debuginfo":
    dropped_sections
    formats
    line_directives
    unity
}
