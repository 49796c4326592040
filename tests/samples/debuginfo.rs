//! Kinds of debug info and of lines.

super::samples! { "debuginfo":
    formats
    line_directives
    unity
}
