//! Landmarks of the C libraries and loaders that programs here run with.

use std::path::Path;
use std::process::Command;

use cov_trace::debuginfo::{ImageIndex, LandmarkKind, index, landmarks};

use super::programs::{Built, assert_invariants, index_of};

fn count(index: &ImageIndex, kind: LandmarkKind) -> usize {
    index.landmarks.iter().filter(|l| l.kind == kind).count()
}

/// Where the dynamic linker of this system and its C library are, from what a program is linked to.
fn interpreter() -> std::path::PathBuf {
    let built = Built::c("gcc", &["-O0"]);
    let output = Command::new("readelf").arg("-lW").arg(&built.program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let path = text.split("program interpreter: ").nth(1).unwrap().split(']').next().unwrap();
    path.into()
}

#[test]
fn the_loader_has_its_state_function() {
    let index = index_of(&interpreter());
    let states = count(&index, LandmarkKind::LoaderState) + count(&index, LandmarkKind::LoaderStateEndbr);
    assert_eq!(states, 1, "{:?}", index.landmarks);
    assert!(index.warnings.iter().all(|w| w.slug != "loader-state-shape"));
}

#[test]
fn a_stripped_c_library_has_its_signal_calls() {
    let built = Built::c("gcc", &["-g", "-static", "-s"]);
    // A stripped static program has no symbols at all: its functions are known from .eh_frame alone.
    let index = built.index();
    assert_invariants(&index, &built.bytes());
    assert!(count(&index, LandmarkKind::OwnSignalMask) >= 1, "{:?}", index.landmarks);
    assert!(count(&index, LandmarkKind::SignalAction) >= 1, "{:?}", index.landmarks);
    let library = index_of(Path::new("/lib/x86_64-linux-gnu/libc.so.6"));
    // pthread_sigmask(), which its caller tells how, and what the library does for its own sake.
    assert_eq!(count(&library, LandmarkKind::SignalMask), 1, "{:?}", library.landmarks);
    assert!(count(&library, LandmarkKind::OwnSignalMask) >= 14, "{:?}", library.landmarks);
    assert!(count(&library, LandmarkKind::SignalAction) >= 1, "{:?}", library.landmarks);
    // clone() and syscall(), whose callers give the flags; in a static program these cannot be told from others.
    assert_eq!((count(&library, LandmarkKind::Clone), count(&library, LandmarkKind::Call)), (1, 1));
    assert!((1..40).contains(&count(&index, LandmarkKind::Call)), "{:?}", index.landmarks);
}

#[test]
fn landmarks_alone_are_those_of_the_whole_index() {
    let built = Built::c("gcc", &["-g", "-static"]);
    for path in [interpreter(), "/lib/x86_64-linux-gnu/libc.so.6".into(), built.program.clone()] {
        let bytes = std::fs::read(&path).unwrap();
        let (alone, whole) = (landmarks(&bytes).unwrap(), index(&bytes).unwrap());
        assert_eq!((&alone.landmarks, &alone.build_id), (&whole.landmarks, &whole.build_id), "{}", path.display());
        assert!(alone.probes.is_empty() && alone.lines.is_empty() && alone.functions.is_empty());
    }
}

#[test]
fn shapes_of_the_state_function() {
    let program = |body: &str| {
        let source = format!(
            ".globl main\nmain: ret\n.globl _dl_debug_state\n.type _dl_debug_state, @function\n_dl_debug_state:\n{body}\n\
             .size _dl_debug_state, .-_dl_debug_state\n.section .note.GNU-stack\n"
        );
        Built::new("gcc", &[], "main.s", &source).index()
    };
    let plain = program("ret");
    assert_eq!((plain.landmarks.len(), count(&plain, LandmarkKind::LoaderState)), (1, 1));
    assert_eq!(plain.landmarks[0].original, 0xc3);
    let marked = program("endbr64\nret");
    assert_eq!((marked.landmarks.len(), count(&marked, LandmarkKind::LoaderStateEndbr)), (1, 1));
    assert_eq!(marked.landmarks[0].original, 0xf3);
    let other = program("nop\nret");
    assert_eq!(other.landmarks, []);
    assert_eq!(other.warnings.iter().map(|w| w.slug.as_str()).collect::<Vec<_>>(), ["loader-state-shape"]);
}

#[test]
fn signal_calls_must_be_instructions_of_a_function() {
    // The same bytes four times: as instructions of a function, inside an instruction of one, outside any, and apart.
    let source = r#"
        .globl main
        .type main, @function
main:   movl $14, %eax
        syscall
        movl $13, %eax
        syscall
        movl $14, %r8d
        syscall
        movl $14, %eax
        nop
        syscall
        movl $14, %eax
        lea 8(%rsp), %rsi
        syscall
        movl $2, %edi
        movl $14, %eax
        syscall
        .size main, .-main
        movl $14, %eax
        syscall
        .section .note.GNU-stack
"#;
    let built = Built::new("gcc", &[], "main.s", source);
    let (bytes, index) = (built.bytes(), built.index());
    let start = memchr::memmem::find(&bytes, &[0xb8, 14, 0, 0, 0, 0x0f, 5]).unwrap() as u64;
    let found: Vec<_> = index.landmarks.iter().map(|l| (l.offset.0 - start, l.kind, l.original)).collect();
    assert_eq!(
        found,
        [
            (0, LandmarkKind::SignalMask, 0xb8),
            (7, LandmarkKind::SignalAction, 0xb8),
            // Here the number is not known.
            (20, LandmarkKind::Call, 0x0f),
            (30, LandmarkKind::SignalMask, 0xb8),
            (47, LandmarkKind::OwnSignalMask, 0xb8)
        ]
    );
}

#[test]
fn a_landmark_costs_no_probe() {
    let source = "int main(void)\n{\n    return 0;\n}\nvoid _dl_debug_state(void) {}\n";
    let built = Built::new("gcc", &["-g", "-O2", "-fcf-protection=none"], "main.c", source);
    let index = built.index();
    let [landmark] = index.landmarks[..] else { panic!("{:?}", index.landmarks) };
    assert!(index.probes.iter().any(|p| p.offset == landmark.offset));
}
