//! Deciding about births, execs and ends: who is new, what it shares with its maker, who is left.

use super::action::Action;
use super::ids::SpaceId;
use super::space::Space;
use super::state::{Doing, Forks, Process, State};
use super::stop::StopKind;
use crate::link::{EndOfProcess, ProcessNo};
use crate::warning::WarningKind;
use platform::{Lineage, Pid, Tid};

/// A tracee that a process has made.
pub(super) struct Birth {
    pub child: Tid,
    /// The thread that made it.
    pub through: Tid,
    pub lineage: Lineage,
    /// Whether the maker waits for its exec or end (CLONE_VFORK).
    pub waits: bool,
}

impl State {
    pub(super) fn born(&mut self, birth: Birth) {
        let Birth { child, through: tid, .. } = birth;
        // One that was adopted because it seemed that nobody would report it is not recorded a second time.
        if let Some(maker) = self.process_number(tid).filter(|_| !self.tracees.contains_key(&child)) {
            self.adopt(maker, birth);
        }
        self.release(tid, None);
        if let Some(stop) = self.unclaimed.remove(&child) {
            self.first_stop(child, stop);
        }
    }

    /// A tracee is taken in as what it is to the process that made it.
    fn adopt(&mut self, maker: ProcessNo, birth: Birth) {
        let Birth { child, through, lineage, waits } = birth;
        let Some(parent) = self.processes.get(&maker) else {
            return;
        };
        let (parent_pid, parent_space, images) = (parent.pid, parent.space, parent.images.clone());
        let exact = parent.exact;
        let frames = parent.frames.copied(through, child);
        let thread_of = (lineage == Lineage::Thread).then_some(maker);
        self.out.push(Action::Inherit { thread_of, child, maker: through, space: parent_space });
        let borrows = match lineage {
            Lineage::Thread => {
                self.add_tracee(child, maker, Doing::Starting);
                if let Some(process) = self.processes.get_mut(&maker) {
                    process.threaded = true;
                }
                return;
            }
            Lineage::SharedMemory => waits,
            Lineage::CopiedMemory => false,
        };
        let pid = Pid(child.0);
        let shares = lineage == Lineage::SharedMemory;
        let space = if shares {
            self.share(parent_space);
            if waits {
                self.lend(parent_space, through);
            }
            parent_space
        } else {
            let copy = self.copy_space(parent_space, maker);
            // What is spent by now is not to be copied again.
            self.catch_up(parent_space, through);
            copy
        };
        let process = self.add_process(Process { images, borrows, exact, frames, ..Process::new(pid, space) });
        self.born_while_switching(maker, process);
        self.add_tracee(child, process, Doing::Starting);
        self.began(process, Action::Began { process, pid, maker: Some(maker), parent: parent_pid, attached: false });
        if shares && !waits {
            self.out.push(Self::shares_its_memory(process));
        }
        if self.forks == Forks::Inherit {
            self.out.push(Action::Warn {
                process: Some(process),
                kind: WarningKind::ForkInherits,
                text: "lines that had run before it was forked are those of its parent only (--fork=inherit)"
                    .to_owned(),
                count: 1,
            });
        }
    }

    fn catch_up(&mut self, id: SpaceId, through: Tid) {
        if !self.leaving
            && let Some(space) = self.spaces.get_mut(&id)
        {
            let changes = space.catch_up(through, &self.once);
            self.change_text(changes);
        }
    }

    pub(crate) fn shares_its_memory(process: ProcessNo) -> Action {
        Action::Warn {
            process: Some(process),
            kind: WarningKind::SharedAddressSpace,
            text: "it shares its memory with the process that made it (CLONE_VM), so a line that both ran may be \
                   credited to only one of them"
                .to_owned(),
            count: 1,
        }
    }

    fn share(&mut self, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(&id) {
            space.users += 1;
        }
    }

    fn lend(&mut self, id: SpaceId, through: Tid) {
        if !self.leaving
            && self.forks == Forks::Rearm
            && let Some(space) = self.spaces.get_mut(&id)
        {
            let changes = space.lend(through);
            self.change_text(changes);
        }
    }

    /// The copy of its maker's space that a forked child has.
    fn copy_space(&mut self, of: SpaceId, maker: ProcessNo) -> SpaceId {
        let (id, unread) = (self.number_space(), self.is_waiting(maker));
        let original = self.spaces.get(&of);
        let mut copy = original.map_or_else(|| Space::unread(id), |space| space.copied(id));
        copy.unread |= unread;
        // It is not looked at what of them was taken out before it was copied.
        let is_shared = original.is_some_and(|space| space.users > 1);
        if copy.rearming {
            copy.was_copied_in_the_midst();
        }
        if self.forks != Forks::Rearm && (is_shared || self.is_threaded(maker)) {
            copy.doubt_all();
        }
        self.spaces.insert(id, copy);
        id
    }

    fn is_waiting(&self, process: ProcessNo) -> bool {
        self.tracees.values().any(|tracee| tracee.process == process && matches!(tracee.doing, Doing::Parked(_)))
    }

    /// The first stop of a tracee that was told of: its text is brought up to date before it runs.
    pub(crate) fn first_stop(&mut self, tid: Tid, stop: StopKind) {
        let Some((_, process)) = self.process_of(tid) else {
            return;
        };
        let (id, leader) = (process.space, process.pid.leader() == tid);
        let shared = self.spaces.get(&id).is_none_or(|space| space.users > 1);
        self.set_doing(tid, Doing::Running);
        if leader && !shared {
            let copied = self.spaces.get(&id);
            let copy_of = copied.and_then(|space| space.copy_of);
            let texts = copied.map(Space::texts).unwrap_or_default();
            self.out.push(Action::OpenSpace { space: id, tid, copy_of, texts });
            if let Some(space) = copied.filter(|space| space.planted_live && !self.leaving) {
                self.out.push(Action::CheckCopy { tid, stop, space: id, places: space.planted_last() });
                return;
            }
            self.first_stop_in_copy(tid, id, stop);
        } else {
            self.after_stop(tid, stop);
        }
    }

    pub(crate) fn first_stop_in_copy(&mut self, tid: Tid, id: SpaceId, stop: StopKind) {
        if let Some(space) = self.spaces.get_mut(&id) {
            let mut changes = match self.forks {
                _ if self.leaving => space.restore(Some(tid)),
                Forks::Rearm => space.rearm(tid),
                Forks::Inherit | Forks::Once => Vec::new(),
            };
            changes.iter_mut().for_each(|change| change.copied_from = space.copy_of);
            let unread = space.unread && !self.leaving;
            self.change_text(changes);
            if unread && stop == StopKind::Event {
                self.out.push(Action::ReadMappings { tid, space: id });
                return;
            }
        }
        self.after_stop(tid, stop);
    }

    /// Nothing is in the memory of a new process any more that was planted, and nothing will be.
    pub(crate) fn closed(&mut self, tid: Tid, id: SpaceId) {
        if let Some(space) = self.spaces.get_mut(&id) {
            *space = Space::new(id);
        }
        self.out.push(Action::Warn {
            process: self.process_number(tid),
            kind: WarningKind::MemoryClosed,
            text:
                "the kernel keeps cov-trace out of it (its program made itself undumpable), and its system calls are \
                   filtered, so it is not measured"
                    .to_owned(),
            count: 1,
        });
    }

    pub(crate) fn vfork_done(&mut self, tid: Tid) {
        if let Some(id) = self.space_of(tid)
            && let Some(space) = self.spaces.get_mut(&id)
        {
            let changes = if self.leaving { Vec::new() } else { space.take_back(tid) };
            self.change_text(changes);
        }
        self.release(tid, None);
    }

    /// A new image: every other thread of the process is gone without a word, and `former` is the leader now.
    pub(crate) fn exec(&mut self, tid: Tid, former: Tid) {
        let Some(number) = self.process_number(former).or_else(|| self.process_number(tid)) else {
            self.out.push(Action::Resume { tid, signal: None });
            return;
        };
        if self.is_threaded(number) {
            self.find_children(number);
        }
        // No report says that its old tid is gone.
        if former != tid {
            self.out.push(Action::Forget { tid: former });
        }
        let Some(fresh) = self.start_over(number, tid, Space::new) else { return };
        if self.leaving {
            self.release(tid, None);
        } else {
            self.out.push(Action::OpenSpace { space: fresh, tid, copy_of: None, texts: Vec::new() });
            self.out.push(Action::ReadMappings { tid, space: fresh });
        }
    }

    pub(crate) fn gone(&mut self, tid: Tid, how: EndOfProcess) {
        self.unclaimed.remove(&tid);
        self.out.push(Action::Forget { tid });
        let Some(tracee) = self.tracees.remove(&tid) else {
            return;
        };
        let last = || self.tracees.values().all(|other| other.process != tracee.process);
        let ends = |process: &Process| process.pid.leader() == tid || (process.headless && last());
        if self.processes.get(&tracee.process).is_some_and(ends) {
            self.tracees.retain(|_, other| other.process != tracee.process);
            if matches!(how, EndOfProcess::Killed { .. }) || self.is_threaded(tracee.process) {
                self.find_children(tracee.process);
            }
            self.end_process(tracee.process, how);
        } else if let Some(process) = self.processes.get_mut(&tracee.process)
            && let Some(context) = process.frames.gone(tid).filter(|_| !self.leaving)
        {
            self.out.push(Action::EnterFunction { tid, process: tracee.process, context });
        }
    }

    /// All threads of `candidate` that could have reported a child are gone, so its children among the unclaimed are
    /// adopted. A thread in the middle of a fork ends only with its whole process, or at an exec by another thread: as
    /// long as the process lives, the maker will report the child.
    fn find_children(&mut self, candidate: ProcessNo) {
        // The first stop of such a child may be still to come.
        self.lost_maker = Some(candidate);
        self.out.extend(self.unclaimed.keys().map(|&tid| Action::FindMaker { tid, candidate }));
    }

    /// Whether a process ever had a second thread.
    fn is_threaded(&self, number: ProcessNo) -> bool {
        self.processes.get(&number).is_some_and(|process| process.threaded)
    }

    /// The first stop of a tracee that nobody has reported yet.
    pub(crate) fn unclaimed(&mut self, tid: Tid, stop: StopKind) {
        self.unclaimed.insert(tid, stop);
        self.out.extend(self.lost_maker.map(|candidate| Action::FindMaker { tid, candidate }));
    }

    /// A tracee that nobody reported: if its maker still lives it will; if not, the tracee is adopted as it is, and
    /// what is mapped in it is read again.
    pub(crate) fn orphan(&mut self, tid: Tid, group: Pid, parent: Pid, candidate: ProcessNo) {
        if !self.unclaimed.contains_key(&tid) {
            return;
        }
        let known = |pid: Pid| self.processes.iter().find(|(_, process)| process.pid == pid).map(|(number, _)| *number);
        let has_threads = |number: ProcessNo| self.tracees.values().any(|tracee| tracee.process == number);
        if group.leader() != tid {
            // A thread: it dies with its process, or its maker tells of it.
            return;
        }
        match known(parent) {
            Some(number) if has_threads(number) && number != candidate => {}
            Some(number) => self.adopt_orphan(tid, number),
            None => self.adopt_orphan(tid, candidate),
        }
    }

    fn adopt_orphan(&mut self, tid: Tid, maker: ProcessNo) {
        let parent = self.processes.get(&maker).map_or(Pid(0), |process| process.pid);
        let space = self.add_space(Space::unread);
        let process = self.add_process(Process::new(Pid(tid.0), space));
        self.add_tracee(tid, process, Doing::Starting);
        self.began(process, Action::Began { process, pid: Pid(tid.0), maker: Some(maker), parent, attached: false });
        // Its maker may be in its file and forgotten already, so what it runs is reported again.
        self.out.push(Action::Execed { process, tid });
        if let Some(stop) = self.unclaimed.remove(&tid) {
            self.first_stop(tid, stop);
        }
    }
}
