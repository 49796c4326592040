//! The process that traces: it plants, serves traps, follows forks and marks hits, and does nothing else.
//!
//! ```text
//! waitpid ─► hear ─► Input ─► State::step ─► Action ─► Performer::apply ─► ptrace, /proc/PID/mem, marks, journal
//! inbox   ─────────►                                        │
//!                       ▲──────────── answers ──────────────┘
//! ```
//! Invariant: it never reads a file format and never waits for the recorder while a hit is being served; if the
//! recorder is gone it restores every text, detaches from every tracee and leaves.

mod act;
mod decide;
mod mail;

use crate::contexts::ContextRule;
use crate::link::{EndOfProcess, FromSupervisor, JournalWriter, Port, RunDir};
use act::apply::{Performer, Recording};
use act::attach::AttachState;
use act::contexts::Contexts;
use act::inbox::Inbox;
use act::reports::Reports;
use act::sections::MarkSections;
use act::stop_log::StopLog;
use act::switch::Switches;
use decide::action::Action;
use decide::input::Input;
pub use decide::state::Forks;
use decide::state::State;
use platform::{GuardEntries, GuardTable, OnTracerDeath, OsError, Pid, Tracer, Wait, Waited, WhenNone};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long threads that cannot be stopped (a vfork parent, a sleep that nothing breaks) are waited for when letting
/// go; after that the kernel detaches from them as this process ends, with their text restored.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the supervisor starts with.
#[derive(Debug)]
pub struct SupervisorOptions {
    /// The run's directory.
    pub run: RunDir,
    /// The link to the recorder.
    pub recorder: Port,
    /// The link to the front.
    pub front: Port,
    /// The front's pid.
    pub front_pid: Pid,
    /// What becomes of the tracees when this process is killed.
    pub on_death: OnTracerDeath,
    /// What the guard needs to know then.
    pub guard: GuardTable,
    /// What a forked child starts with.
    pub forks: Forks,
    /// What contexts there are.
    pub contexts: ContextRule,
    /// Where to log what is heard, for tests.
    pub stop_log: Option<PathBuf>,
}

/// Traces until nobody is left; gives the exit status.
pub fn run(options: SupervisorOptions) -> i32 {
    // The guard would have to pass on each.
    platform::process::block_child_signals();
    match Supervisor::start(options) {
        Ok(mut supervisor) => {
            supervisor.trace();
            0
        }
        Err(_) => 1,
    }
}

struct Supervisor {
    state: State,
    performer: Performer,
    inbox: Inbox,
    run: RunDir,
    front: Port,
    front_pid: Pid,
    stop_log: Option<StopLog>,
    /// Whether somebody was ever to be traced.
    began: bool,
    attach: Option<AttachState>,
    switches: Switches,
    reports: Reports,
    /// When a thread of the program that shares this CPU could run last, while planting.
    rested: Instant,
    leaving_since: Option<Instant>,
    /// When a reminder of what is due then comes at the latest.
    reminder: Option<Instant>,
    inputs: VecDeque<Input>,
    actions: Vec<Action>,
}

impl Supervisor {
    fn start(options: SupervisorOptions) -> Result<Self, OsError> {
        let SupervisorOptions { run, recorder, front, front_pid, on_death, guard, forks, contexts, stop_log } = options;
        let stop_log = stop_log.and_then(|path| StopLog::create(&path).ok());
        // Should its guard be killed, the front makes another one.
        platform::process::be_traceable_by(front_pid);
        let guard = GuardEntries::of(guard);
        let recording = Recording {
            journal: JournalWriter::new(run.journal_to_write()?),
            sections: MarkSections::new(run.marks_to_write()?),
            contexts: Contexts::new(contexts),
        };
        let inbox = Inbox::open(recorder.try_clone()?, front.try_clone()?)?;
        let tracer = Tracer::for_this_thread(on_death);
        let performer = Performer::new(tracer, recording, recorder, front_pid, guard, stop_log.clone());
        let (inputs, actions) = (VecDeque::new(), Vec::new());
        let (state, reports) = (State::new(on_death, forks), Reports::new());
        Ok(Supervisor {
            state,
            performer,
            inbox,
            run,
            front,
            front_pid,
            stop_log,
            began: false,
            attach: None,
            switches: Switches::default(),
            reports,
            rested: Instant::now(),
            leaving_since: None,
            reminder: None,
            inputs,
            actions,
        })
    }

    fn trace(&mut self) {
        loop {
            for mail in self.inbox.take() {
                self.read(mail);
            }
            self.settle();
            if self.go_on_attaching() || self.go_on_switching() {
                continue;
            }
            if self.state.is_empty() && (self.began || self.leaving_since.is_some()) {
                return;
            }
            let patient = self.state.must_stay() || self.leaving_since.is_none_or(|since| since.elapsed() < PATIENCE);
            if !patient || (self.state.may_leave() && !self.has_reports()) {
                self.inputs.push_back(Input::Leave);
                self.settle();
                return;
            }
            self.performer.flush();
            self.watch_the_time();
            self.hear_or_work();
        }
    }

    /// Has threads called out of calls whose time is over, puts breakpoints back whose pause is over, hears again of what
    /// had to wait, and has a reminder sent for what is next.
    fn watch_the_time(&mut self) {
        if self.next_due().is_none() {
            return;
        }
        let now = Instant::now();
        if self.leaving_since.is_none() {
            for (space, at) in self.performer.wear.take_due(now) {
                if let Some(kind) = self.state.landmark_at(space, at) {
                    self.performer.texts.put_back(space, at, kind);
                }
            }
        }
        self.inputs.extend(self.performer.texts.work.take_due(now));
        self.settle();
        self.inputs.extend(self.performer.timed.overdue(now).into_iter().map(|tid| Input::Overdue { tid }));
        self.settle();
        self.reminder = self.reminder.filter(|reminder| *reminder > now);
        if let Some(due) = self.next_due()
            && self.reminder.is_none_or(|reminder| due < reminder)
        {
            self.reminder = Some(due);
            self.inbox.remind_after(due.saturating_duration_since(now));
        }
    }

    fn next_due(&self) -> Option<Instant> {
        let wear = self.leaving_since.is_none().then(|| self.performer.wear.next_due()).flatten();
        let Performer { timed, texts, .. } = &self.performer;
        [timed.next_due(), texts.work.next_due(), wear].into_iter().flatten().min()
    }

    /// Takes what is there to be heard; without anything, works a little or waits.
    fn hear_or_work(&mut self) {
        let working = !self.performer.texts.work.is_empty();
        let waits = !working && !self.state.is_empty();
        if self.take_reports(if waits { WhenNone::Wait } else { WhenNone::Return }) && self.attach.is_some() {
            self.settle();
            if let Some(attach) = &mut self.attach {
                attach.held(self.reports.held());
            }
        }
        self.reports.served(&self.state);
        if working {
            self.work();
        }
    }

    /// Does a little of what takes long. What runs on this CPU, where we have precedence, must go on meanwhile.
    fn work(&mut self) {
        const TURN: Duration = Duration::from_millis(1);
        const REST: Duration = Duration::from_micros(250);
        let turn = if Reports::are_of_many(&self.state) { REST } else { TURN };
        if self.rested.elapsed() >= turn {
            self.reports.rest(REST);
            self.rested = Instant::now();
        } else {
            self.performer.work(&mut self.inputs);
        }
    }

    /// Whether a report is there, which is taken then.
    fn has_reports(&mut self) -> bool {
        self.reports.look_at_all();
        self.take_reports(WhenNone::Return)
    }

    /// Takes a report, then all others that are there, so that no tracee starves another; among
    /// many they are left for the next time. True if there was one.
    fn take_reports(&mut self, when_none: WhenNone) -> bool {
        let waited = self.wait(when_none);
        match waited {
            Ok(Waited::Report(report)) => {
                self.take(report);
                if self.state.threads() > 1 && !Reports::are_of_many(&self.state) {
                    while let Ok(Waited::Report(report)) = self.performer.tracer.wait(WhenNone::Return) {
                        self.take(report);
                    }
                }
                return true;
            }
            // What is still known has ended without a word.
            Ok(Waited::NoTracee) if !self.state.is_empty() => {
                let gone = self.state.tids().map(|tid| Input::Gone { tid, how: EndOfProcess::LetGo });
                self.inputs.extend(gone.collect::<Vec<_>>());
            }
            Ok(Waited::Nothing | Waited::NoTracee) => {
                if self.state.is_empty() {
                    self.inbox.pause();
                }
            }
            // No error is known that could come here; if one does, it must not become a busy loop.
            Err(_) => self.inbox.pause(),
        }
        false
    }

    fn take(&mut self, report: Wait) {
        let Performer { tracer, texts, .. } = &self.performer;
        act::hear::hear(tracer, texts, &self.state, report, &mut self.inputs);
        if let Some(Input::Born { child, .. }) = self.inputs.back() {
            self.reports.expect(*child);
        }
    }

    /// Waits for a report. Who has stepped aside must not sleep without precedence: it looks, yields, which the
    /// scheduler may want several times before it takes the other thread, and at last steps back.
    fn wait(&mut self, when_none: WhenNone) -> Result<Waited, OsError> {
        let Performer { tracer, pace, .. } = &mut self.performer;
        if pace.is_aside() {
            const LOOKS: u32 = 12;
            for _ in 0..LOOKS {
                match self.reports.next(tracer, &self.state, WhenNone::Return) {
                    Ok(Waited::Nothing) => std::thread::yield_now(),
                    waited => return waited,
                }
            }
            pace.step_back();
        }
        self.reports.next(tracer, &self.state, when_none)
    }

    /// Does the next step of an attach; true if something is to be decided.
    fn go_on_attaching(&mut self) -> bool {
        let Some(attach) = &mut self.attach else { return false };
        let texts = &self.performer.texts;
        if attach.advance(&self.performer.tracer, &self.state, texts, &mut self.inputs) {
            self.began |= !self.inputs.is_empty();
            if attach.plants() {
                // Before the first byte is planted: from then on the guard must be able to save what runs. No sooner, for
                // to look at thousands of threads takes long, and those on this CPU would wait for us.
                self.performer.take_cpu();
                self.performer.pace.stay_ahead();
            }
            return true;
        }
        if let Some(answer) = attach.answer(&self.state, texts) {
            let nobody = matches!(answer, FromSupervisor::Refused { .. });
            self.attach = None;
            self.performer.pace.stay_ahead();
            let _front_gone = self.front.send(&answer, None);
            if nobody {
                self.leave();
            }
        }
        false
    }

    /// Does the next step of a switch of the context; true if something is to be decided.
    fn go_on_switching(&mut self) -> bool {
        self.attach.is_none() && self.switches.advance(&self.state, &mut self.performer, &mut self.inputs)
    }

    /// Decides and acts until nothing is left to decide.
    fn settle(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            if let Some(log) = &self.stop_log {
                log.input(&input);
            }
            self.state.step(input, &mut self.actions);
            self.performer.pace.is_alone = self.state.threads() == 1;
            for action in self.actions.drain(..) {
                self.performer.apply(action, &mut self.inputs);
            }
        }
    }
}
