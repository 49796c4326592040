//! The index against an independent reader: binutils' objdump.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSegment};

use super::programs::{Built, CPP, assert_invariants, index_of};

/// What objdump gives to each address: base name of the file, and line.
type Rows = BTreeMap<u64, (String, u32)>;

fn objdump(arguments: &[&str], program: &Path) -> String {
    let output = Command::new("objdump").args(arguments).arg(program).output().expect("objdump (binutils)");
    assert!(output.status.success(), "objdump {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The line of each address: the last statement of the first sequence that has a line for it.
///
/// Rows look like `main.c   12   0x1139   1   x`, with or without the view number; `-` for the line ends a sequence.
fn statement_rows(program: &Path) -> Rows {
    let (mut rows, mut sequence) = (Rows::new(), Rows::new());
    for row in objdump(&["-w", "--dwarf=decodedline"], program).lines() {
        let words: Vec<&str> = row.split_whitespace().collect();
        let Some(at) = words.iter().rposition(|w| w.starts_with("0x")).filter(|at| *at > 1) else {
            continue;
        };
        let Ok(address) = u64::from_str_radix(&words[at][2..], 16) else {
            continue;
        };
        if words[at - 1] == "-" {
            for (address, statement) in std::mem::take(&mut sequence) {
                if statement.1 != 0 {
                    rows.entry(address).or_insert(statement);
                }
            }
        } else if words.last() == Some(&"x") {
            let name = words[..at - 1].join(" ");
            let number = words[at - 1].parse().expect("a line number");
            sequence.insert(address, (name.rsplit('/').next().unwrap().to_owned(), number));
        }
    }
    rows
}

fn instruction_starts(program: &Path) -> BTreeSet<u64> {
    let listing = objdump(&["-d", "-w", "--no-show-raw-insn"], program);
    let starts =
        listing.lines().filter_map(|line| u64::from_str_radix(line.trim_start().split_once(":\t")?.0, 16).ok());
    starts.collect()
}

/// Every probe is a statement row and an instruction start there; every statement row there is a probe or was warned of.
fn compare(program: &Path) -> usize {
    let name = program.display();
    let (bytes, index) = (std::fs::read(program).unwrap(), index_of(program));
    assert_invariants(&index, &bytes);
    let image = object::File::parse(&*bytes).unwrap();
    let address_of = |offset: u64| {
        let covers = |s: &object::Segment| (s.file_range().0..s.file_range().0 + s.file_range().1).contains(&offset);
        let segment = image.segments().find(covers).expect("a segment covers every probe");
        offset - segment.file_range().0 + segment.address()
    };
    let (rows, starts) = (statement_rows(program), instruction_starts(program));
    let mut probed = BTreeSet::new();
    for probe in &index.probes {
        let address = address_of(probe.offset.0);
        let line = index.lines[probe.line as usize];
        let file = index.files[line.file as usize].rsplit('/').next().unwrap();
        // A probe stands behind the `nop`s with which its row starts.
        let nops = bytes[..probe.offset.0 as usize].iter().rev().take_while(|byte| **byte == 0x90).count() as u64;
        let row = (address - nops..=address).rev().find(|at| rows.contains_key(at));
        let there = row.and_then(|at| rows.get(&at)).unwrap_or_else(|| panic!("{name}: {address:#x} is no row"));
        assert_eq!((file, line.number), (there.0.as_str(), there.1), "{name}: {address:#x}");
        assert!(starts.contains(&address), "{name}: {address:#x} is no instruction");
        probed.extend(row);
    }
    let lowest = *starts.first().unwrap();
    let missing = rows.keys().filter(|a| **a >= lowest && !probed.contains(*a)).count() as u64;
    let refused = [
        "not-on-boundary",
        "outside-function",
        "outside-text",
        "overlapping-functions",
        "program-breakpoint",
        "undecodable-code",
    ];
    let warned: u64 = index.warnings.iter().filter(|w| refused.contains(&w.slug.as_str())).map(|w| w.count).sum();
    assert!(missing <= warned, "{name}: {missing} rows are no probes, {warned} were warned of");
    probed.len()
}

#[test]
fn c_and_cpp_agree() {
    for compiler in ["gcc", "clang"] {
        for flags in [["-gdwarf-4", "-O0"], ["-gdwarf-5", "-O2"], ["-gdwarf-2", "-O2"], ["-g", "-O3"]] {
            assert!(compare(&Built::c(compiler, &flags).program) > 5, "{compiler} {flags:?}");
        }
    }
    for compiler in ["g++", "clang++"] {
        for flags in [["-gdwarf-5", "-O0"], ["-gdwarf-4", "-O2"]] {
            assert!(compare(&Built::new(compiler, &flags, "main.cpp", CPP).program) > 0, "{compiler} {flags:?}");
        }
    }
}

#[test]
fn a_static_program_agrees() {
    assert!(compare(&Built::c("gcc", &["-g", "-O0", "-static-pie"]).program) > 20);
}

#[test]
fn a_rust_program_agrees() {
    assert!(compare(Path::new(env!("CARGO_BIN_EXE_cov-trace"))) > 5_000);
}
