//! Damaged and hostile files: always an index or an error, in bounded time and memory.
//!
//! The mutations run in a child process whose address space is limited, so that an allocation out of proportion fails.

use std::process::Command;

use cov_trace::debuginfo::{index, index_of_sources, line_account};
use object::{Object, ObjectSection};

use super::programs::{Built, CPP, assert_invariants};

const CHILD: &str = "COV_TRACE_TEST_LIMITED";

/// Runs this very test again with little memory and little time; returns false in that child.
fn ran_limited(test: &str) -> bool {
    if std::env::var_os(CHILD).is_some() {
        return false;
    }
    let script = r#"ulimit -v 1500000 && exec timeout 300 "$0" --exact "$1" --test-threads 1 --nocapture"#;
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(std::env::current_exe().unwrap()).arg(test).env(CHILD, "1");
    let output = command.output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{:?}: {told}", output.status);
    true
}

/// xorshift64*: the same bytes on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

fn victims() -> Vec<Vec<u8>> {
    vec![
        Built::c("gcc", &["-gdwarf-5", "-O2"]).bytes(),
        Built::c("gcc", &["-gdwarf-4", "-O0", "-gz=zlib"]).bytes(),
        Built::c("clang", &["-gdwarf-5", "-O1"]).bytes(),
        Built::c("clang", &["-gdwarf-3", "-O2"]).bytes(),
        Built::new("g++", &["-gdwarf-4", "-O0"], "main.cpp", CPP).bytes(),
    ]
}

/// Indexes and checks what every index promises; tells whether there was one.
fn survive(bytes: &[u8]) -> bool {
    /// One that the victims have code of.
    const LINE: u32 = 13;
    let some = |sources: &[String]| (0..sources.len()).map(|source| source % 2 == 0).collect();
    if let Ok(part) = index_of_sources(bytes, &some) {
        assert_invariants(&part, bytes);
    }
    let account = line_account(bytes, &|_| true, LINE);
    match index(bytes) {
        Ok(index) => {
            assert_invariants(&index, bytes);
            let is_listed = index.lines.iter().any(|line| line.number == LINE);
            assert!(account.is_err() || account.is_ok_and(|account| account.told().is_empty() != is_listed));
            true
        }
        Err(_) => false,
    }
}

#[test]
fn truncated_files() {
    if ran_limited("debuginfo::damage::truncated_files") {
        return;
    }
    for victim in victims() {
        assert!(survive(&victim));
        let step = (victim.len() / 150).max(1);
        for length in (0..victim.len()).step_by(step).chain(0..200) {
            survive(&victim[..length]);
        }
        // Cut where the headers point to, with the end zeroed instead of missing, so that more is read.
        for length in (0..victim.len()).step_by(step) {
            let mut zeroed = victim.clone();
            zeroed[length..].iter_mut().take(4096).for_each(|b| *b = 0);
            survive(&zeroed);
        }
    }
}

#[test]
fn flipped_bytes() {
    if ran_limited("debuginfo::damage::flipped_bytes") {
        return;
    }
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut indexed = 0;
    for victim in victims() {
        // Most of a small program is padding; the interesting bytes are those of the sections that are read.
        let image = object::File::parse(&*victim).unwrap();
        let read = |name: &str| name.starts_with(".debug_") || name.starts_with(".eh_frame") || name.contains("sym");
        let mut spans: Vec<(u64, u64)> =
            image.sections().filter(|s| s.name().is_ok_and(read)).filter_map(|s| s.file_range()).collect();
        spans.push((0, 64 + 56 * 13));
        spans.push((victim.len() as u64 - 64 * 36, 64 * 36));
        for _ in 0..400 {
            let mut mutant = victim.clone();
            for _ in 0..1 + dice.roll(6) {
                let (start, length) = spans[dice.roll(spans.len())];
                let at = start as usize + dice.roll(length.max(1) as usize);
                let byte = [0, 1, 0x7f, 0x80, 0xff, dice.roll(256) as u8][dice.roll(6)];
                let run = 1 + dice.roll(10) * dice.roll(2);
                mutant.iter_mut().skip(at).take(run).for_each(|b| *b = byte);
            }
            indexed += usize::from(survive(&mutant));
        }
    }
    // Mutants that are refused at the first header would test nothing.
    assert!(indexed > 500, "{indexed}");
}
