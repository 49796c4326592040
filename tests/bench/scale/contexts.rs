//! Up to 10,000 contexts, each of which ran 1,000 lines of a program of 1,000 sources and a million lines.

use std::fs;
use std::path::Path;
use std::process::Command;

use cov_trace::store::{FileFacts, FunctionFacts, Numbits, SourceOrigin};

use crate::made_up_contexts::{Opened, made_up_contexts};
use crate::options::Options;
use crate::stage::{COV_TRACE, Stage};
use testing::bench::{exponent, measured, size};
use testing::rows::Row;

const CONTEXTS: [u32; 3] = [1_000, 3_200, 10_000];
const SOURCES: u32 = 1000;
const LINES: u32 = 1000;

/// How many lines a function has.
const LENGTH: u32 = 50;

/// What is asked, and how many seconds the answer may take with most contexts.
const ASKED: [(&[&str], f64); 5] = [
    (&["who", "src/part0.c:10"], 0.2),
    (&["affected", "--files", "src/part5.c"], 0.3),
    (&["contexts", "--sort=unique"], 0.2),
    (&["json", "-o", "report.json"], 2.0),
    (&["html", "-o", "site"], 5.0),
];

/// The contexts are those of processes, and then of one process.
///
/// # Errors
/// When something cannot be made or run.
pub fn contexts(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let folder = stage.fresh("contexts")?;
    let at = |name: &str| folder.join(name);
    let files = sources(&folder)?;
    let mut rows = Vec::new();
    for (opened, whose) in [(Opened::ByProcesses, "of processes"), (Opened::ByOne, "of one process")] {
        let mut taken = vec![Vec::new(); ASKED.len()];
        for count in CONTEXTS {
            let data = format!("{opened:?}{count}");
            made_up_contexts(&at(&data), count, opened, files.clone(), ran)?;
            for ((words, _), taken) in ASKED.iter().zip(&mut taken) {
                let mut command = Command::new(COV_TRACE);
                command.args(*words).args(["--data", &data]).current_dir(&folder);
                taken.push((count, measured(&mut command)?));
            }
        }
        for ((words, goal), taken) in ASKED.iter().zip(taken) {
            let what = format!("{} {whose}", words[0]);
            let (_, (seconds, kib)) = taken[taken.len() - 1];
            rows.push(Row::new(format!("10,000 contexts {whose}: {}", words[0]), seconds, *goal, "s"));
            rows.push(Row::new(format!("10,000 contexts: {what}, peak memory"), kib as f64 / 1024.0, 256.0, "MiB"));
            let points: Vec<_> = taken.iter().map(|(count, (seconds, _))| (f64::from(*count), *seconds)).collect();
            rows.push(Row::new(format!("contexts: exponent of {what}"), exponent(&points), 1.05, ""));
        }
        let of_contexts = size(&at("site/contexts"))? as f64 / f64::from(1 << 20);
        rows.push(Row::new(format!("10,000 contexts {whose}: what HTML has of them"), of_contexts, 20.0, "MiB"));
    }
    Ok(rows)
}

/// Writes the sources, and says what is known of them.
fn sources(folder: &Path) -> Result<Vec<FileFacts>, String> {
    fs::create_dir_all(folder.join("src")).map_err(|error| error.to_string())?;
    let source = |number: u32| {
        let path = folder.join(format!("src/part{number}.c"));
        fs::write(&path, "return count + 17;\n".repeat(LINES as usize)).map_err(|error| error.to_string())?;
        let function = |start: u32| FunctionFacts {
            start,
            end: start + LENGTH - 1,
            name: format!("part{number}_from_{start}"),
            told: true,
        };
        Ok(FileFacts {
            path: path.display().to_string(),
            origin: SourceOrigin::default(),
            executable: (1..=LINES).collect(),
            functions: (1..=LINES).step_by(LENGTH as usize).map(function).collect(),
        })
    };
    (0..SOURCES).map(source).collect()
}

/// What a context ran: with nine of ten the same 300 lines; 500 lines of five sources of its suite, as one of seven kinds
/// of tests; the rest of a source that many others ran as well, but other lines of it.
fn ran(context: u32) -> Vec<(usize, Numbits, Numbits)> {
    let mut ran: Vec<(u32, Numbits)> = Vec::new();
    if !context.is_multiple_of(10) {
        ran.extend((0..3).map(|file| (file, (1..=100).collect())));
    }
    let (suite, kind) = (context % 100, context / 100 % 7);
    let branches = |file: u32| (0..100).map(move |line| 1 + (line / 5 * 50 + line % 5 + file % 3 + 5 * kind) % LINES);
    ran.extend((0..5).map(|part| 10 + suite * 5 + part).map(|file| (file, branches(file).collect())));
    let own = (0..200).map(|line| 1 + (line * (1 + context % 9) + context * 7) % LINES);
    ran.push((600 + context * 37 % 400, own.collect()));
    let with_functions = |(file, lines): (u32, Numbits)| {
        let entered = lines.iter().map(|line| (line - 1) / LENGTH).collect();
        (file as usize, lines, entered)
    };
    ran.into_iter().map(with_functions).collect()
}
