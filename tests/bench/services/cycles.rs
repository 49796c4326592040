//! Attaching and detaching again and again under load: nothing may be left of it.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::attach;
use crate::options::Options;
use crate::rounds::{size, wrong_text};
use testing::bench::median;
use testing::service::footprint::Footprint;
use testing::service::timeline::Timeline;
use testing::service::{Events, Service, under_load};

/// What the cycles of one service showed.
#[derive(Serialize)]
pub struct Cycles {
    pub service: &'static str,
    pub asked_for: usize,
    pub done: usize,
    pub answers: u64,
    pub events: usize,
    pub failed: u64,
    pub reconnects: u64,
    /// The longest time without any answer.
    pub gap_ms: f64,
    /// Median and longest time until cov-trace said that it is attached.
    pub attach_ms: (f64, f64),
    /// Median and longest time until cov-trace had ended.
    pub detach_ms: (f64, f64),
    /// Median time of attaching in the first and in the last tenth of the cycles.
    pub first_and_last_attach_ms: (f64, f64),
    pub before: Footprint,
    pub after: Footprint,
    pub data_kib: u64,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// Attaches to a service and detaches from it `count` times.
///
/// # Errors
/// When it cannot be done at all.
pub fn repeat(
    service: &dyn Service,
    name: &'static str,
    count: usize,
    options: &Options,
    data: &Path,
) -> Result<Cycles, String> {
    let (timeline, events) = (Timeline::start(), Events::new(options.every));
    let (mut attach, mut detach, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    let start = Instant::now();
    let (before, after) = under_load(service, &timeline, &events, || {
        // The first seconds fill the service with keys.
        sleep(Duration::from_secs(5));
        let before = settled(service)?;
        for number in 1..=count {
            let cycle = cycle(service, number, data).map_err(|error| format!("cycle {number}: {error}"));
            match cycle {
                Ok((attached, gone, found)) => {
                    attach.push(attached);
                    detach.push(gone);
                    wrong.extend(found.into_iter().map(|found| format!("cycle {number}: {found}")));
                }
                Err(error) => wrong.push(error),
            }
            if wrong.len() > 10 {
                break;
            }
        }
        // A service that died is reported below, with what went before.
        let after = settled(service).unwrap_or_else(|error| {
            wrong.push(error);
            Footprint::default()
        });
        Ok((before, after))
    })?;
    if service.keeps_its_size() && (before.threads, before.descriptors) != (after.threads, after.descriptors) {
        wrong.push(format!("the service was {before:?} and is {after:?}"));
    }
    wrong.extend(timeline.words());
    let tenth = (attach.len() / 10).max(1).min(attach.len());
    let most = |values: &[f64]| (median(values), values.iter().copied().fold(0.0, f64::max));
    Ok(Cycles {
        service: name,
        asked_for: count,
        done: attach.len(),
        answers: timeline.answers(),
        events: events.count(),
        failed: timeline.failures(),
        reconnects: timeline.reconnects(),
        gap_ms: timeline.window(start + Duration::from_secs(1), Instant::now()).gap_ms,
        attach_ms: most(&attach),
        detach_ms: most(&detach),
        first_and_last_attach_ms: (median(&attach[..tenth]), median(&attach[attach.len() - tenth..])),
        before,
        after,
        data_kib: size(data) / 1024,
        wrong,
    })
}

/// Attaches, detaches, and returns how long each took and what is wrong then.
fn cycle(service: &dyn Service, number: usize, data: &Path) -> Result<(f64, f64, Vec<String>), String> {
    let threads = Footprint::of(service.pid())?.threads;
    let start = Instant::now();
    let attached = attach(service, data)?;
    let took = start.elapsed();
    // Sometimes at once, sometimes when code has run.
    sleep(Duration::from_millis(10 * (number % 10) as u64));
    let start = Instant::now();
    attached.detach(if number.is_multiple_of(2) { "TERM" } else { "INT" })?;
    let gone = start.elapsed();
    let mut wrong = wrong_text(service.pid())?;
    let now = Footprint::of(service.pid())?.threads;
    if now != threads {
        wrong.push(format!("{threads} threads before, {now} after"));
    }
    Ok((took.as_secs_f64() * 1e3, gone.as_secs_f64() * 1e3, wrong))
}

/// The service's footprint when nothing is under way. Connections that ask for its state come and go, and so may one more
/// be open: the fewest descriptors count.
fn settled(service: &dyn Service) -> Result<Footprint, String> {
    let mut least = Footprint::of(service.pid())?;
    for _ in 0..20 {
        service.settle()?;
        sleep(Duration::from_millis(20));
        let now = Footprint::of(service.pid())?;
        if now.descriptors <= least.descriptors {
            least = now;
        }
    }
    Ok(least)
}
