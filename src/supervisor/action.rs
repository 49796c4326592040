//! What the supervisor hears and what it does about it, as plain data.
//!
//! Invariant: an [`Input`] holds all that a decision needs, so a recorded series of inputs replays without a kernel.

use super::space::{InstanceId, SpaceId, Sync};
use crate::link::{EndOfProcess, ImageId, LandmarkKind, Plan, ProcessNo};
use platform::procfs::Disposition;
use platform::threads::Activity;
use platform::{Avma, Lineage, Pid, Signal, TextMapping, Tid, TrapCause};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// The program to launch is traced and waits before its exec.
    Launched {
        /// Its pid.
        pid: Pid,
        /// Its parent.
        parent: Pid,
    },
    /// SIGTRAP is about to be delivered; a breakpoint, if it was one, stands at `at`.
    Trap {
        /// The thread.
        tid: Tid,
        /// Where.
        at: Avma,
    },
    /// Answer to [`Action::AskCause`].
    Cause {
        /// The thread.
        tid: Tid,
        /// Where a breakpoint would stand.
        at: Avma,
        /// Why.
        cause: TrapCause,
    },
    /// Another signal is about to be delivered.
    Signal {
        /// The thread.
        tid: Tid,
        /// Which.
        signal: Signal,
    },
    /// Answer to [`Action::WeighSignal`].
    Weighed {
        /// The thread.
        tid: Tid,
        /// Which.
        signal: Signal,
        /// What it does natively, where that matters.
        disposition: Option<Disposition>,
        /// Whether it made a system call give up that would not have without a tracer if the signal is ignored.
        interrupted: bool,
    },
    /// A process or thread was made.
    Born {
        /// By this thread, which stands in the event stop.
        tid: Tid,
        /// The new one.
        child: Tid,
        /// What they share.
        lineage: Lineage,
        /// Whether the maker waits for the child's exec or end (CLONE_VFORK).
        waits: bool,
    },
    /// The maker of a vfork child runs again.
    VforkDone {
        /// The maker.
        tid: Tid,
    },
    /// A new program image is in place.
    Exec {
        /// The thread, which is the leader now.
        tid: Tid,
        /// What its tid was before.
        former: Tid,
    },
    /// Event stop: first stop of a new tracee, after an interrupt, or at SIGCONT.
    Stopped {
        /// The thread.
        tid: Tid,
    },
    /// Group-stop.
    GroupStopped {
        /// The thread.
        tid: Tid,
    },
    /// A thread ended.
    Gone {
        /// The thread.
        tid: Tid,
        /// How.
        how: EndOfProcess,
    },
    /// Answer to [`Action::ReadMappings`].
    Mapped {
        /// The thread that asked.
        tid: Tid,
        /// What is mapped now.
        mappings: Vec<TextMapping>,
    },
    /// Answer to [`Action::ReadMappings`] where the kernel does not let us read.
    Unreadable {
        /// The thread that asked.
        tid: Tid,
    },
    /// Answer to [`Action::WantImage`].
    Planned {
        /// The image.
        image: ImageId,
        /// Its plan.
        plan: Rc<Plan>,
    },
    /// Answer to [`Action::Sync`], where some probes could not be planted.
    Refused {
        /// The space.
        space: SpaceId,
        /// The instance.
        instance: InstanceId,
        /// The probes.
        probes: Vec<u32>,
    },
    /// Answer to [`Action::FindMaker`].
    Orphan {
        /// The tracee whose maker never told of it.
        tid: Tid,
        /// The process it belongs to.
        group: Pid,
        /// Its parent now.
        parent: Pid,
        /// The process to take it from if its parent is unknown.
        candidate: ProcessNo,
    },
    /// What is mapped in a process that is about to be attached to.
    Survey {
        /// One of its threads.
        tid: Tid,
        /// What is mapped.
        mappings: Vec<TextMapping>,
    },
    /// A process that ran before us is traced.
    Attached {
        /// Its pid.
        pid: Pid,
        /// Its parent.
        parent: Pid,
        /// Its threads.
        threads: Vec<Tid>,
        /// A process that is traced already and whose memory it shares.
        shares: Option<Pid>,
    },
    /// One more thread of a process that ran before us is traced.
    Joined {
        /// The process.
        pid: Pid,
        /// The thread.
        tid: Tid,
    },
    /// Every thread of a process that ran before us is traced and cannot make anybody unseen: it may be planted.
    Ready {
        /// The process.
        pid: Pid,
    },
    /// Answer to [`Action::ReadLive`].
    MappedLive {
        /// The process.
        process: ProcessNo,
        /// The thread that was asked.
        tid: Tid,
        /// What is mapped now.
        mappings: Vec<TextMapping>,
    },
    /// Answer to [`Action::Look`].
    Looked {
        /// The thread.
        tid: Tid,
        /// What it is doing.
        activity: Activity,
    },
    /// Answer to [`Action::CheckCopy`].
    CopyChecked {
        /// The new process's thread.
        tid: Tid,
        /// Whether it stands in a group-stop.
        group: bool,
        /// What was copied before it was planted.
        lacking: Vec<InstanceId>,
    },
    /// Answer to [`Action::Sync`], where breakpoints could not be taken out without a stopped thread.
    Unrestored {
        /// The space.
        space: SpaceId,
    },
    /// Restore everything and let go.
    LetGo,
    /// The supervisor ends, which lets go of everybody who is left.
    Leave,
}

impl Input {
    /// The thread that stands still since this input, if it is a stop.
    pub fn stop(&self) -> Option<Tid> {
        match self {
            Input::Trap { tid, .. }
            | Input::Signal { tid, .. }
            | Input::Born { tid, .. }
            | Input::VforkDone { tid }
            | Input::Exec { tid, .. }
            | Input::Stopped { tid }
            | Input::GroupStopped { tid } => Some(*tid),
            Input::Launched { .. }
            | Input::Cause { .. }
            | Input::Weighed { .. }
            | Input::Gone { .. }
            | Input::Mapped { .. }
            | Input::Unreadable { .. }
            | Input::Planned { .. }
            | Input::Refused { .. }
            | Input::Orphan { .. }
            | Input::Survey { .. }
            | Input::Attached { .. }
            | Input::Joined { .. }
            | Input::Ready { .. }
            | Input::MappedLive { .. }
            | Input::Looked { .. }
            | Input::CopyChecked { .. }
            | Input::Unrestored { .. }
            | Input::LetGo
            | Input::Leave => None,
        }
    }
}

/// A hit to mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of this process.
    pub process: ProcessNo,
    /// In this image.
    pub image: ImageId,
    /// The probe.
    pub probe: u32,
    /// How many probes the image has.
    pub probes: u32,
}

/// What follows a served trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The thread goes on, traced.
    Resume,
    /// The thread is let go.
    Detach,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Serve a hit: mark it, restore the byte (also where it should stand already), set the program counter back, go on.
    Serve {
        /// The thread.
        tid: Tid,
        /// Where it hit.
        at: Avma,
        /// Its address space.
        space: SpaceId,
        /// The byte to restore.
        restore: u8,
        /// Others to restore, which tell nothing new any more.
        also: Vec<(Avma, u8)>,
        /// What to mark.
        mark: Mark,
        /// And then.
        then: Then,
    },
    /// Do what the instruction at a landmark does; the thread stays stopped unless it is one for signals.
    Emulate {
        /// The thread.
        tid: Tid,
        /// Its process.
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        /// Where.
        at: Avma,
        /// What stands there.
        kind: LandmarkKind,
    },
    /// Mark a hit whose breakpoint stays.
    Mark(Mark),
    /// PTRACE_CONT.
    Resume {
        /// The thread.
        tid: Tid,
        /// Signal to deliver.
        signal: Option<Signal>,
    },
    /// PTRACE_CONT with a signal that a handler of the program takes.
    Deliver {
        /// The thread.
        tid: Tid,
        /// Its process.
        process: ProcessNo,
        /// The signal.
        signal: Signal,
    },
    /// PTRACE_LISTEN.
    Listen {
        /// The thread.
        tid: Tid,
    },
    /// Look what a thread is doing.
    Look {
        /// The thread.
        tid: Tid,
    },
    /// PTRACE_INTERRUPT.
    Interrupt {
        /// The thread.
        tid: Tid,
    },
    /// PTRACE_DETACH.
    Detach {
        /// The thread.
        tid: Tid,
        /// Signal to deliver.
        signal: Option<Signal>,
    },
    /// Set the program counter back to a breakpoint that is restored already.
    Rewind {
        /// The thread.
        tid: Tid,
        /// Where to.
        at: Avma,
    },
    /// Let a system call that gave up because of us start again.
    RepairCall {
        /// The thread.
        tid: Tid,
    },
    /// Read why a SIGTRAP came.
    AskCause {
        /// The thread.
        tid: Tid,
        /// Where a breakpoint would stand.
        at: Avma,
    },
    /// Read what a signal would do natively.
    WeighSignal {
        /// The thread.
        tid: Tid,
        /// Which.
        signal: Signal,
    },
    /// Read what is mapped.
    ReadMappings {
        /// By this thread...
        tid: Tid,
        /// ...in its address space.
        space: SpaceId,
    },
    /// Read what is mapped in a process that runs.
    ReadLive {
        /// The process.
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        /// Its threads, any of which will do.
        threads: Vec<Tid>,
    },
    /// Ask the recorder for a plan.
    WantImage {
        /// Of this image.
        image: ImageId,
        /// Seen in this thread's address space.
        tid: Tid,
        /// Here.
        mapping: TextMapping,
    },
    /// Open the memory of a new address space.
    OpenSpace {
        /// The space.
        space: SpaceId,
        /// A thread in it.
        tid: Tid,
        /// The space that it was copied from.
        copy_of: Option<SpaceId>,
    },
    /// Forget an address space.
    CloseSpace {
        /// The space.
        space: SpaceId,
    },
    /// Bring text to a wanted state.
    Sync(Box<Sync>),
    /// The same by and by, while the program runs.
    Plant(Box<Sync>),
    /// Find out whether a copied text has the breakpoints of the original, of which one stands at each place.
    CheckCopy {
        /// The new process's thread.
        tid: Tid,
        /// Whether it stands in a group-stop.
        group: bool,
        /// Its address space.
        space: SpaceId,
        /// The places.
        places: Vec<(InstanceId, Avma)>,
    },
    /// Find out who made a tracee.
    FindMaker {
        /// The tracee.
        tid: Tid,
        /// The process to take it from if its parent is unknown.
        candidate: ProcessNo,
    },
    /// A new tracee has the signal mask of its maker.
    Inherit {
        /// The new one.
        child: Tid,
        /// Its maker.
        maker: Tid,
    },
    /// Learn how threads that ran before us treat signals.
    Meet {
        /// Their process.
        process: ProcessNo,
        /// The threads.
        threads: Vec<Tid>,
    },
    /// A thread is no longer traced.
    Forget {
        /// The thread.
        tid: Tid,
    },
    /// Tell of a new process.
    Began {
        /// Its number.
        process: ProcessNo,
        /// Its pid.
        pid: Pid,
        /// Who made it.
        maker: Option<ProcessNo>,
        /// Its parent.
        parent: Pid,
        /// Whether it ran before us.
        attached: bool,
    },
    /// Tell of a new program image.
    Execed {
        /// Which process.
        process: ProcessNo,
        /// One of its threads.
        tid: Tid,
    },
    /// Tell that a process has a file mapped.
    Maps {
        /// Which process.
        process: ProcessNo,
        /// Which file.
        image: ImageId,
    },
    /// Tell of an end.
    Ended {
        /// Which process.
        process: ProcessNo,
        /// How.
        how: EndOfProcess,
    },
    /// Tell what lowers the truth.
    Warn {
        /// Of one process.
        process: Option<ProcessNo>,
        /// Its stable name.
        slug: &'static str,
        /// What it means.
        text: String,
        /// For how many places.
        count: u64,
    },
    /// Wake the front, which stopped itself when the program stopped.
    ContinueFront,
}
