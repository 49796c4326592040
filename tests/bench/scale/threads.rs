//! Many threads.

use crate::options::Options;
use crate::stage::{Stage, seconds};
use testing::bench::median;
use testing::rows::Row;

/// Processes of 50 threads, and one process of thousands.
///
/// # Errors
/// When something cannot be run.
pub fn threads(stage: &Stage, _options: &Options) -> Result<Vec<Row>, String> {
    let timed = |processes: u32, threads: u32| -> Result<(f64, f64), String> {
        let crowd = stage.program("crowd");
        let arguments = [processes.to_string(), threads.to_string()];
        let (mut bare, mut traced) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            bare.push(seconds(&mut stage.bare(&crowd, &arguments))?);
            traced.push(seconds(&mut stage.traced(&["--all"], &stage.fresh("threads")?, &crowd, &arguments))?);
        }
        Ok((median(&bare), median(&traced)))
    };
    let (bare, traced) = timed(200, 50)?;
    // What a start costs is in neither.
    let start = timed(1, 1)?.1;
    let few = timed(1, 500)?.1 - start;
    let many = timed(1, 10_000)?.1 - start;
    Ok(vec![
        Row::new("200 processes of 50 threads, by bare", traced / bare, 3.0, "x"),
        Row::new("a thread of 10,000 alive at once, by one of 500", many / few / 20.0, 2.0, "x"),
    ])
}
