//! What the supervisor hears, as plain data.
//!
//! Invariant: an [`Input`] holds all that a decision needs, so a recorded series of inputs replays without a kernel.

use super::frames::StackPlace;
use super::ids::{InstanceId, SpaceId};
use crate::link::{EndOfProcess, ImageId, ProcessNo};
use crate::plan::Plan;
use platform::procfs::Disposition;
use platform::threads::Activity;
use platform::{Avma, Lineage, Pid, Signal, TextMapping, Tid, TrapCause};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// What a breakpoint is that is at no address of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sought {
    /// A copy of one of ours, taken out now.
    Ours,
    /// The program's own.
    Foreign,
    /// A copy of one of ours that cannot be taken out.
    Stuck,
    /// In memory without a file, and the program has no handler for it: nothing tells whose it is.
    Unknown,
}

/// What is where a breakpoint was met that should be out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remains {
    /// One that is to be taken out, or nobody looked.
    #[default]
    Ours,
    /// None any more: the thread that met it may begin the instruction that is there now.
    Nothing,
    /// The program's own.
    Own,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// The program to launch is traced and waits before its exec.
    Launched { pid: Pid, parent: Pid },
    /// SIGTRAP is about to be delivered; a breakpoint, if it was one, is at `at`.
    Trap { tid: Tid, at: Avma },
    /// Answer to [`super::action::Action::AskCause`].
    Cause {
        tid: Tid,
        /// Where a breakpoint would be.
        at: Avma,
        cause: TrapCause,
        /// What is there, if a breakpoint of ours was.
        #[serde(default)]
        remains: Remains,
    },
    /// Answer to [`super::action::Action::SeekCopy`].
    CopySought {
        tid: Tid,
        /// Where the breakpoint is.
        at: Avma,
        /// What it is.
        sought: Sought,
    },
    /// A thread stopped elsewhere than at a breakpoint; tells where, before the stop itself is reported.
    PausedAt {
        tid: Tid,
        /// The instruction that is next.
        at: Avma,
        /// Whether that one was begun, and faulted.
        faulted: bool,
    },
    /// A thread is about to end.
    Exiting { tid: Tid },
    /// Another signal is about to be delivered.
    Signal { tid: Tid, signal: Signal },
    /// Answer to [`super::action::Action::ReadStack`].
    OnStack {
        tid: Tid,
        at: Avma,
        /// Where the stack is, if that can be read.
        stack: Option<StackPlace>,
        /// The label that the object told, if there is one.
        label: Option<String>,
    },
    /// Answer to [`super::action::Action::WeighSignal`].
    Weighed {
        tid: Tid,
        signal: Signal,
        /// What it does natively, where that matters.
        disposition: Option<Disposition>,
        /// Whether it made a system call give up that would not have without a tracer if the signal is ignored.
        interrupted: bool,
    },
    /// Answer to [`super::action::Action::WeighSignal`]: a fault of the init of a pid namespace, which would end it
    /// natively and does not end it while it is traced.
    Outlived {
        tid: Tid,
        /// The fault's signal.
        signal: Signal,
    },
    /// A process or thread was made.
    Born {
        /// By this thread, which is in the event stop.
        tid: Tid,
        /// The new one.
        child: Tid,
        /// What they share.
        lineage: Lineage,
        /// Whether the maker waits for the child's exec or end (CLONE_VFORK).
        waits: bool,
    },
    /// The maker of a vfork child runs again.
    VforkDone { tid: Tid },
    /// A new program image is in place.
    Exec {
        /// The thread, which is the leader now.
        tid: Tid,
        /// What its tid was before.
        former: Tid,
    },
    /// Event stop: first stop of a new tracee, after an interrupt, or at SIGCONT.
    Stopped { tid: Tid },
    /// Event stop while letting go, before a SIGTRAP that the thread takes as soon as it goes on.
    StoppedBeforeTrap { tid: Tid },
    /// Syscall-stop of a thread whose call was started again.
    CallStop { tid: Tid },
    /// The time of a call that was started again is over.
    Overdue {
        /// The thread that makes it.
        tid: Tid,
    },
    /// A thread is in a group-stop.
    GroupStopped { tid: Tid },
    /// A thread ended.
    Gone { tid: Tid, how: EndOfProcess },
    /// Answer to [`super::action::Action::ReadMappings`].
    Mapped {
        /// The thread that asked.
        tid: Tid,
        /// What is mapped now.
        mappings: Vec<TextMapping>,
    },
    /// Answer to [`super::action::Action::ReadMappings`] where the kernel does not let us read.
    Unreadable {
        /// The thread that asked.
        tid: Tid,
    },
    /// Answer to [`super::action::Action::WantImage`].
    Planned { image: ImageId, plan: Rc<Plan> },
    /// Answer to [`super::action::Action::TextChange`], where some probes could not be planted.
    Refused { space: SpaceId, instance: InstanceId, probes: Vec<u32> },
    /// Answer to [`super::action::Action::OpenSpace`], where memory is closed to us and no breakpoint is in it any more.
    Closed {
        /// A thread in the space.
        tid: Tid,
        space: SpaceId,
    },
    /// Answer to [`super::action::Action::Serve`] and [`super::action::Action::TextChange`], where the program had written
    /// something else over breakpoints.
    Overwritten {
        space: SpaceId,
        /// Where they were.
        places: Vec<Avma>,
    },
    /// Answer to [`super::action::Action::FindMaker`].
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
        pid: Pid,
        parent: Pid,
        threads: Vec<Tid>,
        /// A process that is traced already and whose memory it shares.
        shares: Option<Pid>,
    },
    /// One more thread of a process that ran before us is traced.
    Joined { pid: Pid, tid: Tid },
    /// A process that ran before us executed another program unseen; this thread of it is traced.
    Renewed { pid: Pid, tid: Tid },
    /// Every thread of a process that ran before us is traced and cannot make anybody unseen: it may be planted.
    Ready { pid: Pid },
    /// Answer to [`super::action::Action::ReadLive`].
    MappedLive {
        process: ProcessNo,
        /// The thread that was asked.
        tid: Tid,
        /// What is mapped now.
        mappings: Vec<TextMapping>,
    },
    /// Answer to [`super::action::Action::Look`].
    Looked {
        tid: Tid,
        /// What it is doing.
        activity: Activity,
    },
    /// Answer to [`super::action::Action::AskHandler`]: this thread is the one to ask.
    AskHandler { tid: Tid },
    /// The context of these processes is to be switched.
    Switch { processes: Vec<ProcessNo> },
    /// Every thread of theirs was seen since: the new one begins.
    EnterContext,
    /// Every thread of theirs was seen since that.
    ContextEntered,
    /// The context is switched, or cannot be, as this thread asked for by a probe.
    Switched { tid: Tid },
    /// Answer to [`super::action::Action::TellSleeper`].
    SleepsAt {
        tid: Tid,
        /// The instruction that comes after the system call in which it sleeps; `None` if it cannot be told.
        at: Option<Avma>,
    },
    /// Answer to [`super::action::Action::CheckCopy`].
    CopyChecked {
        /// The new process's thread.
        tid: Tid,
        /// Whether it is in a group-stop.
        group: bool,
        /// What was copied before it was planted.
        lacking: Vec<InstanceId>,
    },
    /// Answer to [`super::action::Action::TextChange`], where breakpoints could not be taken out without a stopped thread.
    Unrestored { space: SpaceId },
    /// Restore everything and let go.
    LetGo,
    /// The supervisor ends, which detaches from every tracee that is left.
    Leave,
}

impl Input {
    /// The thread that is stopped since this input, if it is a stop.
    pub fn stop(&self) -> Option<Tid> {
        match self {
            Input::Trap { tid, .. }
            | Input::Exiting { tid }
            | Input::Signal { tid, .. }
            | Input::Born { tid, .. }
            | Input::VforkDone { tid }
            | Input::Exec { tid, .. }
            | Input::Stopped { tid }
            | Input::StoppedBeforeTrap { tid }
            | Input::CallStop { tid }
            | Input::GroupStopped { tid } => Some(*tid),
            Input::Launched { .. }
            | Input::PausedAt { .. }
            | Input::Cause { .. }
            | Input::CopySought { .. }
            | Input::OnStack { .. }
            | Input::Weighed { .. }
            | Input::Outlived { .. }
            | Input::Overdue { .. }
            | Input::Gone { .. }
            | Input::Mapped { .. }
            | Input::Unreadable { .. }
            | Input::Planned { .. }
            | Input::Refused { .. }
            | Input::Closed { .. }
            | Input::Overwritten { .. }
            | Input::Orphan { .. }
            | Input::Survey { .. }
            | Input::Attached { .. }
            | Input::Joined { .. }
            | Input::Renewed { .. }
            | Input::Ready { .. }
            | Input::MappedLive { .. }
            | Input::Looked { .. }
            | Input::AskHandler { .. }
            | Input::Switch { .. }
            | Input::EnterContext
            | Input::ContextEntered
            | Input::Switched { .. }
            | Input::SleepsAt { .. }
            | Input::CopyChecked { .. }
            | Input::Unrestored { .. }
            | Input::LetGo
            | Input::Leave => None,
        }
    }
}
