//! The index against an independent reader: binutils' objdump.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use object::{Object, ObjectSegment};

use super::programs::{Built, CPP, assert_invariants, index_of};

/// A base name of a file, and a line.
type Place = (String, u32);

/// What objdump reads in the line programs.
#[derive(Default)]
struct Rows {
    /// The line of each address: the last statement of the first sequence that has a line for it.
    statements: BTreeMap<u64, Place>,
    /// Where each row begins and ends, whether or not it begins a statement or has an instruction, in order of address.
    all: Vec<(u64, u64, Place)>,
}

fn objdump(arguments: &[&str], program: &Path) -> String {
    let output = Command::new("objdump").args(arguments).arg(program).output().expect("objdump (binutils)");
    assert!(output.status.success(), "objdump {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Rows look like `main.c   12   0x1139   1   x`, with or without the view number; `-` for the line ends a sequence.
fn rows_of(program: &Path) -> Rows {
    let (mut rows, mut sequence) = (Rows::default(), Vec::new());
    for row in objdump(&["-w", "--dwarf=decodedline"], program).lines() {
        let words: Vec<&str> = row.split_whitespace().collect();
        let Some(at) = words.iter().rposition(|w| w.starts_with("0x")).filter(|at| *at > 1) else {
            continue;
        };
        let Ok(address) = u64::from_str_radix(&words[at][2..], 16) else {
            continue;
        };
        if words[at - 1] == "-" {
            rows.add(&sequence, address);
            sequence.clear();
        } else {
            let name = words[..at - 1].join(" ");
            let number = words[at - 1].parse().expect("a line number");
            sequence.push((address, (name.rsplit('/').next().unwrap().to_owned(), number), words.last() == Some(&"x")));
        }
    }
    rows.all.sort();
    rows
}

impl Rows {
    fn add(&mut self, sequence: &[(u64, Place, bool)], end: u64) {
        let statements: BTreeMap<u64, &Place> =
            sequence.iter().filter(|(.., is_statement)| *is_statement).map(|(at, place, _)| (*at, place)).collect();
        for (address, place) in statements.into_iter().filter(|(_, place)| place.1 != 0) {
            self.statements.entry(address).or_insert_with(|| place.clone());
        }
        for (number, (address, place, _)) in sequence.iter().enumerate() {
            let next = sequence[number..].iter().find(|(next, ..)| next > address).map_or(end, |(next, ..)| *next);
            self.all.push((*address, next, place.clone()));
        }
    }

    /// Whether an address is in a row of the line, or that has a row there without an instruction.
    fn tell(&self, address: u64, place: (&str, u32)) -> bool {
        /// Rows that begin before an address and may reach it: sequences hardly overlap.
        const LOOKED_AT: usize = 64;
        let after = self.all.partition_point(|(start, ..)| *start <= address);
        let mut before = self.all[..after].iter().rev().take(LOOKED_AT);
        before
            .any(|(start, end, (name, line))| (*start == address || address < *end) && (name.as_str(), *line) == place)
    }
}

/// The lines on which functions are called that were inlined, and those on which functions are declared.
fn inlined_lines(program: &Path) -> BTreeSet<u32> {
    // `(data1) 12`, or `0x1390d` from 65,536 on.
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let mut lines = BTreeSet::new();
    let mut tag = String::new();
    for text in objdump(&["-w", "--dwarf=info"], program).lines() {
        if let Some((_, of_entry)) = text.split_once("(DW_TAG_") {
            tag = of_entry.trim_end_matches(')').to_owned();
        }
        let attribute = match tag.as_str() {
            "inlined_subroutine" => "DW_AT_call_line",
            "subprogram" => "DW_AT_decl_line",
            _ => continue,
        };
        if let Some((_, value)) = text.split_once(attribute).and_then(|(_, value)| value.split_once(':')) {
            lines.insert(number(value.rsplit(')').next().unwrap().trim()).expect("a line number"));
        }
    }
    lines
}

fn instruction_starts(program: &Path) -> BTreeSet<u64> {
    let listing = objdump(&["-d", "-w", "--no-show-raw-insn"], program);
    let starts =
        listing.lines().filter_map(|line| u64::from_str_radix(line.trim_start().split_once(":\t")?.0, 16).ok());
    starts.collect()
}

/// Every probe is an instruction of a row of its line or begins code that was inlined and is called or declared there, as is
/// whatever else it tells;
/// every statement row is a probe or was warned of.
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
    let (rows, starts, inlined) = (rows_of(program), instruction_starts(program), inlined_lines(program));
    let place = |line: u32| {
        let line = index.lines[line as usize];
        (index.files[line.file as usize].rsplit('/').next().unwrap(), line.number)
    };
    let mut probed = BTreeSet::new();
    for probe in &index.probes {
        let address = address_of(probe.offset.0);
        let line = place(probe.line);
        // A probe stands behind the `nop`s with which its row starts.
        let nops = bytes[..probe.offset.0 as usize].iter().rev().take_while(|byte| **byte == 0x90).count() as u64;
        let row = (address - nops..=address).rev().find(|at| rows.statements.contains_key(at));
        let is_own = row.is_some_and(|at| (rows.statements[&at].0.as_str(), rows.statements[&at].1) == line);
        let is_known = is_own || rows.tell(address, line) || inlined.contains(&line.1);
        assert!(is_known, "{name}: nothing says that {address:#x} is of {line:?}");
        assert!(starts.contains(&address), "{name}: {address:#x} is no instruction");
        probed.extend(row);
    }
    for also in &index.also {
        let (address, line) = (address_of(index.probes[also.probe as usize].offset.0), place(also.line));
        let is_known = rows.tell(address, line) || inlined.contains(&line.1);
        assert!(is_known, "{name}: nothing says that {address:#x} is of {line:?} also");
    }
    let lowest = *starts.first().unwrap();
    let missing = rows.statements.keys().filter(|a| **a >= lowest && !probed.contains(*a)).count() as u64;
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
    let source = include_str!("../../samples/rust/threads.rs");
    for flags in [["-g", "-Copt-level=0"], ["-g", "-Copt-level=3"]] {
        // The standard library is in it, with its lines.
        assert!(compare(&Built::new("rustc", &flags, "main.rs", source).program) > 5_000, "{flags:?}");
    }
}
