//! Measuring processes that run already: looking whether they can be, attaching, waiting, letting go.
//!
//! Invariant: before the first process is touched, all of them were looked at and the data directory was found usable.

use super::stderr::{Stderr, plural};
use super::watch::{Subject, Watch};
use super::{
    Ending, FrontOptions, Helpers, Prepared, RunError, SIGNALS, labels, prepare, refusal, start_helpers, verify,
};
use crate::link::{AttachReport, FromSupervisor, PortError, ToSupervisor};
use crate::recorder::{FrontRequest, News};
use platform::affinity::Rank;
use platform::process::{self, ChildNews, SignalInbox};
use platform::{Pid, Signal, procfs, wait_readable};
use std::collections::BTreeSet;
use std::io::{IsTerminal, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// After this time it is shown how far reading is.
const PATIENCE: Duration = Duration::from_millis(500);

/// What to attach to.
#[derive(Clone, Debug)]
pub(crate) struct Attach {
    pub pids: Vec<Pid>,
    /// Whether the descendants that they have already are meant too.
    pub children: bool,
    /// Whether to compare the text of every process with its files afterwards.
    pub verify: bool,
}

/// Why nothing was attached to.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Some of the processes cannot be; one sentence each.
    #[error("nothing was attached to")]
    Refused(Vec<String>),
    /// The supervisor was killed meanwhile.
    #[error(
        "the supervisor was killed while it attached; the processes go on and are not measured any more, and the data of \
         those that were is incomplete"
    )]
    SupervisorKilled,
    /// The rest is as for launching.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// What the supervisor did.
enum Answer {
    Attached(AttachReport),
    /// The user did not wait for it.
    Interrupted,
}

/// Attaches and measures until all have ended, or until they are to be let go; gives the exit status.
pub(crate) fn attach(options: &FrontOptions, attach: &Attach) -> Result<Ending, AttachError> {
    let mut pids = attach.pids.clone();
    pids.sort();
    pids.dedup();
    let refusals: Vec<String> = pids.iter().filter_map(|pid| refusal::refusal(*pid)).collect();
    if !refusals.is_empty() {
        return Err(AttachError::Refused(refusals));
    }
    let prepared = prepare(options)?;
    let (inbox, _mask) = SignalInbox::collect(&SIGNALS).map_err(RunError::from)?;
    let labels = labels::labels(&options.labels, &pids);
    let helpers = start_helpers(options, &prepared, &labels)?;
    let Prepared { data, run, lock, control } = prepared;
    drop((run, lock, control));
    helpers.keep_only_what_is_needed(&inbox, &data);
    let stderr = Stderr::new(options.quiet);
    let mut waiting = AttachWait { inbox, helpers, last_word: None, stderr, shown: false };
    let answer = match waiting.attach(pids, attach.children) {
        Ok(answer) => answer,
        Err(error) => {
            waiting.helpers.leave();
            return Err(error);
        }
    };
    let mut to_verify: BTreeSet<(Pid, u64)> = BTreeSet::new();
    let letting_go = match &answer {
        Answer::Attached(report) => {
            report.failures.iter().for_each(|failure| waiting.stderr.insist(failure));
            waiting.stderr.say(&attached(report));
            let identity = |pid: &Pid| Some((*pid, procfs::origin(*pid).ok()?.start_ticks));
            to_verify.extend(report.pids.iter().filter_map(identity));
            false
        }
        Answer::Interrupted => true,
    };
    let AttachWait { inbox, helpers, last_word, stderr, .. } = waiting;
    let recorder = helpers.recorder;
    let watch = Watch::new(Subject::Attached, inbox, helpers, options.quiet).after(last_word, letting_go);
    let mut ended = watch.until_the_end(&data);
    // Of a container's first process we may be a child of sorts: no child of ours is left to it.
    ended.guarded.await_end();
    process::await_end(recorder);
    // Besides those attached to; a killed recorder could not tell of any.
    to_verify.extend(ended.let_go);
    let verified = !attach.verify || verify::verify(&to_verify, ended.guarded.table().originals(), &stderr);
    Ok(if verified { ended.outcome } else { Ending::Exit(1) })
}

/// The front while the supervisor attaches.
struct AttachWait {
    inbox: SignalInbox,
    helpers: Helpers,
    /// What the recorder said besides how far it is.
    last_word: Option<News>,
    stderr: Stderr,
    /// Whether a progress line is on the terminal.
    shown: bool,
}

impl AttachWait {
    fn attach(&mut self, pids: Vec<Pid>, children: bool) -> Result<Answer, AttachError> {
        self.helpers.to_supervisor.send(&ToSupervisor::Attach { pids, children }, None).map_err(RunError::from)?;
        let _as_far_as_allowed = Rank::Front.take();
        let began = Instant::now();
        let shows = self.stderr.shows_progress() && std::io::stderr().is_terminal();
        let mut asked = Instant::now();
        let answer = loop {
            if let Some(answer) = self.look()? {
                break answer;
            }
            if shows && began.elapsed() >= PATIENCE && asked.elapsed() >= PATIENCE / 2 {
                asked = Instant::now();
                let _recorder_gone = self.helpers.to_recorder.send(&FrontRequest::HowFar, None);
            }
            let fds = [self.inbox.as_fd(), self.helpers.to_supervisor.as_fd(), self.helpers.to_recorder.as_fd()];
            let fds = if self.last_word.is_none() { &fds[..] } else { &fds[..2] };
            self.helpers.guarded.look(&self.helpers.to_supervisor);
            wait_readable(fds, shows.then_some((PATIENCE / 2).as_millis() as u32));
            self.hear_recorder(began);
        };
        self.wipe();
        Ok(answer)
    }

    /// The supervisor's answer, or the user's decision not to wait for it.
    fn look(&mut self) -> Result<Option<Answer>, AttachError> {
        while let Some(arrived) = self.inbox.take() {
            match arrived.signal {
                Signal::INT | Signal::TERM | Signal::HUP | Signal::QUIT => {
                    let _recorder_gone = self.helpers.to_recorder.send_waiting(&FrontRequest::LetGo);
                    return Ok(Some(Answer::Interrupted));
                }
                // SIGCHLD shows in the supervisor's link; there is nothing to flush yet.
                _ => {}
            }
        }
        match self.helpers.to_supervisor.try_receive() {
            Ok(Some((FromSupervisor::Attached(report), _))) if report.pids.is_empty() => {
                Err(AttachError::Refused(report.failures))
            }
            Ok(Some((FromSupervisor::Attached(report), _))) => Ok(Some(Answer::Attached(report))),
            Ok(Some((FromSupervisor::Refused { text, .. }, _))) => Err(AttachError::Refused(vec![text])),
            Ok(Some((
                FromSupervisor::Seized
                | FromSupervisor::WantImage(_)
                | FromSupervisor::Switched(_)
                | FromSupervisor::MarksInMemory
                | FromSupervisor::JournalInMemory,
                _,
            )))
            | Ok(None)
            | Err(PortError::Malformed(_)) => Ok(None),
            Err(PortError::Closed | PortError::Os(_)) => {
                match self.helpers.guarded.await_supervisor(&self.helpers.to_supervisor) {
                    // Somebody else had it let go meanwhile: what follows tells.
                    ChildNews::Exited(0) => Ok(Some(Answer::Interrupted)),
                    ChildNews::Killed(_) | ChildNews::Exited(_) | ChildNews::Nothing | ChildNews::Stopped(_) => {
                        Err(AttachError::SupervisorKilled)
                    }
                }
            }
        }
    }

    fn hear_recorder(&mut self, began: Instant) {
        while self.last_word.is_none() {
            match self.helpers.to_recorder.try_receive() {
                Ok(Some((News::Reading { ready, wanted }, _))) => self.show(ready, wanted, began.elapsed()),
                Ok(Some((News::Running { .. }, _))) => {}
                Ok(Some((News::Trouble(trouble), _))) => {
                    self.wipe();
                    self.stderr.tell_trouble(&trouble);
                }
                Ok(Some((news @ (News::LetGo(_) | News::Finished(_) | News::Failed(_)), _))) => {
                    self.last_word = Some(news);
                }
                Ok(None) | Err(PortError::Malformed(_)) => return,
                // The watch will find out.
                Err(PortError::Closed | PortError::Os(_)) => {
                    self.last_word = Some(News::Failed("the recorder was killed".to_owned()));
                }
            }
        }
    }

    fn show(&mut self, ready: u64, wanted: u64, since: Duration) {
        let seconds = since.as_secs_f32();
        let line = format!("\rcov-trace: reading debug info: {ready} of {wanted} files, {seconds:.1} s ");
        self.shown = std::io::stderr().write_all(line.as_bytes()).is_ok();
    }

    fn wipe(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _nobody_looks = std::io::stderr().write_all(b"\r\x1b[K");
        }
    }
}

/// What was attached to, in a line.
fn attached(report: &AttachReport) -> String {
    let AttachReport { pids, threads, breakpoints, reading, attaching, longest_hold, failures: _ } = report;
    let processes = plural(pids.len() as u64, "process", "processes");
    let named: Vec<(String, Pid)> =
        pids.iter().map(|pid| (procfs::command_name(*pid).unwrap_or_default(), *pid)).collect();
    format!(
        "attached to {processes} ({}), {}, {} breakpoints; read in {}, attached in {}, no thread held longer than {}; \
         Ctrl-C or `cov-trace detach` ends it",
        by_name(&named),
        plural(*threads, "thread", "threads"),
        grouped(*breakpoints),
        duration(*reading),
        duration(*attaching),
        duration(*longest_hold),
    )
}

/// The first few processes, those with the same name together.
fn by_name(processes: &[(String, Pid)]) -> String {
    const SHOWN: usize = 12;
    let mut text = String::new();
    let mut last = None;
    for (name, pid) in processes.iter().take(SHOWN) {
        if last == Some(name) {
            text.push_str(&format!(" {pid}"));
        } else {
            let comma = if text.is_empty() { "" } else { ", " };
            text.push_str(&format!("{comma}{name} {pid}"));
        }
        last = Some(name);
    }
    match processes.len().saturating_sub(SHOWN) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds in the unit that fits.
fn duration(micros: u64) -> String {
    match micros {
        0 => "1 us".to_owned(),
        1..1_000 => format!("{micros} us"),
        1_000..10_000 => format!("{}.{} ms", micros / 1000, micros / 100 % 10),
        10_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_short() {
        assert_eq!([0, 999, 1_000, 48_211, 1_234_567].map(grouped), ["0", "999", "1,000", "48,211", "1,234,567"]);
        let shown = [9, 999, 1_250, 45_000, 9_999_999, 61_000_000].map(duration);
        assert_eq!(shown, ["9 us", "999 us", "1.2 ms", "45 ms", "9999 ms", "61 s"]);
        let process = |name: &str, pid| (name.to_owned(), Pid(pid));
        let some = [process("nginx", 4), process("nginx", 5), process("php", 6), process("nginx", 7)];
        assert_eq!(by_name(&some), "nginx 4 5, php 6, nginx 7");
        let many: Vec<_> = (1..=15).map(|pid| process("x", pid)).collect();
        assert_eq!(by_name(&many), "x 1 2 3 4 5 6 7 8 9 10 11 12 and 3 more");
    }

    #[test]
    fn what_was_attached_to_is_told_in_a_line() {
        let me = Pid(std::process::id() as i32);
        let report = AttachReport {
            pids: vec![me],
            threads: 12,
            breakpoints: 48_211,
            reading: 310_000,
            attaching: 45_000,
            longest_hold: 9,
            failures: Vec::new(),
        };
        let name = procfs::command_name(me).unwrap();
        assert_eq!(
            attached(&report),
            format!(
                "attached to 1 process ({name} {me}), 12 threads, 48,211 breakpoints; read in 310 ms, attached in 45 ms, \
                 no thread held longer than 9 us; Ctrl-C or `cov-trace detach` ends it"
            )
        );
    }
}
