//! Small programs at -O2, each run one instruction at a time by `step.c`: cov-trace's lines must be the very same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::record;
use crate::subject::empty;
use crate::trace::{COV_TRACE, report};
use crate::verdict::Verdict;

/// The samples of this directory are single-threaded and do the same on every run.
const SAMPLES: &str = "samples/flow";

/// Compares every sample that is one file of C or C++.
///
/// # Errors
/// When a sample cannot be built, run or read.
pub fn compare(built: &Path, verdict: &mut Verdict) -> Result<(), String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLES);
    let text = |error: std::io::Error| format!("{}: {error}", sources.display());
    let programs = empty(&built.join("samples")).map_err(text)?;
    let mut samples: Vec<PathBuf> = Vec::new();
    for entry in sources.read_dir().map_err(text)? {
        samples.push(entry.map_err(text)?.path());
    }
    samples.sort();
    for source in samples {
        let compiler = match source.extension().and_then(|extension| extension.to_str()) {
            Some("c") => "cc",
            Some("cpp") => "c++",
            Some(_) | None => continue,
        };
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let program = programs.join(&name);
        let options = ["-O2", "-g", "-o"].map(Path::new);
        let arguments: Vec<&Path> = options.into_iter().chain([program.as_path(), &source]).collect();
        run(compiler, &arguments)?;

        let steps = programs.join(format!("{name}.steps"));
        run(&built.join("step").to_string_lossy(), &[&steps, &program])?;
        let data = programs.join(format!("{name}.data"));
        run(COV_TRACE, &["-q".as_ref(), "--no-cache".as_ref(), "--data".as_ref(), &data, "--".as_ref(), &program])?;

        let image = fs::read(&program).map_err(|error| format!("{}: {error}", program.display()))?;
        let steps = fs::read_to_string(&steps).map_err(|error| format!("{}: {error}", steps.display()))?;
        let executed = record::from_steps(&steps, &image)?;
        let witness = record::lines(&record::rows(&program, &sources)?, &program, &sources, &executed, true)?;
        let ours = report(&data.to_string_lossy(), &sources)?;
        verdict.against_record(&format!("sample {name} -O2"), &sources, &ours, &witness);
    }
    Ok(())
}

/// Runs a command; a sample may end as it likes, but it must start.
fn run(program: &str, arguments: &[&Path]) -> Result<(), String> {
    let silent = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    silent.map(|_| ()).map_err(|error| format!("{program}: {error}"))
}
