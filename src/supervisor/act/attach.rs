//! Taking over processes that run: their images are read first, then every thread is seized, then they are planted.
//!
//! Invariant: no thread is stopped for it but those that run, and these only to be let run on at once.

use super::space_texts::SpaceTexts;
use crate::link::{AttachReport, EndOfProcess, FromSupervisor};
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::state::State;
use platform::threads::{self, Activity};
use platform::{Errno, OsError, Pid, Reaper, Tid, Tracer, procfs};
use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AttachPhase {
    /// The images are being read; nothing is traced.
    Reading,
    /// Threads are seized until there is none left.
    Seizing,
    /// Everything that is mapped is planted.
    Planting,
    /// What was mapped meanwhile is planted too.
    Again,
}

/// An attach under way.
#[derive(Debug)]
pub(crate) struct AttachState {
    /// The processes, with their start times.
    wanted: Vec<(Pid, u64)>,
    /// Those that were asked for by their pid.
    asked: Vec<Pid>,
    children: bool,
    phase: AttachPhase,
    since: Instant,
    /// The processes whose threads were seized.
    taken: BTreeSet<Pid>,
    /// Those of them with a thread that could not be seized, which a breakpoint would kill.
    untouchable: BTreeSet<Pid>,
    report: AttachReport,
}

impl AttachState {
    /// Asks for the images of the processes.
    pub fn begin(pids: Vec<Pid>, children: bool, inputs: &mut VecDeque<Input>) -> Self {
        let mut attach = AttachState {
            wanted: Vec::new(),
            asked: pids.clone(),
            children,
            phase: AttachPhase::Reading,
            since: Instant::now(),
            taken: BTreeSet::new(),
            untouchable: BTreeSet::new(),
            report: AttachReport::default(),
        };
        for pid in pids {
            attach.want(pid, inputs);
            if children {
                threads::descendants(pid).into_iter().for_each(|child| attach.want(child, inputs));
            }
        }
        attach
    }

    fn want(&mut self, pid: Pid, inputs: &mut VecDeque<Input>) {
        if self.wanted.iter().any(|(wanted, _)| *wanted == pid) {
            return;
        }
        match survey(pid) {
            Ok((start_ticks, input)) => {
                self.wanted.push((pid, start_ticks));
                inputs.push_back(input);
            }
            // One that nobody has reaped yet has threads still, but no memory.
            Err(error) if error.is_gone() || threads::of(pid).is_err() => self.gone(pid),
            Err(error) => self.report.failures.push(error.to_string()),
        }
    }

    /// A process has ended: that of a child is nothing to tell.
    fn gone(&mut self, pid: Pid) {
        if self.asked.contains(&pid) {
            self.report.failures.push(format!("process {pid} has ended meanwhile"));
        }
    }

    /// A thread was held in a stop this long.
    pub fn held(&mut self, time: Duration) {
        self.report.longest_hold = self.report.longest_hold.max(micros(time));
    }

    /// Goes on as far as it can; true if something is to be decided. All that was heard must have been decided.
    pub fn advance(
        &mut self,
        tracer: &Tracer,
        state: &State,
        texts: &SpaceTexts,
        inputs: &mut VecDeque<Input>,
    ) -> bool {
        match self.phase {
            AttachPhase::Reading if state.has_all_plans() => {
                self.report.reading = micros(self.since.elapsed());
                self.since = Instant::now();
                let hand = Seizer { tracer, reaper: Reaper::start() };
                for (pid, start_ticks) in std::mem::take(&mut self.wanted) {
                    if procfs::origin(pid).is_ok_and(|origin| origin.start_ticks == start_ticks) {
                        self.take(&hand, pid, None, inputs);
                    } else {
                        self.gone(pid);
                    }
                }
                self.phase = AttachPhase::Seizing;
                true
            }
            AttachPhase::Seizing if texts.work.is_empty() && !state.awaits_threads() => {
                self.take_the_rest(&Seizer { tracer, reaper: Reaper::start() }, state, inputs);
                if inputs.is_empty() {
                    self.phase = AttachPhase::Planting;
                    self.have_planted(inputs);
                }
                true
            }
            AttachPhase::Planting if is_planted(state, texts) => {
                self.phase = AttachPhase::Again;
                self.have_planted(inputs);
                true
            }
            AttachPhase::Reading | AttachPhase::Seizing | AttachPhase::Planting | AttachPhase::Again => false,
        }
    }

    /// Whether the processes are being planted.
    pub fn plants(&self) -> bool {
        match self.phase {
            AttachPhase::Reading | AttachPhase::Seizing => false,
            AttachPhase::Planting | AttachPhase::Again => true,
        }
    }

    /// What it came to, once it is over.
    pub fn answer(&mut self, state: &State, texts: &SpaceTexts) -> Option<FromSupervisor> {
        if self.phase != AttachPhase::Again || !is_planted(state, texts) {
            return None;
        }
        let mut report = std::mem::take(&mut self.report);
        if self.taken.is_empty() {
            return Some(FromSupervisor::Refused { errno: Errno::ESRCH as i32, text: report.failures.join("; ") });
        }
        report.attaching = micros(self.since.elapsed());
        report.pids = self.taken.iter().copied().filter(|pid| state.process_with(*pid).is_some()).collect();
        report.threads = state.threads() as u64;
        report.breakpoints = texts.work.planted();
        Some(FromSupervisor::Attached(report))
    }

    /// Seizes every thread of a process, and of those that share its memory.
    fn take(&mut self, hand: &Seizer<'_>, pid: Pid, shares: Option<Pid>, inputs: &mut VecDeque<Input>) {
        if !self.taken.insert(pid) {
            return;
        }
        let Seized { threads, error } = hand.seize_all(pid, &BTreeSet::new());
        if threads.is_empty() {
            self.taken.remove(&pid);
            match error {
                Some(error) if threads::of(pid).is_ok() => self.report.failures.push(error.to_string()),
                Some(_) | None => self.gone(pid),
            }
            return;
        }
        self.note_unseized(pid, error);
        let sharing = threads::sharing_memory_with(pid, &threads);
        let parent = procfs::origin(pid).map_or(Pid(0), |origin| origin.parent);
        inputs.push_back(Input::Attached { pid, parent, threads, shares });
        for other in sharing {
            self.take(hand, other, Some(pid), inputs);
            // A breakpoint in one is a breakpoint in both.
            if !self.taken.contains(&other) || self.untouchable.contains(&other) {
                self.untouchable.insert(pid);
            }
        }
    }

    fn note_unseized(&mut self, pid: Pid, error: Option<OsError>) {
        if let Some(error) = error
            && self.untouchable.insert(pid)
        {
            self.report.failures.push(format!("process {pid} is followed, but not measured: {error}"));
        }
    }

    /// Seizes what was made by a thread before that was seized.
    fn take_the_rest(&mut self, hand: &Seizer<'_>, state: &State, inputs: &mut VecDeque<Input>) {
        for pid in self.taken.clone() {
            let Some(number) = state.process_with(pid) else { continue };
            // An exec by another thread has ended all others, and put that in the leader's place.
            let listed: BTreeSet<Tid> = threads::of(pid).unwrap_or_default().into_iter().collect();
            let is_ours = |tid: Tid| tid != pid.leader() || threads::tracer_of(tid) == Some(me());
            let (known, replaced): (BTreeSet<Tid>, BTreeSet<Tid>) =
                state.threads_of(number).into_iter().partition(|tid| listed.contains(tid) && is_ours(*tid));
            let (gone, replaced): (Vec<Tid>, Vec<Tid>) =
                replaced.into_iter().partition(|tid| threads::activity(*tid) == Activity::Gone);
            if let Some(&tid) = replaced.iter().find(|tid| hand.seize(**tid).is_ok()) {
                inputs.push_back(Input::Renewed { pid, tid });
                continue;
            }
            let ended = |tid: Tid| Input::Gone { tid, how: EndOfProcess::LetGo };
            inputs.extend(gone.into_iter().filter(|tid| *tid != pid.leader()).map(ended));
            let Seized { threads, error } = hand.seize_all(pid, &known);
            self.note_unseized(pid, error);
            let all: Vec<Tid> = threads.iter().copied().chain(state.threads_of(number)).collect();
            inputs.extend(threads.into_iter().map(|tid| Input::Joined { pid, tid }));
            let sharing = threads::sharing_memory_with(pid, &all).into_iter().map(|other| (other, Some(pid)));
            let children = if self.children { threads::descendants(pid) } else { Vec::new() };
            for (other, shares) in sharing.chain(children.into_iter().map(|child| (child, None))) {
                if state.process_with(other).is_none() && threads::tracer_of(other.leader()) != Some(me()) {
                    self.take(hand, other, shares, inputs);
                }
            }
        }
    }

    fn have_planted(&self, inputs: &mut VecDeque<Input>) {
        let plantable = self.taken.difference(&self.untouchable);
        inputs.extend(plantable.map(|&pid| Input::Ready { pid }));
    }
}

fn is_planted(state: &State, texts: &SpaceTexts) -> bool {
    texts.work.is_empty() && !state.awaits_plans()
}

/// The threads of a process that were seized now, and why one that lives could not be.
struct Seized {
    threads: Vec<Tid>,
    error: Option<OsError>,
}

/// The tracer, and what cleans up after a seize that failed.
struct Seizer<'a> {
    tracer: &'a Tracer,
    reaper: Reaper,
}

impl Seizer<'_> {
    fn seize(&self, tid: Tid) -> Result<(), OsError> {
        self.reaper.seize(self.tracer, tid)
    }

    /// Seizes every thread of a process but those that are `known`, until a pass finds no other.
    fn seize_all(&self, pid: Pid, known: &BTreeSet<Tid>) -> Seized {
        let mut seen = known.clone();
        let mut seized = Seized { threads: Vec::new(), error: None };
        loop {
            let listed = match threads::of(pid) {
                Ok(listed) => listed,
                Err(error) => {
                    seized.error = Some(error).filter(|_| seized.threads.is_empty());
                    return seized;
                }
            };
            let new: Vec<Tid> = listed.into_iter().filter(|tid| seen.insert(*tid)).collect();
            if new.is_empty() {
                return seized;
            }
            for tid in new {
                match self.seize(tid) {
                    Ok(()) => seized.threads.push(tid),
                    // Its maker is traced and it is with it, or it has ended (last, since it may do so any time).
                    Err(_) if threads::tracer_of(tid) == Some(me()) || threads::activity(tid) == Activity::Gone => {}
                    Err(error) => seized.error = Some(error),
                }
            }
        }
    }
}

/// When a process started, and what is mapped in it.
fn survey(pid: Pid) -> Result<(u64, Input), OsError> {
    let start_ticks = procfs::origin(pid)?.start_ticks;
    let mut refused = OsError::new("read the mappings of", format_args!("process {pid}"), Errno::ESRCH);
    for tid in threads::of(pid)? {
        match platform::mapped(tid) {
            Ok(mapped) => return Ok((start_ticks, Input::Survey { tid, mappings: mapped.text })),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

fn me() -> Pid {
    Pid(std::process::id() as i32)
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}
