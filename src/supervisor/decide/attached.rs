//! Deciding about processes that ran before us: they are taken in without a stop and planted while they run.
//!
//! Invariant: nothing is planted in a process before every one of its threads is traced and was seen outside of a fork
//! or clone that it had begun before, since what that makes would meet the breakpoints untraced.

use super::action::Action;
use super::frames::Frames;
use super::ids::InstanceId;
use super::reading::Reading;
use super::space::Space;
use super::state::{Doing, Process, State};
use super::stop::StopKind;
use super::text_change::{LandmarkChange, TextChange};
use crate::link::{ImageId, ProcessNo};
use platform::threads::Activity;
use platform::{Pid, TextMapping, Tid};

impl State {
    /// Whether every image that was ever asked for has a plan.
    pub fn has_all_plans(&self) -> bool {
        self.images.len() == self.plans.len()
    }

    /// Whether a thread that was busy when we came has not been heard of.
    pub fn awaits_threads(&self) -> bool {
        self.tracees.values().any(|tracee| tracee.unseen)
    }

    /// Whether a process runs without what it has mapped being planted.
    pub fn awaits_plans(&self) -> bool {
        self.processes.values().any(|process| process.awaits.is_some())
    }

    /// The measured process with this pid.
    pub fn process_with(&self, pid: Pid) -> Option<ProcessNo> {
        self.processes.iter().find(|(_, process)| process.pid == pid).map(|(number, _)| *number)
    }

    /// The traced threads of a process.
    pub fn threads_of(&self, number: ProcessNo) -> Vec<Tid> {
        self.tracees.iter().filter(|(_, tracee)| tracee.process == number).map(|(tid, _)| *tid).collect()
    }

    pub(crate) fn attached(&mut self, pid: Pid, parent: Pid, threads: Vec<Tid>, shares: Option<Pid>) {
        let Some(&tid) = threads.first() else { return };
        let shared = shares.and_then(|pid| Some(self.processes.get(&self.process_with(pid)?)?.space));
        let space = shared.unwrap_or_else(|| self.add_space(Space::planted_live));
        if shared.is_some()
            && let Some(space) = self.spaces.get_mut(&space)
        {
            space.users += 1;
        }
        let (headless, borrows) = (!threads.contains(&pid.leader()), shared.is_some());
        let threaded = threads.len() > 1;
        let process = self.add_process(Process {
            borrows,
            headless,
            threaded,
            frames: Frames::under_way(),
            ..Process::new(pid, space)
        });
        self.began(process, Action::Began { process, pid, maker: None, parent, attached: true });
        self.out.push(Action::Execed { process, tid });
        if shared.is_none() {
            self.out.push(Action::OpenSpace { space, tid, copy_of: None, texts: Vec::new() });
        } else {
            self.out.push(Self::shares_its_memory(process));
        }
        for tid in threads {
            self.joined(process, tid);
        }
    }

    /// Takes in a thread that was seized.
    pub(crate) fn joined(&mut self, process: ProcessNo, tid: Tid) {
        self.add_tracee(tid, process, Doing::Running);
        if let Some(process) = self.processes.get_mut(&process) {
            process.threaded |= process.pid.leader() != tid;
        }
        self.out.push(Action::Look { tid });
    }

    /// A process ran another program before all its threads were seized, which is gone with the threads known of it.
    pub(crate) fn renewed(&mut self, pid: Pid, tid: Tid) {
        let Some(number) = self.process_with(pid) else { return };
        let Some(space) = self.start_over(number, tid, Space::planted_live) else { return };
        self.out.push(Action::OpenSpace { space, tid, copy_of: None, texts: Vec::new() });
        self.out.push(Action::Look { tid });
    }

    /// A process may be planted; asked again, what it mapped meanwhile is.
    pub(crate) fn ready(&mut self, pid: Pid) {
        let Some(number) = self.process_with(pid) else { return };
        // What another one lends it is planted with that one; and it may be about to leave it for memory of its own.
        let Some(process) = self.processes.get(&number).filter(|process| !process.borrows) else { return };
        self.out.push(Action::ReadLive { process: number, space: process.space, threads: self.threads_of(number) });
    }

    pub(crate) fn mapped_live(&mut self, process: ProcessNo, tid: Tid, mappings: Vec<TextMapping>) {
        let Some(space) = self.processes.get(&process).map(|process| process.space) else { return };
        let reading = self.want_images(tid, Some(space), mappings);
        self.note_images(process, &reading);
        let (complete, awaits) = match self.complete(reading) {
            Ok(reading) => (Some(reading), None),
            Err(awaited) => (None, Some(awaited)),
        };
        if let Some(process) = self.processes.get_mut(&process) {
            process.awaits = awaits;
        }
        if let Some(reading) = complete {
            self.plant_live(process, reading);
        }
    }

    /// The plan of an image has come: processes that waited for it and for no other are planted.
    pub(crate) fn plant_waiting(&mut self, image: ImageId) {
        let mut complete = Vec::new();
        for (&number, process) in &mut self.processes {
            if let Some(reading) = process.awaits.as_mut().and_then(|awaited| awaited.without(image)) {
                process.awaits = None;
                complete.push((number, reading));
            }
        }
        for (number, reading) in complete {
            self.plant_live(number, reading);
        }
    }

    fn plant_live(&mut self, number: ProcessNo, reading: Reading) {
        let Some(id) = self.processes.get(&number).map(|process| process.space).filter(|_| !self.leaving) else {
            return;
        };
        let changes = self.remap(id, None, reading);
        if changes.is_empty() {
            return;
        }
        // First the masks and the handler, since the next breakpoint may take something from them; then what tells of every
        // change of one; then the masks again, for those that changed meanwhile; then what needs to know them.
        self.out.push(Action::Meet { process: number, threads: self.threads_of(number) });
        self.out.push(Action::AskHandler { process: number, threads: self.threads_of(number) });
        let user = self.threads_of(number).first().copied();
        let changes: Vec<TextChange> = changes.into_iter().map(|change| TextChange { user, ..change }).collect();
        self.out.extend(changes.iter().map(|change| Action::Plant(Box::new(change.of_landmarks()))));
        self.out.push(Action::Meet { process: number, threads: self.threads_of(number) });
        let without = |change: TextChange| TextChange { landmarks: LandmarkChange::Keep, ..change };
        self.out.extend(changes.into_iter().map(|change| Action::Plant(Box::new(without(change)))));
    }

    /// A thread that was busy when we came is made to report, which it does outside of any system call it had begun.
    pub(crate) fn looked(&mut self, tid: Tid, activity: Activity) {
        if self.leaving {
            self.looked_last(tid, activity);
            return;
        }
        if self.is_switching() {
            self.looked_for_switch(tid, activity);
            return;
        }
        match activity {
            Activity::Busy => {
                if let Some(tracee) = self.tracees.get_mut(&tid) {
                    tracee.unseen = true;
                }
                self.interrupt(tid);
            }
            // A thread that is stopped reports by itself, and is not taken out of that stop before.
            Activity::Stopped | Activity::Asleep | Activity::Gone => {}
        }
    }

    /// A thread is to stop, so that it can be asked for the handler that its process has for SIGTRAP.
    pub(crate) fn ask_handler(&mut self, tid: Tid) {
        if let Some(tracee) = self.tracees.get_mut(&tid).filter(|tracee| tracee.doing == Doing::Running) {
            tracee.asked = true;
            self.interrupt(tid);
        }
    }

    /// A thread has stopped as it was asked to: if it is to be asked for the handler, it is.
    pub(crate) fn ask_if_asked(&mut self, tid: Tid) {
        let asked = self.tracees.get_mut(&tid).is_some_and(|tracee| std::mem::take(&mut tracee.asked));
        if let Some((process, Process { space, .. })) = self.process_of(tid).filter(|_| asked) {
            self.out.push(Action::ReadHandler { tid, process, space: *space });
        }
    }

    pub(crate) fn interrupt(&mut self, tid: Tid) {
        if let Some(tracee) = self.tracees.get_mut(&tid) {
            tracee.interrupted = true;
            self.out.push(Action::Interrupt { tid });
        }
    }

    /// It is known what a new process's copy of the text lacks.
    pub(crate) fn copy_checked(&mut self, tid: Tid, stop: StopKind, lacking: &[InstanceId]) {
        let Some(id) = self.space_of(tid) else { return };
        let Some(space) = self.spaces.get_mut(&id) else { return };
        space.was_copied_without(lacking);
        space.planted_live = false;
        if lacking.is_empty()
            && let Some(original) = space.copy_of.and_then(|of| self.spaces.get_mut(&of))
        {
            // What was whole once stays so.
            original.planted_live = false;
        }
        self.first_stop_in_copy(tid, id, stop);
    }
}
