//! Every DWARF version of both compilers, and the ways in which programs are linked and stored.

use std::process::Command;

use cov_trace::debuginfo::{ImageIndex, IndexError, index};

use super::programs::{Built, C, CPP, assert_invariants, lines_of, marked};

#[test]
fn the_build_id_is_that_of_readelf() {
    let built = Built::c("gcc", &["-Wl,--build-id=sha1"]);
    let output = Command::new("readelf").arg("-n").arg(&built.program).output().unwrap();
    let notes = String::from_utf8(output.stdout).unwrap();
    let id = notes.split("Build ID: ").nth(1).and_then(|rest| rest.split_whitespace().next());
    assert_eq!(built.index().build_id.as_deref(), id);
    assert_eq!(id.map(str::len), Some(40));
    assert_eq!(Built::c("gcc", &["-Wl,--build-id=none"]).index().build_id, None);
}

/// What any build of the C program without optimisation must give.
fn assert_c_program(built: &Built, what: &str) {
    let index = built.index();
    assert_invariants(&index, &built.bytes());
    let (main, header) = (built.source("main.c"), built.source("part/inlined.h"));
    // musl's start-up code has debug information of its own.
    let own: Vec<_> = index.files.iter().filter(|f| !f.ends_with("crt1.c")).collect();
    assert_eq!(own, [&main, &header], "{what}");
    // As has its start-up code in assembly, which is no function.
    let unexpected: Vec<_> = index.warnings.iter().filter(|w| what != "musl" || w.slug != "outside-function").collect();
    assert!(unexpected.is_empty(), "{what}: {unexpected:?}");
    let lines = lines_of(&index, &main);
    for line in marked(C, "; // line").into_iter().chain(marked(C, "{ // line")) {
        assert!(lines.contains(&line), "{what}: line {line} is missing in {lines:?}");
    }
    for line in &lines {
        assert!(marked(C, "// line").contains(line), "{what}: line {line} has no code");
    }
    assert!(lines_of(&index, &header).contains(&3), "{what}");
    assert_functions(&index, C, &main, what);
}

/// Every `// from NAME` and `// to NAME` is a function.
fn assert_functions(index: &ImageIndex, source: &str, path: &str, what: &str) {
    let file = index.files.iter().position(|f| f == path).unwrap() as u32;
    let mut checked = 0;
    for (line, number) in source.lines().zip(1..) {
        let Some(name) = line.split("// from ").nth(1).map(|n| n.split(" // ").next().unwrap()) else {
            continue;
        };
        let start = number;
        // clang gives a closing brace behind a `return` no code of its own.
        let brace = marked(source, &format!("// to {name}"))[0];
        let end = lines_of(index, path).into_iter().filter(|l| *l <= brace).max().unwrap();
        assert!(end + 1 >= brace, "{what}: {name}");
        let found = index.functions.iter().find(|f| f.file == file && f.start == start && f.name == name);
        let found = found.unwrap_or_else(|| panic!("{what}: no {name} at {start} in {:?}", index.functions));
        assert_eq!(found.end, end, "{what}: {name}");
        checked += 1;
    }
    assert!(checked >= 3);
}

#[test]
fn c_without_optimisation_in_every_dwarf_version() {
    for compiler in ["gcc", "clang"] {
        for version in ["-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
            let built = Built::c(compiler, &[version, "-O0"]);
            assert_c_program(&built, &format!("{compiler} {version}"));
        }
    }
}

#[test]
fn c_with_optimisation_in_every_dwarf_version() {
    for compiler in ["gcc", "clang"] {
        for version in ["-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
            let built = Built::c(compiler, &[version, "-O2"]);
            let index = built.index();
            assert_invariants(&index, &built.bytes());
            let main = built.source("main.c");
            let lines = lines_of(&index, &main);
            assert!(lines.len() >= 4, "{compiler} {version}: {lines:?}");
            let marked = marked(C, "// line");
            assert!(lines.iter().all(|l| marked.contains(l)), "{compiler} {version}: {lines:?}");
            assert!(index.functions.iter().any(|f| f.name == "main"), "{compiler} {version}");
            assert_eq!(index.warnings, [], "{compiler} {version}");
        }
    }
}

#[test]
fn cpp_names_are_demangled_and_instances_joined() {
    for compiler in ["g++", "clang++"] {
        for version in ["-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
            let what = format!("{compiler} {version}");
            let built = Built::new(compiler, &[version, "-O0"], "main.cpp", CPP);
            let index = built.index();
            assert_invariants(&index, &built.bytes());
            let path = built.source("main.cpp");
            assert_functions(&index, CPP, &path, &what);
            let lines = lines_of(&index, &path);
            for line in marked(CPP, "; // line").into_iter().chain(marked(CPP, "{ // line")) {
                assert!(lines.contains(&line), "{what}: line {line} is missing in {lines:?}");
            }
            for line in marked(CPP, "// no code") {
                assert!(!lines.contains(&line), "{what}: line {line}");
            }
            let doubled: Vec<_> = index.functions.iter().filter(|f| f.name.contains("doubled")).collect();
            assert_eq!(doubled.len(), 2, "{what}: one for each type: {doubled:?}");
            let lambda = index.functions.iter().find(|f| f.name.contains("lambda") || f.name.contains("$_0"));
            assert!(
                lambda.is_some_and(|f| (f.start + 1..=f.start + 2).contains(&f.end)),
                "{what}: {lambda:?} of {:?}",
                index.functions
            );
        }
    }
}

#[test]
fn compressed_sections_read_like_plain_ones() {
    for compression in ["-gz=zlib", "-gz=zlib-gnu"] {
        assert_c_program(&Built::c("gcc", &["-g", "-O0", compression]), compression);
    }
}

#[test]
fn linked_in_every_way() {
    for flags in [
        &["-no-pie"][..],
        &["-pie"],
        &["-static"],
        &["-static-pie"],
        &["-shared", "-fPIC"],
        &["-Wl,-z,noseparate-code"],
    ] {
        let flags: Vec<&str> = ["-g", "-O0"].iter().chain(flags).copied().collect();
        assert_c_program(&Built::c("gcc", &flags), &format!("{flags:?}"));
    }
    assert_c_program(&Built::c("musl-gcc", &["-g", "-O0", "-static"]), "musl");
}

#[test]
fn discarded_functions_have_no_lines() {
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        // Without relocation of discarded code its addresses start at 0, where a shared library has its headers.
        for link in ["-pie", "-no-pie"] {
            let flags = [version, "-O0", "-ffunction-sections", "-Wl,--gc-sections", link];
            let source = C.replace("return never_called(argc)", "return 1");
            let built = Built::new("gcc", &flags, "main.c", &source);
            let index = built.index();
            assert_invariants(&index, &built.bytes());
            let lines = lines_of(&index, &built.source("main.c"));
            let gone = marked(&source, "never_called")[0];
            assert!(lines.iter().all(|l| !(gone..gone + 8).contains(l)), "{flags:?}: {lines:?}");
            assert!(lines.contains(&(gone + 11)), "{flags:?}: {lines:?}");
            assert!(index.functions.iter().all(|f| f.name != "never_called"), "{flags:?}");
            assert_eq!(index.warnings, [], "{flags:?}");
        }
    }
}

#[test]
fn split_dwarf_keeps_lines_and_takes_functions_from_symbols() {
    for compiler in ["gcc", "clang"] {
        for version in ["-gdwarf-4", "-gdwarf-5"] {
            let what = format!("{compiler} {version}");
            let built = Built::c(compiler, &[version, "-O0", "-gsplit-dwarf"]);
            let index = built.index();
            assert_invariants(&index, &built.bytes());
            let lines = lines_of(&index, &built.source("main.c"));
            assert!(marked(C, "; // line").iter().all(|l| lines.contains(l)), "{what}: {lines:?}");
            let slugs: Vec<_> = index.warnings.iter().map(|w| (w.slug.as_str(), w.count)).collect();
            assert_eq!(slugs, [("split-dwarf", 1)], "{what}");
            assert_functions(&index, C, &built.source("main.c"), &what);
        }
    }
}

#[test]
fn link_time_optimisation_follows_references_to_other_units() {
    let built = Built::c("gcc", &["-g", "-O2", "-flto", "-ffat-lto-objects"]);
    let index = built.index();
    assert_invariants(&index, &built.bytes());
    let main = index.functions.iter().find(|f| f.name == "main").expect("main");
    assert_eq!(main.start, marked(C, "// from main")[0]);
    assert_eq!(index.files[main.file as usize], built.source("main.c"));
}

#[test]
fn breakpoints_of_the_program_are_left_alone() {
    let source = "int main(void)\n{\n    __asm__(\"int3\");\n    return 0;\n}\n";
    let built = Built::new("gcc", &["-g", "-O0"], "main.c", source);
    let index = built.index();
    assert_eq!(lines_of(&index, &built.source("main.c")), [2, 4, 5]);
    let slugs: Vec<_> = index.warnings.iter().map(|w| (w.slug.as_str(), w.count)).collect();
    assert_eq!(slugs, [("program-breakpoint", 1)]);
}

#[test]
fn lines_inside_data_and_instructions_are_refused() {
    // Hand-written assembly: nops that are the operand of a mov, and code behind a byte that is no instruction.
    let source = r#"
        .file 1 "made-up.c"
        .globl main
        .type main, @function
main:   .loc 1 10
        xorl %eax, %eax
        .byte 0xb8
        .loc 1 20
        nop
        .loc 1 30
        nop
        nop
        nop
        .loc 1 40
        ret
        .byte 0x06
        .loc 1 50
        nop
        .size main, .-main
        .loc 1 70
        nop
        .section .note.GNU-stack
"#;
    let built = Built::new("gcc", &["-gdwarf-5"], "main.s", source);
    let index = built.index();
    assert_invariants(&index, &built.bytes());
    assert_eq!(lines_of(&index, &built.source("made-up.c")), [10, 40]);
    let slugs: Vec<_> = index.warnings.iter().map(|w| (w.slug.as_str(), w.count)).collect();
    assert_eq!(slugs, [("not-on-boundary", 2), ("outside-function", 1), ("undecodable-code", 1)]);
}

#[test]
fn images_without_lines_are_no_errors() {
    for flags in [&["-O0"][..], &["-g", "-s"]] {
        let built = Built::c("gcc", flags);
        let index = built.index();
        assert_eq!((index.files, index.lines, index.functions, index.probes), (vec![], vec![], vec![], vec![]));
        assert_eq!(index.warnings, []);
    }
}

#[test]
fn what_is_not_measured_is_an_error_of_its_own() {
    assert_eq!(index(b""), Err(IndexError::NotElf));
    assert_eq!(index(b"#!/bin/sh\n"), Err(IndexError::NotElf));
    let built = Built::new("gcc", &["-m32", "-g"], "main.c", "int main(void) { return 0; }\n");
    assert_eq!(index(&built.bytes()), Err(IndexError::ThirtyTwoBit));
    let mut foreign = Built::c("gcc", &["-g"]).bytes();
    foreign[18] = 183;
    assert_eq!(index(&foreign), Err(IndexError::ForeignMachine { machine: 183 }));
    let cut = &Built::c("gcc", &["-g"]).bytes()[..100];
    assert!(matches!(index(cut), Err(IndexError::Malformed { .. })), "{:?}", index(cut));
}
