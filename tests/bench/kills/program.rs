//! The program that is measured while somebody is killed: thousands of lines, run at a pace.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many lines there are to run.
const LINES: u32 = 20_000;

/// How fast new lines are met.
pub struct Pace {
    /// For people.
    pub name: &'static str,
    /// Microseconds from one new line to the next.
    pub micros: u32,
    /// How many are run before it runs in place.
    pub lines: u32,
}

impl Pace {
    /// All of them.
    pub const ALL: &[Pace] = &[
        Pace { name: "steady", micros: 0, lines: 100 },
        Pace { name: "a line per 3 ms", micros: 3_000, lines: LINES },
        Pace { name: "a line per 0.3 ms", micros: 300, lines: LINES },
    ];
}

/// The program, built.
pub struct Program {
    /// Where it is.
    pub executable: PathBuf,
    /// Its source.
    pub source: PathBuf,
    /// The line of its source with the first step.
    pub first_line: u32,
}

impl Program {
    /// Writes and builds it.
    ///
    /// # Errors
    /// When that fails.
    pub fn build() -> Result<Program, String> {
        const PLACE: &str = "LINES_OF_STEPS\n";
        let folder = folder();
        let text = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(text)?;
        let template = include_str!("steps.c");
        let place = template.rfind(PLACE).expect("invariant: the template has a place for the steps");
        let mut steps = template[..place].to_owned();
        for line in 1..=LINES {
            _ = writeln!(steps, "    step({line});");
        }
        steps.push_str(&template[place + PLACE.len()..]);
        let program = Program {
            executable: folder.join("steps"),
            source: folder.join("steps.c"),
            first_line: template[..place].lines().count() as u32 + 1,
        };
        std::fs::write(&program.source, steps).map_err(text)?;
        let mut compiler = Command::new("cc");
        let status = compiler.args(["-g", "-O0", "-o"]).arg(&program.executable).arg(&program.source).status();
        match status.map_err(|error| format!("cc: {error}"))? {
            status if status.success() => Ok(program),
            status => Err(format!("cc: {status}")),
        }
    }
}

/// Where everything of this benchmark is.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("kills")
}
