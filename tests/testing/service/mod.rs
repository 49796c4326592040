//! What a service is to a bench, and the load on it.

pub mod footprint;
pub mod nginx;
pub mod timeline;

use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};
use timeline::Timeline;

/// Clients at a time.
const CLIENTS: usize = 8;

/// How long a client waits for an answer before that is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs.
pub trait Service: Send + Sync {
    /// The process to attach to.
    fn pid(&self) -> u32;
    /// How it ended, if it has.
    fn end(&mut self) -> Option<ExitStatus>;
    /// What `cov-trace attach` is given besides.
    fn attach_options(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether the threads and descriptors of the process stay as many as they were.
    fn keeps_its_size(&self) -> bool {
        true
    }
    /// Connects one more client; clients of odd numbers behave in another way than those of even numbers.
    ///
    /// # Errors
    /// When nobody accepts.
    fn connect(&self, number: usize) -> Result<Box<dyn Client>, String>;
    /// Makes the service do what services do from time to time: save in a child, take a new configuration.
    ///
    /// # Errors
    /// When it does not.
    fn event(&self) -> Result<(), String>;
    /// A source file that the service has not run, one for each small number, if there is one.
    fn source_not_run(&self, _number: usize) -> Option<&'static str> {
        None
    }
    /// Has it run the source file of that number.
    ///
    /// # Errors
    /// When it does not answer.
    fn run_source(&self, _number: usize) -> Result<(), String> {
        Ok(())
    }
    /// Waits until nothing of an event is under way.
    ///
    /// # Errors
    /// When that takes too long.
    fn settle(&self) -> Result<(), String>;
}

/// One connection.
pub trait Client: Send {
    /// Sends requests, checks every answer and returns how many there were.
    ///
    /// # Errors
    /// When an answer is wrong or missing.
    fn exchange(&mut self) -> Result<u64, String>;
}

/// What happens besides requests.
pub struct Events {
    every: Option<Duration>,
    /// When each began, and how long it took until nothing of it was under way.
    times: Mutex<Vec<(Instant, Duration)>>,
}

impl Events {
    /// One each time so much time has passed; none without a time.
    pub fn new(every: Option<Duration>) -> Self {
        Self { every, times: Mutex::default() }
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.times().len()
    }

    /// How many milliseconds those took that began between two moments.
    pub fn between(&self, from: Instant, to: Instant) -> Vec<f64> {
        let times = self.times();
        let meant = times.iter().filter(|(began, _)| (from..to).contains(began));
        meant.map(|(_, took)| took.as_secs_f64() * 1e3).collect()
    }

    fn times(&self) -> MutexGuard<'_, Vec<(Instant, Duration)>> {
        self.times.lock().expect("invariant: nobody panics with it")
    }

    fn happen(&self, service: &dyn Service, timeline: &Timeline, stop: &AtomicBool) {
        let Some(every) = self.every else { return };
        let mut next = Instant::now() + every;
        while !stop.load(Relaxed) {
            if Instant::now() < next {
                thread::sleep(Duration::from_millis(50));
                continue;
            }
            let began = Instant::now();
            next = began + every;
            match service.event().and_then(|()| service.settle()) {
                Ok(()) => self.times().push((began, began.elapsed())),
                Err(error) => timeline.failed(error),
            }
        }
    }
}

/// Does `work` while clients keep the service busy.
///
/// # Errors
/// Those of `work`.
pub fn under_load<R>(
    service: &dyn Service,
    timeline: &Timeline,
    events: &Events,
    work: impl FnOnce() -> Result<R, String>,
) -> Result<R, String> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Ends the threads also when `work` panics.
        let _stop = StopAtEnd(&stop);
        for number in 0..CLIENTS {
            let stop = &stop;
            scope.spawn(move || keep_busy(service, number, timeline, stop));
        }
        scope.spawn(|| events.happen(service, timeline, &stop));
        work()
    })
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn keep_busy(service: &dyn Service, number: usize, timeline: &Timeline, stop: &AtomicBool) {
    let mut client = None;
    let mut connected = false;
    while !stop.load(Relaxed) {
        let Some(open) = &mut client else {
            if connected {
                timeline.reconnected();
            }
            match service.connect(number) {
                Ok(open) => (client, connected) = (Some(open), true),
                Err(error) => {
                    timeline.failed(error);
                    thread::sleep(Duration::from_millis(100));
                }
            }
            continue;
        };
        let sent = Instant::now();
        match open.exchange() {
            Ok(answers) => timeline.answered(answers, sent),
            Err(error) => {
                timeline.failed(error);
                client = None;
            }
        }
    }
}
