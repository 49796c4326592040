//! What a service is to the bench, and the load on it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::timeline::Timeline;

/// Clients at a time.
const CLIENTS: usize = 8;

/// Between two disturbances of the service's own.
const BETWEEN_EVENTS: Duration = Duration::from_secs(3);

/// How long a client waits for an answer before that is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs.
pub trait Service: Sync {
    /// The process to attach to.
    fn pid(&self) -> u32;
    /// What `cov-trace attach` is given besides.
    fn attach_options(&self) -> &'static [&'static str];
    /// Whether the threads and descriptors of the process stay as many as they were.
    fn keeps_its_size(&self) -> bool;
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

/// How much happened besides requests.
#[derive(Default)]
pub struct Events(AtomicU64);

impl Events {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.0.load(Relaxed)
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
        scope.spawn(|| {
            let mut next = Instant::now() + BETWEEN_EVENTS;
            while !stop.load(Relaxed) {
                if Instant::now() < next {
                    thread::sleep(Duration::from_millis(50));
                    continue;
                }
                next += BETWEEN_EVENTS;
                match service.event() {
                    Ok(()) => {
                        events.0.fetch_add(1, Relaxed);
                    }
                    Err(error) => timeline.failed(error),
                }
            }
        });
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
