//! Programs whose DWARF is written by hand, in assembly.

use cov_trace::debuginfo::{ImageIndex, IndexError, index};

use super::programs::Built;

/// A program whose DWARF is written by hand: abbreviations besides that of the unit (1), entries of the unit, file names and
/// the end of a line program that has given line 10 to `main`.
pub struct Handmade {
    pub abbreviations: String,
    pub units: usize,
    pub entries: String,
    pub files: String,
    pub line_program: String,
}

impl Handmade {
    pub fn new() -> Handmade {
        Handmade {
            abbreviations: String::new(),
            units: 1,
            entries: String::new(),
            files: ".asciz \"x.c\"\n.byte 0, 0, 0\n".to_owned(),
            line_program: String::new(),
        }
    }

    pub fn index(&self) -> Result<ImageIndex, IndexError> {
        let Handmade { abbreviations, units, entries, files, line_program } = self;
        let source = format!(
            ".text\n.globl main\n.type main, @function\nmain: clc\nclc\nret\n.size main, .-main\n\
             .section .debug_abbrev,\"\",@progbits\n\
             .uleb128 1, 0x11\n.byte 1\n.uleb128 0x10, 0x17, 0x1b, 0x08, 0, 0\n{abbreviations}\n.byte 0\n\
             .section .debug_info,\"\",@progbits\n\
             .rept {units}\n1: .long 3f - 2f\n2: .short 4\n.long 0\n.byte 8\n\
             .uleb128 1\n.long 0\n.asciz \"/d\"\n{entries}\n.byte 0\n3:\n.endr\n\
             .section .debug_line,\"\",@progbits\n\
             .long 3f - 1f\n1: .short 4\n.long 2f - 4f\n4: .byte 1, 1, 1, -5, 14, 13\n\
             .byte 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1\n.byte 0\n{files}.byte 0\n2:\n\
             .byte 0, 9, 2\n.quad main\n.byte 3, 9, 1\n{line_program}\n.byte 2, 1, 0, 1, 1\n3:\n\
             .section .note.GNU-stack\n"
        );
        index(&Built::new("gcc", &["-no-pie"], "main.s", &source).bytes())
    }
}

pub fn slugs(index: &ImageIndex) -> Vec<&str> {
    index.warnings.iter().map(|w| w.slug.as_str()).collect()
}
