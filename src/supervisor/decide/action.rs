//! What the supervisor does about what it hears, as plain data.

use super::frames::FunctionContext;
use super::ids::{FilePlace, InstanceId, MappedText, OriginalByte, SpaceId};
use super::planted_text::PlantedText;
use super::stop::StopKind;
use super::text_change::TextChange;
use crate::contexts::TestObject;
use crate::link::{EndOfProcess, ImageId, ProcessNo};
use crate::plan::{FileOffset, LandmarkKind, Plan};
use crate::warning::WarningKind;
use platform::{Avma, Pid, Signal, TextMapping, Tid};
use std::ops::Range;
use std::rc::Rc;

/// A hit to mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of this process.
    pub process: ProcessNo,
    /// In this image.
    pub image: ImageId,
    /// The first and the last probe that it tells of.
    pub first: u32,
    pub probe: u32,
    /// How many probes the image has.
    pub probes: u32,
    /// Whether it tells of no others: else, of those that were executed before.
    pub exact: bool,
}

/// A place where a breakpoint of ours was once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// In this process.
    pub process: ProcessNo,
    /// In this address space.
    pub space: SpaceId,
    /// In the text of this image.
    pub image: ImageId,
    /// Where the image's file has it.
    pub offset: FileOffset,
    /// Whether it was taken out for sure.
    pub taken_out: bool,
}

/// What follows a served trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The thread goes on, traced.
    Resume,
    /// The thread is let go.
    Detach,
}

/// A hit to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedHit {
    pub tid: Tid,
    /// Where it hit.
    pub at: Avma,
    /// Its address space.
    pub space: SpaceId,
    /// The byte to restore, unless that was done.
    pub restore: Option<u8>,
    /// Where the file has it.
    pub offset: FileOffset,
    /// Whether the breakpoint was armed, so that it surely stood there when it was hit.
    pub armed: bool,
    /// Others to restore, which tell nothing new any more.
    pub also: Vec<OriginalByte>,
    /// What to mark.
    pub mark: Mark,
    pub then: Then,
}

/// Whether a thread may be made to make system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemCalls {
    /// It may, where nothing filters its calls.
    Allowed,
    /// It may not.
    Avoided,
}

/// What becomes of a system call that gave up (EINTR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokenCall {
    /// It starts again, as an interrupt of ours broke it off, or this is the last stop that we see.
    Restarts,
    /// It returns to the program, as it gave up.
    Returns,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Serve a hit: mark it, restore the byte, set the program counter back, go on.
    Serve(ServedHit),
    /// Do what the instruction at a landmark does; the thread stays stopped unless it is one for signals.
    Emulate {
        tid: Tid,
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        at: Avma,
        /// What is there.
        kind: LandmarkKind,
        /// Where that is in its file.
        place: Option<FilePlace>,
    },
    /// A call that makes a child is about to be made where all kinds of calls are: watch there also where that was given
    /// up because there were so many others.
    WatchCalls {
        /// In this space.
        space: SpaceId,
        places: Vec<Avma>,
    },
    /// Mark a hit whose breakpoint stays.
    Mark(Mark),
    /// Let a thread go on, with a signal or without (PTRACE_CONT).
    Resume {
        tid: Tid,
        /// Signal to deliver.
        signal: Option<Signal>,
    },
    /// PTRACE_CONT with a signal that a handler of the program takes.
    Deliver {
        tid: Tid,
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        signal: Signal,
    },
    /// Leave a thread in its group-stop, where it can be woken (PTRACE_LISTEN).
    Listen { tid: Tid },
    /// Look what a thread is doing.
    Look { tid: Tid },
    /// Tell where a stopped thread is.
    TellPosition { tid: Tid },
    /// Tell where a thread sleeps.
    TellSleeper { tid: Tid },
    /// These processes are in the context that is being switched to.
    EnterContext { processes: Vec<ProcessNo> },
    /// Leave to the guard what belongs wherever a breakpoint of an image may be.
    LeaveOriginals { image: ImageId, plan: Rc<Plan> },
    /// Put landmarks back that may be out because they told nothing new.
    PutBack {
        space: SpaceId,
        /// Where they are.
        places: Vec<(Avma, LandmarkKind)>,
    },
    /// Have a thread stop soon (PTRACE_INTERRUPT).
    Interrupt { tid: Tid },
    /// Trace a thread no longer (PTRACE_DETACH).
    Detach {
        tid: Tid,
        /// Signal to deliver.
        signal: Option<Signal>,
    },
    /// Have a thread begin the instruction that faulted once more, and PTRACE_DETACH.
    Refault {
        tid: Tid,
        /// The fault's signal.
        signal: Signal,
    },
    /// Set the program counter back to a breakpoint that is restored already, and undo what else that did.
    Rewind {
        tid: Tid,
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        at: Avma,
    },
    /// Let a system call that gave up because of us start again, or answer it if its timeout is over.
    RepairCall {
        tid: Tid,
        /// Its address space.
        space: SpaceId,
    },
    /// Follow a call that was started again from one syscall-stop to the next.
    FollowCall {
        tid: Tid,
        /// What becomes of it if it gave up now.
        broken: BrokenCall,
    },
    /// Read why a SIGTRAP came.
    AskCause {
        tid: Tid,
        /// Where a breakpoint would be.
        at: Avma,
        /// What stood there once, if something of ours did.
        spent: Option<Spent>,
    },
    /// Find out whether a breakpoint is a copy of one of ours, and take it out then.
    SeekCopy {
        /// The thread that executed it.
        tid: Tid,
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
        /// Where it is.
        at: Avma,
        /// Whether that is in the text of a measured image.
        measured: bool,
        /// What it may be a copy of.
        sources: Vec<PlantedText>,
    },
    /// Take copies of breakpoints out of memory that is not measured.
    RestoreCopies {
        tid: Tid,
        /// The address space of that thread.
        space: SpaceId,
        /// What they may be copies of.
        sources: Vec<PlantedText>,
        /// Where that is.
        ranges: Vec<Range<Avma>>,
        /// Whether the thread, which must be stopped then, may be made to make some for that.
        calls: SystemCalls,
    },
    /// A SIGTRAP for a breakpoint of the program's own is about to be weighed: its handler is there.
    KeepHandler {
        /// The thread that executed it.
        tid: Tid,
        process: ProcessNo,
        /// Its address space.
        space: SpaceId,
    },
    /// Read what a signal would do natively.
    WeighSignal {
        tid: Tid,
        /// Its process, if it is known.
        process: Option<ProcessNo>,
        signal: Signal,
    },
    /// Read what is mapped.
    ReadMappings {
        tid: Tid,
        /// The address space of that thread.
        space: SpaceId,
    },
    /// Read what is mapped in a process that runs.
    ReadLive {
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
        mapping: TextMapping,
    },
    /// Open the memory of a new address space.
    OpenSpace {
        space: SpaceId,
        /// A thread in it.
        tid: Tid,
        /// The space that it was copied from.
        copy_of: Option<SpaceId>,
        /// The measured texts in it.
        texts: Vec<MappedText>,
    },
    /// Forget an address space.
    CloseSpace { space: SpaceId },
    /// Bring text to a wanted state.
    TextChange(Box<TextChange>),
    /// The same by and by, while the program runs.
    Plant(Box<TextChange>),
    /// Find out whether a copied text has the breakpoints of the original, of which one is at each place.
    CheckCopy {
        /// The new process's thread.
        tid: Tid,
        /// What stop it is in.
        stop: StopKind,
        /// Its address space.
        space: SpaceId,
        places: Vec<(InstanceId, Avma)>,
    },
    /// Find out who made a tracee.
    FindMaker {
        tid: Tid,
        /// The process to take it from if its parent is unknown.
        candidate: ProcessNo,
    },
    /// A new tracee has the signal mask of its maker.
    Inherit {
        /// The process that it is a thread of, unless it is one itself.
        thread_of: Option<ProcessNo>,
        /// The new one.
        child: Tid,
        maker: Tid,
        /// The address space of that.
        space: SpaceId,
    },
    /// Learn by and by how threads that ran before us treat signals, in turn with what is planted by and by.
    Meet { process: ProcessNo, threads: Vec<Tid> },
    /// Read where the stack of a thread is that was stopped by a breakpoint at `at`.
    ReadStack {
        tid: Tid,
        at: Avma,
        /// What tells the label of the function that begins there, with the memory that it is in.
        object: Option<(SpaceId, TestObject)>,
    },
    /// Put a process into the context of a function, or out of one, for a thread that waits or is gone.
    EnterFunction { tid: Tid, process: ProcessNo, context: FunctionContext },
    /// Have one of the threads asked for the handler of SIGTRAP that its process had before us, if it had one, before
    /// anything else is done by and by.
    AskHandler { process: ProcessNo, threads: Vec<Tid> },
    /// Ask a stopped thread for that.
    ReadHandler { tid: Tid, process: ProcessNo, space: SpaceId },
    /// A thread is no longer traced.
    Forget { tid: Tid },
    /// Tell of a new process.
    Began {
        process: ProcessNo,
        pid: Pid,
        /// Who made it.
        maker: Option<ProcessNo>,
        parent: Pid,
        /// Whether it ran before us.
        attached: bool,
    },
    /// Tell of a new program image.
    Execed {
        process: ProcessNo,
        /// One of its threads.
        tid: Tid,
    },
    /// Tell that a process has a file mapped.
    Maps { process: ProcessNo, image: ImageId },
    /// Tell of an end.
    Ended { process: ProcessNo, how: EndOfProcess },
    /// Tell what lowers the truth.
    Warn {
        /// Of one process.
        process: Option<ProcessNo>,
        /// What it is about.
        kind: WarningKind,
        /// What it means.
        text: String,
        /// For how many places.
        count: u64,
    },
    /// Wake the front, which stopped itself when the program stopped.
    ContinueFront,
}
