//! Throughput and pauses: bare and attached in turns under one load that never stops.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::options::Options;
use crate::{attach, live};
use testing::bench::median;
use testing::service::footprint::{Counted, Footprint, cpu_seconds};
use testing::service::timeline::{Timeline, Window};
use testing::service::{Events, Service, under_load};
use testing::text;

/// After this long cov-trace has to cost nothing any more.
const SETTLING: Duration = Duration::from_secs(10);

/// What the rounds of one service showed.
#[derive(Serialize)]
pub struct Rounds {
    pub service: &'static str,
    pub seconds: u64,
    /// Steady throughput attached, by that of the bare phases before and after: the median.
    pub ratio: f64,
    /// The same of every round.
    pub ratios: Vec<f64>,
    /// The same of the bare phases between two others: what the machine adds by itself.
    pub bare_ratios: Vec<f64>,
    /// Processor time of the service for each answer, as ratios like those above: busy neighbours disturb it less.
    pub cpu_ratio: f64,
    pub cpu_ratios: Vec<f64>,
    pub bare_cpu_ratios: Vec<f64>,
    pub bare: Vec<Window>,
    pub steady: Vec<Window>,
    /// The second after cov-trace said that it is attached, by bare throughput.
    pub first_second: Vec<f64>,
    pub attach: Vec<Pause>,
    pub detach: Vec<Pause>,
    /// The longest gaps of windows of a bare run that are as long as the attaching: median and longest.
    pub bare_gap_ms: (f64, f64),
    /// The same of the longest waits of a client.
    pub bare_wait_ms: (f64, f64),
    pub answers: u64,
    pub events: usize,
    /// Medians of what a save or reload takes, in milliseconds: bare, and in the steady phases.
    pub event_ms: (f64, f64),
    pub failed: u64,
    pub reconnects: u64,
    pub before: Footprint,
    pub attached: Footprint,
    pub after: Footprint,
    /// cov-trace's processes at the end of the last steady phase.
    pub cov_trace: Vec<Footprint>,
    /// Seconds until a report of another process knew what the service had just run, and those of the report alone.
    pub live: Vec<(f64, f64)>,
    pub data_kib: u64,
    /// What cov-trace said the last time.
    pub said: Vec<String>,
    /// What must not be.
    pub wrong: Vec<String>,
}

/// The moments around attaching or letting go.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Pause {
    /// How long cov-trace took.
    pub took_ms: f64,
    /// The longest time without any answer.
    pub gap_ms: f64,
    /// The longest that one client waited.
    pub wait_ms: f64,
}

/// Measures one service.
///
/// # Errors
/// When it cannot be measured at all.
pub fn measure(service: &dyn Service, name: &'static str, options: &Options, data: &Path) -> Result<Rounds, String> {
    let (timeline, events) = (Timeline::start(), Events::new(options.every));
    let phase = options.phase;
    let of = || Footprint::of_family(service.pid());
    let mut rounds = under_load(service, &timeline, &events, || {
        // The first seconds fill the service with keys and the load generator's caches.
        sleep(phase.min(SETTLING));
        let mut rounds = Rounds::new(name, phase, of()?);
        let mut bare = vec![Phase::pass(service, &timeline, phase)?];
        let (mut steady, mut pauses) = (Vec::new(), Vec::new());
        for number in 0..options.rounds {
            let began = Instant::now();
            let attached = attach(service, data)?;
            let said = Instant::now();
            sleep(SETTLING);
            steady.push(Phase::pass(service, &timeline, phase)?);
            rounds.attached = of()?;
            rounds.cov_trace =
                attached.mark.processes().into_iter().filter_map(|pid| Footprint::of(pid).ok()).collect();
            rounds.live.extend(live::delay(service, number, data)?);
            let detaching = Instant::now();
            rounds.said = attached.detach("TERM")?.said;
            pauses.push((began, said, detaching, Instant::now()));
            bare.push(Phase::pass(service, &timeline, phase)?);
            let first = timeline.window(said, said + Duration::from_secs(1)).per_second;
            rounds.first_second.push(first / beside(&bare, number, Phase::speed));
        }
        service.settle()?;
        rounds.after = of()?;
        rounds.compare(&bare, &steady, &events);
        rounds.pauses(&timeline, &pauses, &bare[options.rounds]);
        Ok(rounds)
    })?;
    (rounds.answers, rounds.events) = (timeline.answers(), events.count());
    (rounds.failed, rounds.reconnects) = (timeline.failures(), timeline.reconnects());
    rounds.wrong.extend(timeline.words());
    rounds.wrong.extend(wrong_text(service.pid())?);
    if service.keeps_its_size() && rounds.after.threads != rounds.before.threads {
        rounds.wrong.push(format!("threads: {} before, {} after", rounds.before.threads, rounds.after.threads));
    }
    rounds.data_kib = size(data) / 1024;
    Ok(rounds)
}

/// How the text of a process differs from its files.
///
/// # Errors
/// When it cannot be read.
pub fn wrong_text(pid: u32) -> Result<Vec<String>, String> {
    let comparison = text::compare(pid)?;
    if comparison.bytes == 0 {
        return Err(format!("{pid} has no text to compare"));
    }
    Ok(comparison.differences.into_iter().take(10).collect())
}

/// A stretch of time in which nothing is begun or ended.
struct Phase {
    start: Instant,
    end: Instant,
    window: Window,
    /// Microseconds of the service's processor time for each answer.
    cpu: f64,
}

impl Phase {
    /// Lets so much time pass.
    fn pass(service: &dyn Service, timeline: &Timeline, time: Duration) -> Result<Self, String> {
        // Workers that come and go count with what they used.
        let counted = if service.keeps_its_size() { Counted::Alone } else { Counted::WithDescendants };
        let used = || cpu_seconds(service.pid(), counted);
        let (start, before, answers) = (Instant::now(), used()?, timeline.answers());
        sleep(time);
        let (end, after, answers) = (Instant::now(), used()?, timeline.answers() - answers);
        Ok(Self { start, end, window: timeline.window(start, end), cpu: (after - before) * 1e6 / answers as f64 })
    }

    fn speed(&self) -> f64 {
        self.window.per_second
    }

    fn cost(&self) -> f64 {
        self.cpu
    }
}

/// The mean of a value in the bare phases before and after an attached one.
fn beside(bare: &[Phase], number: usize, of: fn(&Phase) -> f64) -> f64 {
    (of(&bare[number]) + of(&bare[number + 1])) / 2.0
}

impl Rounds {
    fn new(service: &'static str, phase: Duration, before: Footprint) -> Self {
        Self {
            service,
            seconds: phase.as_secs(),
            ratio: 0.0,
            ratios: Vec::new(),
            bare_ratios: Vec::new(),
            cpu_ratio: 0.0,
            cpu_ratios: Vec::new(),
            bare_cpu_ratios: Vec::new(),
            bare: Vec::new(),
            steady: Vec::new(),
            first_second: Vec::new(),
            attach: Vec::new(),
            detach: Vec::new(),
            bare_gap_ms: (0.0, 0.0),
            bare_wait_ms: (0.0, 0.0),
            answers: 0,
            events: 0,
            event_ms: (0.0, 0.0),
            failed: 0,
            reconnects: 0,
            before,
            attached: Footprint::default(),
            after: Footprint::default(),
            cov_trace: Vec::new(),
            live: Vec::new(),
            data_kib: 0,
            said: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// The steady phases against the bare ones around them, and these against each other.
    fn compare(&mut self, bare: &[Phase], steady: &[Phase], events: &Events) {
        let against = |of: fn(&Phase) -> f64| -> Vec<f64> {
            steady.iter().enumerate().map(|(number, phase)| of(phase) / beside(bare, number, of)).collect()
        };
        let among = |of: fn(&Phase) -> f64| -> Vec<f64> {
            bare.windows(3).map(|three| 2.0 * of(&three[1]) / (of(&three[0]) + of(&three[2]))).collect()
        };
        (self.ratios, self.bare_ratios) = (against(Phase::speed), among(Phase::speed));
        (self.cpu_ratios, self.bare_cpu_ratios) = (against(Phase::cost), among(Phase::cost));
        (self.ratio, self.cpu_ratio) = (median(&self.ratios), median(&self.cpu_ratios));
        let taken = |phases: &[Phase]| -> f64 {
            median(&phases.iter().flat_map(|phase| events.between(phase.start, phase.end)).collect::<Vec<_>>())
        };
        self.event_ms = (taken(bare), taken(steady));
        self.bare = bare.iter().map(|phase| phase.window).collect();
        self.steady = steady.iter().map(|phase| phase.window).collect();
    }

    /// The pauses of attaching and letting go, and what gaps the last bare phase has in as much time.
    fn pauses(&mut self, timeline: &Timeline, moments: &[(Instant, Instant, Instant, Instant)], bare: &Phase) {
        let pause = |from: Instant, to: Instant| {
            // An answer that was held up comes a little later.
            let window = timeline.window(from, to + Duration::from_millis(100));
            Pause { took_ms: (to - from).as_secs_f64() * 1e3, gap_ms: window.gap_ms, wait_ms: window.wait_ms }
        };
        self.attach = moments.iter().map(|&(began, said, ..)| pause(began, said)).collect();
        self.detach = moments.iter().map(|&(.., detaching, gone)| pause(detaching, gone)).collect();
        let took = median(&self.attach.iter().map(|pause| pause.took_ms).collect::<Vec<_>>());
        let length = Duration::from_secs_f64(took.max(100.0) / 1e3);
        let windows = ((bare.end - bare.start).as_secs_f64() / length.as_secs_f64()) as u32;
        let usual: Vec<Window> = (0..windows.max(1))
            .map(|number| timeline.window(bare.start + length * number, bare.start + length * (number + 1)))
            .collect();
        let of = |value: fn(&Window) -> f64| {
            let values: Vec<f64> = usual.iter().map(value).collect();
            (median(&values), values.iter().copied().fold(0.0, f64::max))
        };
        self.bare_gap_ms = of(|window| window.gap_ms);
        self.bare_wait_ms = of(|window| window.wait_ms);
    }
}

/// Bytes below a directory.
pub fn size(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(facts) if facts.is_dir() => size(&entry.path()),
            Ok(facts) => facts.len(),
            Err(_) => 0,
        })
        .sum()
}
