//! A bar for what takes longer than half a second, on standard error and only if that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Work of a known number of steps.
pub(super) struct Progress {
    bar: ProgressBar,
    began: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// Begins work of so many steps; `what` says what is being done.
    pub(super) fn new(steps: u64, what: &'static str) -> Progress {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
        let style = style.expect("invariant: the template is valid");
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::hidden());
        Progress { bar: bar.with_style(style).with_message(what), began: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// So many of so many steps are done.
    pub(super) fn at(&self, done: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(done as u64);
        self.show_if_due();
    }

    /// A step is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
        self.show_if_due();
    }

    fn show_if_due(&self) {
        const SOON: Duration = Duration::from_millis(500);
        let is_due = || self.began.elapsed() > SOON && io::stderr().is_terminal();
        if !self.shown.load(Ordering::Relaxed) && is_due() && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
