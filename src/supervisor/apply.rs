//! Performing what was decided: the actions' system calls, and the answers they bring.
//!
//! Invariant: a tracee that is gone (ESRCH) is no error; its end is reported by a wait.

use super::action::{Action, Mark, Then};
use super::hear;
use super::input::Input;
use super::pace::Pace;
use super::repair;
use super::sections::{Opened, Sections};
use super::sigtrap::Sigtrap;
use super::space::SpaceId;
use super::text::Beside;
use super::texts::Texts;
use crate::link::{EndOfProcess, FromSupervisor, ImageId, JournalWriter, LandmarkKind, Plan, Port, ProcessNo, Record};
use platform::{Avma, GuardEntries, Memory, OsError, Pid, Signal, Tid, Tracer, TrapCause, procfs, threads};
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// A signal that a tracee got this recently may be the one that the front got too.
const JUST_NOW: Duration = Duration::from_millis(500);

/// Everything that acting needs.
pub(super) struct Hands {
    pub tracer: Tracer,
    pub sigtrap: Sigtrap,
    pub texts: Texts,
    journal: JournalWriter,
    sections: Sections,
    recorder: Port,
    front: Pid,
    pub pace: Pace,
    lost: u64,
    senders: HashMap<(Signal, Pid), Instant>,
    guard: GuardEntries,
    pids: HashMap<ProcessNo, Pid>,
}

impl Hands {
    pub fn new(
        tracer: Tracer,
        journal: JournalWriter,
        sections: Sections,
        recorder: Port,
        front: Pid,
        guard: GuardEntries,
    ) -> Self {
        Hands {
            tracer,
            sigtrap: Sigtrap::default(),
            journal,
            sections,
            recorder,
            texts: Texts::default(),
            front,
            pace: Pace::default(),
            lost: 0,
            senders: HashMap::new(),
            guard,
            pids: HashMap::new(),
        }
    }

    /// Takes a CPU for serving hits. Not before what runs is planted: that takes long, at a priority that keeps
    /// the program off this CPU.
    pub fn take_cpu(&mut self) {
        self.pace.take_cpu(self.guard.guard());
    }

    /// The memory of a space.
    pub fn memory(&self, space: SpaceId) -> Option<&Memory> {
        self.texts.memory(space)
    }

    /// Performs an action; what it learns goes to `inputs`.
    pub fn apply(&mut self, action: Action, inputs: &mut VecDeque<Input>) {
        match action {
            Action::Serve { tid, at, space, restore, also, mark, then } => {
                let beside = if self.pace.is_alone { Beside::Nobody } else { Beside::Threads };
                self.texts.restore_bytes(&self.tracer, space, tid, &also, beside);
                self.serve(tid, at, space, restore, mark, then);
            }
            Action::Mark(mark) => self.mark(mark),
            Action::Emulate { tid, process, space, at, kind } => self.emulate(tid, process, space, at, kind),
            Action::Inherit { child, maker } => self.sigtrap.thread_born(child, maker),
            Action::Forget { tid } => self.sigtrap.thread_gone(tid),
            Action::Resume { tid, signal } => {
                self.guard.set_stopped(tid, false);
                gone_is_fine(self.tracer.resume(tid, signal));
            }
            Action::Deliver { tid, process, signal } => {
                gone_is_fine(self.sigtrap.delivers(&self.tracer, process, tid, signal));
                gone_is_fine(self.tracer.resume(tid, Some(signal)));
            }
            Action::Listen { tid } => {
                self.guard.set_stopped(tid, true);
                gone_is_fine(self.tracer.listen(tid));
            }
            Action::Interrupt { tid } => gone_is_fine(self.tracer.interrupt(tid)),
            Action::Detach { tid, signal } => gone_is_fine(self.tracer.detach(tid, signal)),
            Action::Refault { tid, signal } => gone_is_fine(repair::fault_again(&self.tracer, tid, signal)),
            Action::Rewind { tid, process, space, at } => {
                gone_is_fine(self.tracer.set_pc(tid, at));
                self.repair_trap(process, tid, space);
            }
            Action::RepairCall { tid } => gone_is_fine(repair::restart_call(&self.tracer, tid)),
            Action::AskCause { tid, at } => {
                if let Ok(info) = self.tracer.signal_info(tid) {
                    let cause = info.trap_cause();
                    if cause != TrapCause::Breakpoint {
                        inputs.extend(hear::stands(self, tid, false));
                    }
                    inputs.push_back(Input::Cause { tid, at, cause });
                }
            }
            Action::SeekCopy { tid, space, at, sources } => {
                let sought = self.texts.seek_copy(&self.tracer, space, tid, at, &sources);
                inputs.push_back(Input::CopySought { tid, at, sought });
            }
            Action::RestoreCopies { tid, space, sources, ranges } => {
                self.texts.restore_copies(space, tid, &sources, &ranges);
            }
            Action::WeighSignal { tid, signal } => {
                self.note_sender(tid, signal);
                inputs.push_back(repair::weigh(&self.tracer, tid, signal));
            }
            Action::ReadMappings { tid, space } => inputs.push_back(match self.texts.mappings(tid, space) {
                Ok(mappings) => Input::Mapped { tid, mappings },
                Err(_) => Input::Unreadable { tid },
            }),
            Action::ReadLive { process, space, threads } => {
                inputs.extend(self.texts.mappings_live(process, space, &threads));
            }
            Action::Look { tid } => inputs.push_back(Input::Looked { tid, activity: threads::activity(tid) }),
            Action::WantImage { image, tid, mapping } => {
                self.tell(&Record::Image { image, path: mapping.path.clone() });
                // Without a file the recorder answers with an empty plan and a warning.
                let file = self.texts.files.open(image, tid, mapping);
                let _recorder_gone = self.recorder.send(&FromSupervisor::WantImage(image), file);
            }
            Action::OpenSpace { space, tid, copy_of } => self.texts.open(&self.tracer, space, tid, copy_of),
            Action::CloseSpace { space } => {
                self.texts.close(space);
                self.sigtrap.space_gone(space);
            }
            Action::Sync(sync) => self.texts.sync(&self.tracer, sync, inputs),
            Action::Plant(sync) => self.texts.plant(sync),
            Action::CheckCopy { tid, group, space, places } => {
                let lacking = self.texts.copied_without(space, places);
                inputs.push_back(Input::CopyChecked { tid, group, lacking });
            }
            Action::FindMaker { tid, candidate } => {
                let group = procfs::thread_group(tid).map(|(group, _)| group);
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
                let start_ticks = procfs::origin(pid).map_or(0, |origin| origin.start_ticks);
                let now = platform::unix_millis();
                let started = if attached { platform::unix_millis_at(start_ticks) } else { now };
                let attached = attached.then_some(now);
                self.tell(&Record::Process { process, pid, start_ticks, maker, parent, started, attached });
            }
            Action::Meet { process, threads } => self.sigtrap.met(process, &threads),
            Action::Execed { process, tid } => {
                self.sigtrap.execed(process, tid);
                let procfs::ImageOf { exe, argv, cwd } = procfs::image_of(tid);
                self.tell(&Record::Exec { process, at: platform::unix_millis(), exe, argv, cwd });
            }
            Action::Maps { process, image } => self.tell(&Record::Mapped { process, image }),
            Action::Ended { process, how } => self.ended(process, how),
            Action::Warn { process, slug, text, count } => {
                self.tell(&Record::Warning { process, slug: slug.to_owned(), text, count });
            }
            Action::ContinueFront => drop(platform::kill(self.front, Signal::CONT)),
        }
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

    fn repair_trap(&mut self, process: ProcessNo, tid: Tid, space: SpaceId) {
        let texts = &self.texts;
        gone_is_fine(self.sigtrap.after_breakpoint(&self.tracer, process, tid, || texts.find_call(space)));
    }

    fn tell(&mut self, record: &Record) {
        if self.journal.append(record).is_err() {
            self.go_on_in_memory();
        }
    }

    /// The disk takes no more: the journal goes on in memory, where the recorder still reads it.
    fn go_on_in_memory(&mut self) {
        let Ok(memory) = platform::memory_file() else { return };
        let Ok(other) = memory.try_clone() else { return };
        if self.journal.go_on_in(memory).is_ok() {
            let _recorder_gone = self.recorder.send(&FromSupervisor::JournalInMemory, Some(other));
        }
    }

    fn ended(&mut self, process: ProcessNo, how: EndOfProcess) {
        if let Some(pid) = self.pids.remove(&process) {
            self.guard.remove(pid);
        }
        if self.lost > 0 {
            let text = "memory for marks could not be had, so these hits are lost".to_owned();
            let count = std::mem::take(&mut self.lost);
            self.tell(&Record::Warning { process: Some(process), slug: "hits-lost".to_owned(), text, count });
        }
        self.tell(&Record::End { process, at: platform::unix_millis(), how });
    }

    fn serve(&mut self, tid: Tid, at: Avma, space: SpaceId, restore: u8, mark: Mark, then: Then) {
        self.mark(mark);
        self.guard.serving(tid, at);
        match self.texts.restore_byte(&self.tracer, space, tid, at, restore) {
            Err(error) if !error.is_gone() => return self.give_up(mark.process, tid, &error),
            Ok(()) | Err(_) => {}
        }
        gone_is_fine(self.tracer.set_pc(tid, at));
        self.guard.served();
        if !(self.pace.is_in_the_midst() && self.sigtrap.is_out_of_use(mark.process, tid)) {
            self.repair_trap(mark.process, tid, space);
        }
        match then {
            Then::Resume => gone_is_fine(self.pace.resume(&self.tracer, tid)),
            Then::Detach => gone_is_fine(self.tracer.detach(tid, None)),
        }
    }

    /// A breakpoint that was inherited cannot be taken out again. The thread gets its signal, as it would without a
    /// tracer: to go on serving it would never end.
    fn give_up(&mut self, process: ProcessNo, tid: Tid, error: &OsError) {
        self.guard.served();
        let text = format!("a breakpoint could not be taken out, so the process got SIGTRAP: {error}");
        self.tell(&Record::Warning { process: Some(process), slug: "text-not-restored".to_owned(), text, count: 1 });
        gone_is_fine(self.tracer.resume(tid, Some(Signal::TRAP)));
    }

    fn mark(&mut self, mark: Mark) {
        match self.sections.mark(mark) {
            Ok(None) => {}
            Ok(Some(Opened { section, moved_to })) => {
                if let Some(file) = moved_to {
                    let _recorder_gone = self.recorder.send(&FromSupervisor::MarksInMemory, Some(file));
                }
                self.tell(&section);
                self.sections.set(mark);
            }
            Err(_) => self.lost += 1,
        }
    }

    fn emulate(&mut self, tid: Tid, process: ProcessNo, space: SpaceId, at: Avma, kind: LandmarkKind) {
        self.repair_trap(process, tid, space);
        let told = match kind {
            LandmarkKind::LoaderState => return gone_is_fine(repair::emulate_return(&self.tracer, tid)),
            LandmarkKind::LoaderStateEndbr => return gone_is_fine(repair::skip_endbr(&self.tracer, tid, at)),
            LandmarkKind::Clone => return gone_is_fine(repair::trace_every_clone(&self.tracer, tid, at)),
            LandmarkKind::SignalMask => self.sigtrap.mask_call(&self.tracer, tid, at),
            LandmarkKind::SignalAction => self.sigtrap.action_call(&self.tracer, process, tid, at),
        };
        if matches!(told, Ok(false)) {
            self.wear_out(tid, space, at);
        }
    }

    /// A program that calls these all the time shall not pay for each: the breakpoint goes, the inference stays.
    fn wear_out(&mut self, tid: Tid, space: SpaceId, at: Avma) {
        if self.sigtrap.is_worn_out(space, at) {
            let original = platform::arch::registers::MOV_EAX;
            gone_is_fine(self.texts.restore_byte(&self.tracer, space, tid, at, original));
        }
    }

    /// Leaves to the guard what belongs where breakpoints of an image will be.
    pub fn leave_originals(&mut self, image: ImageId, plan: Option<&Plan>) {
        let Some(plan) = plan.filter(|plan| !plan.is_empty()) else { return self.texts.files.forget(image) };
        if let Some(mapping) = self.texts.files.mapping(image) {
            self.guard.add_originals(mapping, &plan.places());
        }
    }

    /// A process's hits are in its file.
    pub fn free(&mut self, process: ProcessNo) {
        self.sections.free(process);
    }

    /// Sends what the recorder had no room for.
    pub fn flush(&mut self) {
        let _later = self.recorder.flush();
    }

    /// Tells that a plan could not be read.
    pub fn plan_unreadable(&mut self, image: ImageId) {
        let text = format!("the plan of image {} could not be read, so it is not measured", image.0);
        self.tell(&Record::Warning { process: None, slug: "plan-unreadable".to_owned(), text, count: 1 });
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

fn gone_is_fine(result: Result<(), OsError>) {
    // Every failing request on a tracee that was stopped a moment ago means that SIGKILL took it; whatever else the
    // kernel could answer leaves nothing to do either, and the next wait tells.
    drop(result);
}
