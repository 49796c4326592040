//! A program that never ends and has short children: what cov-trace's processes take may not grow.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::options::Options;
use crate::stage::{COV_TRACE, Stage};
use testing::attached::{self, Attached};
use testing::rows::Row;
use testing::run::Mark;
use testing::service::footprint::Footprint;

/// Children after which the sizes are taken for the first time.
const FIRST: u32 = 10_000;

/// The growth of supervisor and recorder from 10,000 children to all of them.
///
/// # Errors
/// When something cannot be run.
pub fn children(stage: &Stage, options: &Options) -> Result<Vec<Row>, String> {
    let program = stage.program("children");
    let mut command = Command::new(&program);
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut parent = spawned.map_err(|error| format!("{}: {error}", program.display()))?;
    let mut ask = parent.stdin.take().ok_or("no stdin")?;
    let mut answers = BufReader::new(parent.stdout.take().ok_or("no stdout")?).lines();
    let mut more = |count: u32| -> Result<(), String> {
        writeln!(ask, "{count}").map_err(|error| format!("the program ended: {error}"))?;
        answers.next().ok_or("the program ended")?.map(|_| ()).map_err(|error| error.to_string())
    };
    let data = stage.fresh("children")?;
    let command = attached::command(COV_TRACE, &[parent.id()], &["--children", "--all"], &data);
    let attached = Attached::start(Mark::new(stage.cache()), command)?;
    let sizes = || -> Result<[f64; 2], String> {
        let kib = |name| {
            let pid = attached.process_named(name).ok_or(format!("no {name}"))?;
            Footprint::of(pid).map(|footprint| footprint.rss_kib as f64)
        };
        Ok([kib("cov-supervisor")?, kib("cov-recorder")?])
    };
    more(FIRST)?;
    let before = sizes()?;
    more(options.children.saturating_sub(FIRST))?;
    let after = sizes()?;
    attached.detach("INT")?;
    drop(ask);
    parent.wait().map_err(|error| error.to_string())?;
    let name = |part: &str| format!("{} children: the {part}, by after 10,000", options.children);
    Ok(vec![
        Row::new(name("supervisor"), after[0] / before[0], 1.1, "x"),
        Row::new(name("recorder"), after[1] / before[1], 1.1, "x"),
    ])
}
