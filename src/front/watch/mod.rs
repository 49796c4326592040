//! Waiting with the program: passing signals on, stopping when it stops, until it and its descendants have ended. Where
//! there is none of ours, waiting until the processes that were attached to have ended or were let go.

mod closing;
mod signals;

use super::Helpers;
use super::guarded::Guarded;
use super::stderr::Stderr;
use crate::link::{Port, PortError};
use crate::recorder::{FrontRequest, News};
use crate::store::DataDir;
use platform::affinity::Rank;
use platform::process::{ChildNews, SignalInbox, child_news, stop_like_a_job};
use platform::{OnTracerDeath, Pid, Signal, wait_readable};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long after the program's end it is reported who is still being measured.
const NOTICE_AFTER: Duration = Duration::from_secs(1);

/// How the front is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the program's own exit status.
    Exit(u8),
    /// By the signal that killed the program.
    DieOf(Signal),
}

/// How far the recorder is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Recording {
    Running,
    Over(News),
    /// It ended without a word.
    Died,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// A child of ours; and if `wait`, its descendants. What becomes of them when the supervisor is killed.
    Program { pid: Pid, wait: bool, on_supervisor_death: OnTracerDeath },
    /// Processes that were attached to.
    Attached,
}

/// What a watch came to.
#[derive(Debug)]
pub(super) struct Ended {
    /// How the front is to end.
    pub outcome: Ending,
    /// The processes that were let go: pid and start in clock ticks since boot.
    pub let_go: Vec<(Pid, u64)>,
    /// What may not have ended yet.
    pub guarded: Guarded,
}

pub(super) struct Watch {
    subject: Subject,
    guarded: Guarded,
    recorder: Pid,
    inbox: SignalInbox,
    to_recorder: Port,
    to_supervisor: Port,
    /// Signals to pass on, when, and who sent them.
    to_pass_on: Vec<(Instant, Signal, Pid)>,
    stderr: Stderr,
    ended: Option<(Ending, Instant)>,
    noticed: bool,
    interrupts: u32,
    letting_go: bool,
    recording: Recording,
    /// Whether what the recording came to was told.
    told: bool,
    let_go: Vec<(Pid, u64)>,
}

impl Watch {
    pub fn new(subject: Subject, inbox: SignalInbox, helpers: Helpers, quiet: bool) -> Self {
        Watch {
            subject,
            guarded: helpers.guarded,
            recorder: helpers.recorder,
            inbox,
            to_recorder: helpers.to_recorder,
            to_supervisor: helpers.to_supervisor,
            to_pass_on: Vec::new(),
            stderr: Stderr::new(quiet),
            ended: None,
            noticed: false,
            interrupts: 0,
            letting_go: false,
            recording: Recording::Running,
            told: false,
            let_go: Vec::new(),
        }
    }

    /// Goes on after what happened while attaching: the recorder's last word, and whether everybody is to be let go.
    pub fn after(mut self, last_word: Option<News>, letting_go: bool) -> Self {
        if let Some(news) = last_word {
            self.take(news);
        }
        self.letting_go = letting_go;
        self
    }

    pub fn until_the_end(mut self, data: &DataDir) -> Ended {
        // It sleeps nearly always; what it may have to rescue must not wait for others.
        let _as_far_as_allowed = Rank::Front.take();
        loop {
            // Signals first: a SIGCHLD that is taken here is one whose child is looked at below.
            self.look_at_signals();
            self.look_at_children();
            self.pass_on_what_is_due();
            self.look_at_news();
            if let Some(outcome) = self.outcome() {
                self.tell_the_end(data);
                return Ended { outcome, let_go: self.let_go, guarded: self.guarded };
            }
            // The program was let go and goes on: we wait with it, as its parent.
            if matches!(self.recording, Recording::Over(_)) && !self.letting_go {
                self.tell_the_end(data);
            }
            if self.notice() {
                continue;
            }
            let mut fds = vec![self.inbox.as_fd()];
            if self.recording == Recording::Running {
                fds.push(self.to_recorder.as_fd());
            }
            if self.guarded.has_no_guard() {
                fds.push(self.to_supervisor.as_fd());
            }
            wait_readable(&fds, self.patience());
        }
    }

    /// How long nothing needs to be done if nothing happens.
    fn patience(&self) -> Option<u32> {
        const SUPERVISOR_MAY_TAKE: u32 = 20;
        if let Some((at, ..)) = self.to_pass_on.first() {
            return Some(at.saturating_duration_since(Instant::now()).as_millis() as u32 + 1);
        }
        match (&self.recording, &self.ended) {
            (Recording::Died, Some(_)) => Some(SUPERVISOR_MAY_TAKE),
            (_, Some((_, at))) if !self.noticed => {
                Some(NOTICE_AFTER.saturating_sub(at.elapsed()).as_millis() as u32 + 1)
            }
            (_, _) => None,
        }
    }

    /// How to end, once it is time to.
    fn outcome(&self) -> Option<Ending> {
        let over = match &self.recording {
            Recording::Running => false,
            Recording::Over(_) => true,
            Recording::Died => self.guarded.supervisor_ended().is_some(),
        };
        let waits = match self.subject {
            Subject::Program { wait, .. } => wait,
            Subject::Attached if over => return Some(Ending::Exit(u8::from(!self.is_well()))),
            // Asked twice; supervisor and recorder go on with it by themselves.
            Subject::Attached if self.interrupts > 1 => return Some(Ending::Exit(1)),
            Subject::Attached => return None,
        };
        match self.ended {
            Some((outcome, _)) if over || (!waits && self.noticed) => Some(outcome),
            // The user asked twice: everybody was let go and the program runs on.
            None if over && self.letting_go => Some(Ending::DieOf(Signal::INT)),
            Some(_) | None => None,
        }
    }

    /// Whether the recording came to its end with nothing missing.
    fn is_well(&self) -> bool {
        match &self.recording {
            Recording::Over(News::Finished(summary)) => summary.incomplete == 0 && summary.unwritten == 0,
            Recording::Over(_) | Recording::Running | Recording::Died => false,
        }
    }

    fn look_at_children(&mut self) {
        if let Subject::Program { pid, .. } = self.subject
            && self.ended.is_none()
        {
            let outcome = match child_news(pid) {
                ChildNews::Nothing => None,
                ChildNews::Exited(status) => Some(Ending::Exit(status as u8)),
                ChildNews::Killed(signal) => Some(Ending::DieOf(signal)),
                ChildNews::Stopped(_) => {
                    // Its rescue may have to stop the program, which is nobody's job control.
                    if !self.guarded.may_be_rescuing(&self.to_supervisor) {
                        stop_like_a_job();
                    }
                    None
                }
            };
            self.ended = outcome.map(|outcome| (outcome, Instant::now()));
        }
        self.guarded.look(&self.to_supervisor);
        if child_news(self.recorder).is_end() {
            self.look_at_news();
            if self.recording == Recording::Running {
                self.recording = Recording::Died;
            }
        }
    }

    fn look_at_news(&mut self) {
        while self.recording == Recording::Running {
            match self.to_recorder.try_receive() {
                Ok(Some((news, _))) => self.take(news),
                Ok(None) | Err(PortError::Malformed(_)) => return,
                Err(PortError::Closed | PortError::Os(_)) => self.recording = Recording::Died,
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Running { count, first } => self.tell_who_runs(count, &first),
            News::Reading { .. } => {}
            News::Trouble(trouble) => self.stderr.tell_trouble(&trouble),
            News::LetGo(some) => self.let_go.extend(some),
            News::Finished(_) | News::Failed(_) => self.recording = Recording::Over(news),
        }
    }

    /// A second after the program's end, what still runs is reported; without waiting, its file is awaited at once.
    /// True if that changed what is to be done.
    fn notice(&mut self) -> bool {
        let (Some((_, at)), Subject::Program { wait, .. }) = (self.ended, self.subject) else { return false };
        let due = !wait || at.elapsed() >= NOTICE_AFTER;
        if due && !self.noticed && self.recording == Recording::Running {
            let _recorder_gone = self.to_recorder.send_waiting(&FrontRequest::WhoRuns);
            if !wait {
                self.await_answer();
            }
            self.noticed = true;
            return true;
        }
        false
    }

    /// The recorder answers when the program's own file is written.
    fn await_answer(&mut self) {
        const MILLIS: u32 = 5000;
        wait_readable(&[self.to_recorder.as_fd()], Some(MILLIS));
        self.look_at_news();
    }
}

impl Subject {
    fn waits(self) -> bool {
        match self {
            Subject::Program { wait, .. } => wait,
            Subject::Attached => true,
        }
    }
}
