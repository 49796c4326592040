//! What the supervisor knows: tracees, their processes, their address spaces, the images seen.
//!
//! Invariant: every stopped tracee leaves its stop by exactly one action, or is parked and leaves later.

use super::action::Action;
use super::covered::Planned;
use super::frames::Frames;
use super::ids::SpaceId;
use super::once::RunOnce;
use super::reading::AwaitedPlans;
use super::space::{Found, Space};
use super::stop::StopKind;
use super::switch::Switching;
use super::text_change::TextChange;
use crate::link::{ImageId, ProcessNo};
use crate::plan::LandmarkKind;
use crate::warning::WarningKind;
use platform::{Avma, FileKey, OnTracerDeath, Pid, Tid};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a forked child starts with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Forks {
    /// All breakpoints: its lines are its own.
    #[default]
    Rearm,
    /// Those that its parent had left: it tells only what is new, and forking costs nothing.
    Inherit,
    /// The same, and what any process has run is reported by no other, however that one came to be.
    Once,
}

/// What a tracee is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It was told of, but its first stop has not come.
    Starting,
    /// It runs, or its next stop is on the way.
    Running,
    /// It is stopped until plans have come for what it has mapped.
    Parked(AwaitedPlans),
    /// It is stopped until the context is switched.
    Switching(Whence),
    /// It is stopped at a breakpoint until it is known where its stack is.
    Met,
    /// It is in a group-stop.
    Listening,
    /// Everything is restored and it has no trap on the way: it needs no stop to be let go.
    Settled,
}

/// How a thread came to where it waits for a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    /// It is in the midst of a line, which is of both contexts.
    Within,
    /// A function begins or ends there: what was executed before is of the context before.
    Edge,
    /// It came out of a function that was the context without its return: what is before it there is not of that context.
    Elsewhere,
}

/// A thread that is traced.
#[derive(Clone, Debug)]
pub(crate) struct Tracee {
    pub process: ProcessNo,
    pub doing: Doing,
    /// Whether it was in a group-stop since it last ran.
    pub was_stopped: bool,
    /// Whether we asked it to stop and it has not yet.
    pub interrupted: bool,
    /// Whether it was busy when we came and has not been heard of since.
    pub unseen: bool,
    /// Whether it is about to end, and soon lives in no memory any more.
    pub ends: bool,
    /// Whether it is to be asked for its process's handler of SIGTRAP at its next stop.
    pub asked: bool,
}

/// A process that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub pid: Pid,
    pub space: SpaceId,
    pub images: BTreeSet<ImageId>,
    /// Whether the space belongs to the vfork parent for now.
    pub borrows: bool,
    /// Whether its leader had ended before we came, so that its end is that of its last thread.
    pub headless: bool,
    /// Whether it ever had a second thread.
    pub threaded: bool,
    /// The plans that are to come for what it has mapped in its space, while it runs.
    pub awaits: Option<AwaitedPlans>,
    /// Whether its context was switched, so that a hit tells of its own stretch only.
    pub exact: bool,
    /// The functions that it is in and that are contexts.
    pub frames: Frames,
}

impl Process {
    /// A process of one thread in a space of its own.
    pub fn new(pid: Pid, space: SpaceId) -> Self {
        Process {
            pid,
            space,
            images: BTreeSet::new(),
            borrows: false,
            headless: false,
            threaded: false,
            awaits: None,
            exact: false,
            frames: Frames::default(),
        }
    }
}

/// All the supervisor knows.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) tracees: HashMap<Tid, Tracee>,
    pub(crate) processes: BTreeMap<ProcessNo, Process>,
    pub(crate) spaces: BTreeMap<SpaceId, Space>,
    pub(crate) images: HashMap<FileKey, ImageId>,
    pub(crate) plans: BTreeMap<ImageId, Planned>,
    /// Tracees whose first stop came before anybody told of them.
    pub(crate) unclaimed: BTreeMap<Tid, StopKind>,
    /// The process that last lost threads in a way that may have left a child of theirs unreported.
    pub(crate) lost_maker: Option<ProcessNo>,
    pub(crate) leaving: bool,
    /// Whether the tracer's end kills what is still traced, so that it must detach from every tracee before.
    pub(crate) end_kills: bool,
    pub(crate) forks: Forks,
    pub(crate) once: RunOnce,
    /// Whether a context was ever switched: breakpoints are planted so that each tells of its own stretch only.
    pub(crate) exact: bool,
    pub(crate) switching: Option<Switching>,
    /// What the input that is being decided asks for so far.
    pub(crate) out: Vec<Action>,
    next_process: u32,
    next_space: u32,
    next_reading: u64,
}

impl State {
    /// Knows nobody yet; `on_death` is what becomes of tracees as the tracer ends.
    pub fn new(on_death: OnTracerDeath, forks: Forks) -> Self {
        let once = if forks == Forks::Once { RunOnce::begun() } else { RunOnce::default() };
        State { end_kills: on_death == OnTracerDeath::Kill, forks, once, ..State::default() }
    }

    /// Whether nobody is traced any more.
    pub fn is_empty(&self) -> bool {
        self.tracees.is_empty() && self.unclaimed.is_empty()
    }

    /// Whether everybody is being let go.
    pub fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Whether the tracer must not end before it has detached from every tracee, however long that takes.
    pub fn must_stay(&self) -> bool {
        self.end_kills && !self.is_empty()
    }

    /// Whether the end of the tracer would detach from every tracee without harm.
    pub fn may_leave(&self) -> bool {
        let let_go = |tracee: &Tracee| match tracee.doing {
            Doing::Settled | Doing::Listening => !self.end_kills,
            Doing::Starting | Doing::Running | Doing::Parked(_) | Doing::Switching(_) | Doing::Met => false,
        };
        self.leaving && self.unclaimed.is_empty() && self.tracees.values().all(let_go)
    }

    /// The tracees, those that nobody told of included.
    pub fn tids(&self) -> impl Iterator<Item = Tid> + '_ {
        self.tracees.keys().chain(self.unclaimed.keys()).copied()
    }

    /// The launched program, as long as it has not ended.
    pub fn launched_pid(&self) -> Option<Pid> {
        self.processes.get(&ProcessNo(0)).map(|process| process.pid)
    }

    /// The address space that a tracee lives in.
    pub fn space_of(&self, tid: Tid) -> Option<SpaceId> {
        self.process_of(tid).map(|(_, process)| process.space)
    }

    /// A thread of each space.
    pub(crate) fn users_of_spaces(&self) -> BTreeMap<SpaceId, Tid> {
        self.tracees.keys().filter_map(|&tid| Some((self.space_of(tid)?, tid))).collect()
    }

    /// A process that lives in a space.
    pub(crate) fn process_in(&self, space: SpaceId) -> Option<ProcessNo> {
        self.processes.iter().find(|(_, process)| process.space == space).map(|(number, _)| *number)
    }

    /// The process that a tracee belongs to.
    pub fn process_number(&self, tid: Tid) -> Option<ProcessNo> {
        self.tracees.get(&tid).map(|tracee| tracee.process)
    }

    /// How many threads are traced.
    pub fn threads(&self) -> usize {
        self.tracees.len()
    }

    pub(crate) fn process_of(&self, tid: Tid) -> Option<(ProcessNo, &Process)> {
        let number = self.tracees.get(&tid)?.process;
        self.processes.get(&number).map(|process| (number, process))
    }

    pub(crate) fn set_doing(&mut self, tid: Tid, doing: Doing) {
        if let Some(tracee) = self.tracees.get_mut(&tid) {
            tracee.doing = doing;
        }
    }

    /// A number for a new address space.
    pub(crate) fn number_space(&mut self) -> SpaceId {
        let id = SpaceId(self.next_space);
        self.next_space += 1;
        id
    }

    pub(crate) fn add_space(&mut self, new: fn(SpaceId) -> Space) -> SpaceId {
        let id = self.number_space();
        self.spaces.insert(id, new(id));
        id
    }

    /// Has text changed before anything else happens.
    pub(crate) fn change_text(&mut self, changes: Vec<TextChange>) {
        self.out.extend(changes.into_iter().map(|change| Action::TextChange(Box::new(change))));
    }

    pub(crate) fn number_reading(&mut self) -> u64 {
        self.next_reading += 1;
        self.next_reading
    }

    pub(crate) fn add_process(&mut self, process: Process) -> ProcessNo {
        let number = ProcessNo(self.next_process);
        self.next_process += 1;
        self.processes.insert(number, process);
        number
    }

    /// Tells of a new process.
    pub(crate) fn began(&mut self, process: ProcessNo, began: Action) {
        self.out.push(began);
        if self.forks == Forks::Once {
            self.out.push(Action::Warn {
                process: Some(process),
                kind: WarningKind::Once,
                text: "lines that another process of the run had run before are that one's only (--once)".to_owned(),
                count: 1,
            });
        }
    }

    pub(crate) fn add_tracee(&mut self, tid: Tid, process: ProcessNo, doing: Doing) {
        self.tracees.insert(
            tid,
            Tracee { process, doing, was_stopped: false, interrupted: false, unseen: false, asked: false, ends: false },
        );
    }

    /// A process runs a new image in memory of its own, and all its threads are gone but `tid`; gives the new space.
    pub(crate) fn start_over(&mut self, number: ProcessNo, tid: Tid, new: fn(SpaceId) -> Space) -> Option<SpaceId> {
        self.tracees.retain(|_, tracee| tracee.process != number);
        self.add_tracee(tid, number, Doing::Running);
        let fresh = self.add_space(new);
        let process = self.processes.get_mut(&number)?;
        let old = std::mem::replace(&mut process.space, fresh);
        (process.borrows, process.threaded, process.awaits) = (false, false, None);
        process.frames = Frames::default();
        process.headless = process.pid.leader() != tid;
        self.leave_space(old);
        self.out.push(Action::Execed { process: number, tid });
        Some(fresh)
    }

    /// A process leaves an address space, which is forgotten with its last user.
    pub(crate) fn leave_space(&mut self, id: SpaceId) {
        let Some(space) = self.spaces.get_mut(&id) else { return };
        space.users = space.users.saturating_sub(1);
        if space.users == 0 {
            self.spaces.remove(&id);
            self.out.push(Action::CloseSpace { space: id });
        }
    }

    /// What landmark is at an address.
    pub(crate) fn landmark_at(&self, space: SpaceId, at: Avma) -> Option<LandmarkKind> {
        match self.spaces.get(&space)?.find(at) {
            Found::Landmark(kind, _) => Some(kind),
            Found::Armed(_) | Found::Spent(_) | Found::Nothing => None,
        }
    }

    /// A tracee leaves its stop: it goes on, or is let go if everybody is.
    pub(crate) fn release(&mut self, tid: Tid, signal: Option<platform::Signal>) {
        if self.leaving {
            self.restore_what_is_left(tid);
            self.out.push(Action::Detach { tid, signal });
            self.forget(tid);
        } else {
            self.set_doing(tid, Doing::Running);
            self.out.push(Action::Resume { tid, signal });
        }
    }

    /// A tracee was let go: with the last thread of its process the measurement of that ends.
    pub(crate) fn forget(&mut self, tid: Tid) {
        let Some(tracee) = self.tracees.remove(&tid) else {
            return;
        };
        if self.tracees.values().all(|other| other.process != tracee.process) {
            self.end_process(tracee.process, crate::link::EndOfProcess::LetGo);
        }
    }

    pub(crate) fn end_process(&mut self, number: ProcessNo, how: crate::link::EndOfProcess) {
        if let Some(process) = self.processes.remove(&number) {
            self.out.push(Action::Ended { process: number, how });
            self.leave_space(process.space);
        }
    }
}
