//! Switching the context of a service again and again under load: each switch is to be quick, and no request to fail.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::options::Options;
use crate::rounds::{size, wrong_text};
use crate::{COV_TRACE, attach};
use testing::bench::median;
use testing::service::timeline::{Timeline, Window};
use testing::service::{Events, Service, under_load};

/// Between two switches: one after the other, a service would do nothing but meet breakpoints.
const APART: Duration = Duration::from_millis(50);

/// What the switches of one service showed.
#[derive(Serialize)]
pub struct Switches {
    pub service: &'static str,
    pub asked_for: usize,
    pub done: usize,
    pub answers: u64,
    pub failed: u64,
    pub reconnects: u64,
    /// Median and longest time of a switch, the command's start included.
    pub switch_ms: (f64, f64),
    /// The same of `cov-trace context --pop --pid 1`, which is refused: what the command takes by itself.
    pub command_ms: (f64, f64),
    /// Throughput while it is switched, and in between by that of a service that is attached and left alone.
    pub ratio: f64,
    pub alone: Window,
    pub switched: Window,
    pub data_kib: u64,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// Attaches to a service and switches its context `count` times.
///
/// # Errors
/// When it cannot be done at all.
pub fn repeat(
    service: &dyn Service,
    name: &'static str,
    count: usize,
    options: &Options,
    data: &Path,
) -> Result<Switches, String> {
    let (timeline, events) = (Timeline::start(), Events::new(options.every));
    let (mut took, mut alone_took, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let (alone, switched) = under_load(service, &timeline, &events, || {
        let attached = attach(service, data)?;
        // Everything that runs all the time was seen then.
        sleep(Duration::from_secs(10));
        let start = Instant::now();
        sleep(options.phase);
        let alone = timeline.window(start, Instant::now());
        for _ in 0..20 {
            let start = Instant::now();
            command(data, &["--pop", "--pid", "1"])?;
            alone_took.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let start = Instant::now();
        for number in 0..count {
            let began = Instant::now();
            if !command(data, &[&format!("request {number}")])? {
                wrong.push(format!("switch {number} failed"));
                break;
            }
            took.push(began.elapsed().as_secs_f64() * 1e3);
            sleep(APART);
        }
        let switched = timeline.window(start, Instant::now());
        attached.detach("TERM")?;
        Ok((alone, switched))
    })?;
    wrong.extend(wrong_text(service.pid())?);
    wrong.extend(timeline.words());
    let most = |values: &[f64]| (median(values), values.iter().copied().fold(0.0, f64::max));
    Ok(Switches {
        service: name,
        asked_for: count,
        done: took.len(),
        answers: timeline.answers(),
        failed: timeline.failures(),
        reconnects: timeline.reconnects(),
        switch_ms: most(&took),
        command_ms: most(&alone_took),
        ratio: switched.per_second / alone.per_second,
        alone,
        switched,
        data_kib: size(data) / 1024,
        wrong,
    })
}

/// Runs `cov-trace context`; tells whether it did it.
fn command(data: &Path, words: &[&str]) -> Result<bool, String> {
    let mut command = Command::new(COV_TRACE);
    command.arg("context").args(words).arg("--data").arg(data);
    let ended = command.output().map_err(|error| format!("start cov-trace context: {error}"))?;
    Ok(ended.status.success())
}
