//! Performing what was decided: the actions' system calls, and the answers they bring.
//!
//! Invariant: a tracee that is gone (ESRCH) is no error; its end is reported by a wait.

use super::contexts::Contexts;
use super::hear;
use super::landmarks::ContextAsked;
use super::opened::OpenedFiles;
use super::pace::Pace;
use super::program_objects::ProgramObjects;
use super::repair;
use super::sections::MarkSections;
use super::space_texts::{Reach, SpaceTexts};
use super::stacks::Stacks;
use super::stop_log::StopLog;
use super::timed::TimedCalls;
use super::trap_repair::TrapRepair;
use super::wear::Wear;
use super::work::Piece;
use crate::contexts::TemplateSubject;
use crate::link::{FromSupervisor, ImageId, JournalWriter, Port, ProcessNo, Record};
use crate::plan::{FileOffset, Plan};
use crate::supervisor::decide::action::{Action, SystemCalls};
use crate::supervisor::decide::ids::SpaceId;
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::mask_sites::MaskSites;
use crate::supervisor::decide::stop::StopKind;
use crate::supervisor::decide::text_change::LandmarkChange;
use platform::{Avma, GuardEntries, OsError, Pid, Signal, TextMapping, Tid, Tracer, procfs, threads};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// A signal that a tracee got this recently may be the one that the front got too.
const JUST_NOW: Duration = Duration::from_millis(500);

/// Where a thread has the flags of a clone3 that is to be untraced, and what they were.
pub(super) struct HiddenFlags {
    pub space: SpaceId,
    pub place: Avma,
    pub flags: u64,
}

/// By what it is recorded what happens.
pub(crate) struct Recording {
    pub journal: JournalWriter,
    pub sections: MarkSections,
    pub contexts: Contexts,
}

/// Everything that acting needs.
pub(crate) struct Performer {
    pub tracer: Tracer,
    pub(super) sigtrap: TrapRepair,
    pub texts: SpaceTexts,
    pub(super) journal: JournalWriter,
    pub(super) sections: MarkSections,
    pub(super) contexts: Contexts,
    pub(super) recorder: Port,
    pub(super) front: Pid,
    pub pace: Pace,
    pub timed: TimedCalls,
    pub wear: Wear,
    pub(super) mask_sites: MaskSites,
    pub(super) lost: u64,
    pub(super) senders: HashMap<(Signal, Pid), Instant>,
    pub(super) guard: GuardEntries,
    pub(super) pids: HashMap<ProcessNo, Pid>,
    pub(super) stacks: Stacks,
    /// What programs said of their contexts that is still to be done.
    pub(super) asked_contexts: VecDeque<ContextAsked>,
    /// Whether breakpoints may be at any probe.
    plants_anywhere: bool,
    /// The files that processes opened.
    pub(super) opened: OpenedFiles,
    /// Flags of clone3 from which CLONE_UNTRACED was taken, by the thread that makes the call.
    pub(super) flags: HashMap<Tid, HiddenFlags>,
}

impl Performer {
    pub fn new(
        tracer: Tracer,
        Recording { journal, sections, contexts }: Recording,
        recorder: Port,
        front: Pid,
        guard: GuardEntries,
        log: Option<StopLog>,
    ) -> Self {
        Performer {
            tracer,
            sigtrap: TrapRepair::new(log),
            journal,
            sections,
            contexts,
            recorder,
            texts: SpaceTexts::default(),
            front,
            pace: Pace::default(),
            timed: TimedCalls::default(),
            wear: Wear::default(),
            mask_sites: MaskSites::default(),
            lost: 0,
            senders: HashMap::new(),
            guard,
            pids: HashMap::new(),
            stacks: Stacks::default(),
            asked_contexts: VecDeque::new(),
            plants_anywhere: false,
            opened: OpenedFiles::default(),
            flags: HashMap::new(),
        }
    }

    /// Takes a CPU for serving hits, with the guard and the front behind that beside us.
    pub fn take_cpu(&mut self) {
        let rescuers: Vec<Pid> = self.guard.guard().into_iter().chain([self.front]).collect();
        self.pace.take_cpu(&rescuers);
    }

    /// Performs an action; what it learns goes to `inputs`.
    pub fn apply(&mut self, action: Action, inputs: &mut VecDeque<Input>) {
        match action {
            Action::Serve(hit) => self.serve(hit, inputs),
            Action::Mark(mark) => self.mark(mark),
            Action::WatchCalls { space, places } => self.watch_calls(space, places),
            Action::Emulate { tid, process, space, at, kind, place } => {
                self.emulate((tid, process, space), at, kind, place);
            }
            Action::Inherit { thread_of, child, maker, space } => {
                self.thread_born(thread_of, child, maker, space);
                self.give_back_flags(maker);
            }
            Action::Forget { tid } => {
                self.sigtrap.thread_gone(tid);
                self.flags.remove(&tid);
                self.stacks.forget(tid);
                self.timed.forget(tid);
            }
            Action::Resume { tid, signal } => {
                self.guard.set_stopped(tid, false);
                let resumed = self.timed.resume(&self.tracer, tid, signal);
                self.note(resumed);
            }
            Action::Deliver { tid, process, space, signal } => self.deliver(tid, process, space, signal),
            Action::Listen { tid } => {
                self.guard.set_stopped(tid, true);
                let listening = self.tracer.listen(tid);
                self.note(listening);
            }
            Action::Interrupt { tid } => {
                let interrupted = self.tracer.interrupt(tid);
                self.note(interrupted);
            }
            Action::Detach { tid, signal } => {
                let detached = self.tracer.detach(tid, signal);
                self.note(detached);
            }
            Action::Refault { tid, signal } => {
                let detached = repair::fault_again(&self.tracer, tid, signal);
                self.note(detached);
            }
            Action::Rewind { tid, process, space, at } => {
                let rewound = self.tracer.set_pc(tid, at);
                self.note(rewound);
                self.repair_trap(process, tid, space);
            }
            Action::RepairCall { tid, space } => {
                let restarts = self.timed.restart(&self.texts.access(&self.tracer, space, tid));
                self.note(restarts);
            }
            Action::FollowCall { tid, broken } => {
                let followed = self.timed.follow(&self.tracer, tid, broken);
                self.note(followed);
            }
            Action::AskCause { tid, at, spent } => self.ask_cause(tid, at, spent, inputs),
            Action::SeekCopy { tid, process, space, at, measured, sources } => {
                if self.sigtrap.has_handler(process) {
                    self.texts.handles_trap(space);
                }
                // None is planted there, and who handles SIGTRAP does not die of it.
                let is_own = || measured && self.sigtrap.handles_trap(process, tid);
                let sought = self.texts.seek_copy(&self.tracer, space, tid, at, is_own, &sources);
                inputs.push_back(Input::CopySought { tid, at, sought });
            }
            Action::RestoreCopies { tid, space, sources, ranges, calls } => {
                match self.texts.restore_copies(&self.tracer, (space, tid), &sources, &ranges, calls) {
                    0 => {}
                    count if calls == SystemCalls::Allowed => self.leave_copies(count),
                    _ => inputs.push_back(Input::Unrestored { space }),
                }
            }
            Action::KeepHandler { tid, process, space } => self.keep_handler(process, tid, space),
            Action::WeighSignal { tid, process, signal } => {
                self.note_sender(tid, signal);
                inputs.push_back(self.weigh(tid, process, signal));
            }
            Action::ReadMappings { tid, space } => inputs.push_back(match self.texts.mappings(tid, space) {
                Ok(mappings) => Input::Mapped { tid, mappings },
                Err(_) => Input::Unreadable { tid },
            }),
            Action::ReadLive { process, space, threads } => {
                inputs.extend(self.texts.mappings_live(process, space, &threads));
            }
            Action::Look { tid } => self.texts.work.look(tid),
            Action::TellPosition { tid } => inputs.extend(hear::paused_at(&self.tracer, tid)),
            Action::TellSleeper { tid } => inputs.push_back(Input::SleepsAt { tid, at: threads::sleeps_at(tid) }),
            Action::EnterContext { processes } => {
                let entered = self.contexts.switch(&processes, platform::unix_millis());
                self.enter(entered);
            }
            Action::LeaveOriginals { image, plan } => self.leave_all_originals(image, &plan),
            Action::PutBack { space, places } => {
                for (at, kind) in places {
                    self.wear.comes_back(space, at, Instant::now());
                    self.texts.put_back(space, at, kind);
                }
            }
            Action::WantImage { image, tid, mapping } => self.want_image(image, tid, mapping),
            Action::OpenSpace { space, tid, copy_of, texts } => {
                if self.texts.open(&self.tracer, space, tid, copy_of, &texts) == Reach::Closed {
                    inputs.push_back(Input::Closed { tid, space });
                }
                if let Some(of) = copy_of {
                    self.wear.inherit(space, of);
                    self.mask_sites.inherit(space, of);
                }
            }
            Action::CloseSpace { space } => {
                self.texts.close(space);
                self.wear.forget(space);
                self.mask_sites.forget(space);
            }
            Action::TextChange(change) => {
                if change.landmarks == LandmarkChange::Disarm {
                    self.wear.forget(change.space);
                }
                self.texts.change(&self.tracer, change, inputs);
            }
            Action::Plant(change) => self.texts.plant(change),
            Action::CheckCopy { tid, stop, space, places } => {
                let lacking = self.texts.copied_without(space, places);
                inputs.push_back(Input::CopyChecked { tid, group: stop == StopKind::Group, lacking });
            }
            Action::FindMaker { tid, candidate } => {
                let group = procfs::membership(tid).map(|of| of.process);
                let parent = procfs::origin(Pid(tid.0)).map(|origin| origin.parent);
                if let (Ok(group), Ok(parent)) = (group, parent) {
                    inputs.push_back(Input::Orphan { tid, group, parent, candidate });
                }
            }
            Action::Began { process, pid, maker, parent, attached } => {
                if let Some(maker) = maker {
                    self.sigtrap.process_born(process, maker);
                }
                self.guard.add(pid);
                self.pids.insert(process, pid);
                self.tell_began(process, pid, maker, parent, attached);
                let entered = self.contexts.began(process, maker, platform::unix_millis());
                self.enter(entered);
            }
            Action::Meet { process, threads } => self.texts.work.meet(process, threads),
            Action::AskHandler { process, threads } => self.texts.work.ask(process, threads),
            Action::ReadStack { tid, at, object } => {
                let stack = self.stacks.place(&self.tracer, tid);
                let label = object.and_then(|(space, object)| {
                    object.label(&ProgramObjects(self.texts.access(&self.tracer, space, tid)))
                });
                inputs.push_back(Input::OnStack { tid, at, stack, label });
            }
            Action::EnterFunction { tid, process, context } => self.enter_function(tid, process, context),
            Action::ReadHandler { tid, process, space } => {
                let access = self.texts.access(&self.tracer, space, tid);
                let read = self.sigtrap.learn_handler(&access, process, || self.texts.find_call(space));
                self.note(read);
            }
            Action::Execed { process, tid } => {
                self.sigtrap.execed(process, tid);
                let procfs::ImageOf { exe, argv, cwd } = procfs::image_of(tid);
                let at = platform::unix_millis();
                let pid = self.pids.get(&process).copied().unwrap_or(Pid(tid.0));
                let env = |name: &str| procfs::environment_variable(tid, name);
                let subject = TemplateSubject { exe: &exe, argv: &argv, cwd: &cwd, pid: pid.0, env: &env };
                let entered = self.contexts.execed(process, &subject, at);
                self.tell(&Record::Exec { process, at, exe, argv, cwd });
                self.enter(entered);
            }
            Action::Maps { process, image } => self.tell(&Record::Mapped { process, image }),
            Action::Ended { process, how } => self.ended(process, how),
            Action::Warn { process, kind, text, count } => {
                self.warn(process, kind, text, count);
            }
            Action::ContinueFront => drop(platform::kill(self.front, Signal::CONT)),
        }
    }

    /// Takes it that a process is in another context.
    fn enter(&mut self, entered: Vec<Record>) {
        for record in entered {
            if let Record::Entered { process, context, .. } = record {
                self.sections.enter(process, context);
            }
            self.tell(&record);
        }
    }

    /// Does a little of the work that takes long.
    pub fn work(&mut self, inputs: &mut VecDeque<Input>) {
        match self.texts.go_on(&self.tracer, inputs) {
            Some(Piece::Look(tids)) => {
                inputs.extend(tids.into_iter().map(|tid| Input::Looked { tid, activity: threads::activity(tid) }));
            }
            Some(Piece::Meet(process, threads)) => self.sigtrap.met(process, &threads),
            Some(Piece::Ask(question))
                if !(self.sigtrap.is_unread(question.process) && question.is_open(Instant::now())) => {}
            Some(Piece::Ask(mut question)) => {
                inputs.extend(question.next_thread(Instant::now()).map(|tid| Input::AskHandler { tid }));
                self.texts.work.go_on_asking(question);
            }
            None => {}
        }
    }

    fn want_image(&mut self, image: ImageId, tid: Tid, mapping: TextMapping) {
        self.tell(&Record::Image { image, path: mapping.path.clone() });
        // Without a file the recorder answers with an empty plan and a warning.
        let file = self.texts.files.open(image, tid, mapping);
        let _recorder_gone = self.recorder.send(&FromSupervisor::WantImage(image), file);
    }

    /// Remembers who sent the signals that the front passes on.
    fn note_sender(&mut self, tid: Tid, signal: Signal) {
        if matches!(signal, Signal::INT | Signal::TERM | Signal::HUP | Signal::QUIT)
            && let Some(sender) = self.tracer.signal_info(tid).ok().and_then(|info| info.sender())
        {
            self.senders.retain(|_, at| at.elapsed() < JUST_NOW);
            self.senders.insert((signal, sender), Instant::now());
        }
    }

    /// Whether a process sent a signal to a tracee just now.
    pub fn was_sent(&self, signal: Signal, sender: Pid) -> bool {
        self.senders.get(&(signal, sender)).is_some_and(|at| at.elapsed() < JUST_NOW)
    }

    /// Leaves to the guard what belongs where breakpoints of an image will be.
    pub fn leave_originals(&mut self, image: ImageId, plan: Option<&Plan>) {
        let Some(plan) = plan.filter(|plan| !plan.is_empty()) else { return self.texts.files.forget(image) };
        match self.plants_anywhere {
            true => self.leave_all_originals(image, plan),
            false => self.leave(image, &plan.places()),
        }
    }

    /// The same for wherever one may be.
    fn leave_all_originals(&mut self, image: ImageId, plan: &Plan) {
        self.plants_anywhere = true;
        self.leave(image, &plan.all_places());
    }

    fn leave(&self, image: ImageId, places: &[(FileOffset, u8)]) {
        if let Some(mapping) = self.texts.files.mapping(image) {
            let places: Vec<(u64, u8)> = places.iter().map(|(at, byte)| (at.0, *byte)).collect();
            self.guard.add_originals(mapping, &places);
        }
    }

    /// A process's hits are in its file.
    pub fn free(&mut self, process: ProcessNo) {
        self.sections.free(process);
        self.contexts.forget(process);
    }

    /// Sends what the recorder had no room for.
    pub fn flush(&mut self) {
        let _later = self.recorder.flush();
    }

    /// Tells the recorder whether the program to launch is traced.
    pub fn answer_launch(front: &mut Port, seized: Result<(), OsError>) {
        let answer = match seized {
            Ok(()) => FromSupervisor::Seized,
            Err(error) => FromSupervisor::Refused { errno: error.errno as i32, text: error.to_string() },
        };
        let _front_gone = front.send(&answer, None);
    }
}
