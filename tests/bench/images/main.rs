//! Images of up to a GB: `cargo bench --bench images [-- --largest MIB]`.
//!
//! Programs that grow by factors (`tests/bench/images/build`) are measured, everything of them and the sources of one copy: without the
//! cache, and with what that has. Quote the ratios to the size, and the exponents: time grows as the size to the power of
//! it.
#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use testing::bench::{self, build, size};
use testing::peaks::{Peaks, watch};

/// MiB of the programs; the largest two take a minute and some GB of disk to build.
const SIZES: [u64; 4] = [18, 73, 291, 873];

/// What is measured, and the options for it.
const SCOPES: [(&str, [&str; 2]); 2] = [("everything", ["--include", "*"]), ("one copy", ["--include", "*/n0003_*"])];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("images: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let largest = match (words.next().as_deref(), words.next()) {
        (None, _) => 291,
        (Some("--largest"), Some(mib)) => mib.parse().map_err(|error| format!("--largest: {error}"))?,
        (Some(word), _) => return Err(format!("unknown argument {word}; known: --largest MIB")),
    };
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../images");
    println!(
        "{:<10} {:<11} {:>7} {:>9} {:>9} {:>11} {:>13} {:>8}",
        "program", "measured", "MiB", "cold ms", "warm ms", "recorder x", "supervisor x", "index x"
    );
    for (scope, options) in SCOPES {
        let mut figures = Vec::new();
        for mib in SIZES.into_iter().filter(|mib| *mib <= largest) {
            figures.push(measure("c", mib, scope, &options, &target)?);
        }
        if let (Some(first), Some(last)) = (figures.first(), figures.last()) {
            let exponent = |of: fn(&Figures) -> f64| bench::exponent(&[(first.mib, of(first)), (last.mib, of(last))]);
            println!(
                "grows as the size to the power of: cold {:.2}, warm {:.2} (goal 1)",
                exponent(|figures| figures.cold),
                exponent(|figures| figures.warm)
            );
        }
        measure("cpp", largest.min(150), scope, &options, &target)?;
    }
    Ok(())
}

struct Figures {
    mib: f64,
    cold: f64,
    warm: f64,
}

/// Measures one program, and prints what that costs.
fn measure(language: &str, mib: u64, scope: &str, options: &[&str], target: &Path) -> Result<Figures, String> {
    let folder = build("tests/bench/images/build", target, &[&mib.to_string(), language])?;
    let program = folder.join(format!("{language}-{mib}"));
    let bytes = fs::metadata(&program).map_err(|error| format!("{}: {error}", program.display()))?.len() as f64;
    let scratch = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
    let run = |options: &[&str]| once(&program, options, scratch.path());
    let (cold, of_cold) = run(&[options, &["--no-cache"]].concat())?;
    run(options)?;
    let (mut warm, mut of_warm) = run(options)?;
    for _ in 0..2 {
        let (again, peaks) = run(options)?;
        (warm, of_warm) = if again < warm { (again, peaks) } else { (warm, of_warm) };
    }
    let by_size = |kib: u64| kib as f64 * 1024.0 / bytes;
    println!(
        "{:<10} {scope:<11} {:>7.0} {:>9.0} {:>9.0} {:>10.2}x {:>12.2}x {:>7.2}x",
        format!("{language}-{mib}"),
        bytes / f64::from(1 << 20),
        cold * 1e3,
        warm * 1e3,
        by_size(of_cold.recorder_kib.max(of_warm.recorder_kib)),
        by_size(of_cold.supervisor_kib.max(of_warm.supervisor_kib)),
        size(&scratch.path().join("cache"))? as f64 / bytes
    );
    Ok(Figures { mib: bytes / f64::from(1 << 20), cold, warm })
}

/// Runs it under cov-trace once; gives seconds and peaks.
fn once(program: &Path, options: &[&str], scratch: &Path) -> Result<(f64, Peaks), String> {
    let data = scratch.join("data");
    if data.exists() {
        fs::remove_dir_all(&data).map_err(|error| format!("clear the data: {error}"))?;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    command.arg("-q").args(options).arg("--data").arg(&data).arg("--").arg(program);
    command.env("XDG_CACHE_HOME", scratch.join("cache")).current_dir(scratch);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let peaks = watch(command.spawn().map_err(|error| format!("{}: {error}", program.display()))?)?;
    Ok((start.elapsed().as_secs_f64(), peaks))
}
