//! Which functions that are contexts a process is in: their frames, by where the stack was when they began.
//!
//! A frame is over when its function returns, or when its thread is seen above it on the same stack, after an exception, a
//! longjmp or a tail call, or on its own stack where the frame is on another one.
//!
//! Invariant: as long as functions run in several threads, nothing is said to be of one of them.

use platform::{Avma, Tid};

/// Where the stack of a stopped thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StackPlace {
    /// The stack pointer.
    pub sp: Avma,
    /// The end of the memory that it is in, which tells stacks of one thread apart.
    pub end: Avma,
    /// Whether that is the stack that the thread began with, not one for signals or of a coroutine.
    pub is_own: bool,
}

/// What a thread does where it was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing<'l> {
    /// It enters a function with this label.
    Enters(&'l str),
    /// It enters one with this label that only is one if no other runs it.
    EntersUnlessWithin(&'l str),
    /// It returns from such a function.
    Leaves,
    /// Neither.
    Nothing,
}

/// The context that functions make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FunctionContext {
    /// None.
    Outside,
    /// That of one function, the innermost.
    One(String),
    /// Threads are in functions of their own.
    Several,
}

/// What is to be done about a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// It goes on.
    On,
    /// The context is to be changed before it does; it comes to the same place once more then.
    Changes(FunctionContext),
    /// It has come there once more.
    Again,
}

/// A function that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Frame {
    tid: Tid,
    place: StackPlace,
    label: String,
}

/// The functions of a process that are running, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frames {
    frames: Vec<Frame>,
    /// Threads that wait for a change, and where.
    changing: Vec<(Tid, Avma)>,
    /// Whether functions may run that began before us, none of which was left so far.
    may_have_unseen: bool,
}

impl Frames {
    /// Those of a process that ran before us.
    pub fn under_way() -> Frames {
        Frames { may_have_unseen: true, ..Frames::default() }
    }

    /// A thread of the process is at a breakpoint at `at`.
    pub fn pass(&mut self, tid: Tid, at: Avma, stack: StackPlace, passing: Passing<'_>) -> Passed {
        if let Some(index) = self.changing.iter().position(|(changing, _)| *changing == tid) {
            let (_, place) = self.changing.swap_remove(index);
            if place == at {
                return Passed::Again;
            }
        }
        let is_below = |frame: &Frame| match passing {
            // A thread that enters where another function began has come back from that, or it has become this one.
            Passing::Enters(_) | Passing::EntersUnlessWithin(_) => frame.place.sp <= stack.sp,
            Passing::Leaves | Passing::Nothing => frame.place.sp < stack.sp,
        };
        // What ran on another stack was left by a jump, or waits there.
        let is_over = |frame: &Frame| match frame.place.end == stack.end {
            true => is_below(frame),
            false => stack.is_own,
        };
        let is_left = |frame: &Frame| frame.tid == tid && is_over(frame);
        let passing = match passing {
            Passing::EntersUnlessWithin(label) => {
                let is_within = self.frames.iter().any(|frame| frame.tid == tid && !is_over(frame));
                if is_within { Passing::Nothing } else { Passing::Enters(label) }
            }
            Passing::Enters(_) | Passing::Leaves | Passing::Nothing => passing,
        };
        if passing == Passing::Nothing && !self.frames.iter().any(is_left) {
            return Passed::On;
        }
        let before = self.context();
        self.frames.retain(|frame| !is_left(frame));
        match passing {
            Passing::Enters(label) | Passing::EntersUnlessWithin(label) => {
                self.frames.push(Frame { tid, place: stack, label: label.to_owned() })
            }
            // A coroutine may have moved to another thread.
            Passing::Leaves => self.frames.retain(|frame| frame.place != stack),
            Passing::Nothing => {}
        }
        let after = self.context();
        // As long as a change is under way, a thread that enters or leaves waits for its turn.
        let is_settled = passing == Passing::Nothing || self.changing.is_empty();
        if after == before && is_settled {
            return Passed::On;
        }
        self.changing.push((tid, at));
        Passed::Changes(after)
    }

    /// Whether a thread waits, or has waited, at a breakpoint for the context to be changed, and has not come there again.
    pub fn has_changed(&self, tid: Tid, at: Avma) -> bool {
        self.changing.contains(&(tid, at))
    }

    /// Whether a thread that leaves a function here is the first that leaves one which began before us.
    pub fn first_leaves_unseen(&mut self, tid: Tid, stack: StackPlace) -> bool {
        let is_unseen = !self.frames.iter().any(|frame| frame.tid == tid || frame.place == stack);
        is_unseen && std::mem::take(&mut self.may_have_unseen)
    }

    /// Whether a thread is in a function.
    pub fn hold(&self, tid: Tid) -> bool {
        self.frames.iter().any(|frame| frame.tid == tid)
    }

    /// A thread has ended; gives the context, if that is another one now.
    pub fn gone(&mut self, tid: Tid) -> Option<FunctionContext> {
        let before = self.context();
        self.changing.retain(|(changing, _)| *changing != tid);
        self.frames.retain(|frame| frame.tid != tid);
        Some(self.context()).filter(|after| *after != before)
    }

    /// Those that a child has, which is a copy of a thread.
    pub fn copied(&self, thread: Tid, child: Tid) -> Frames {
        let own = self.frames.iter().filter(|frame| frame.tid == thread);
        let frames = own.map(|frame| Frame { tid: child, ..frame.clone() }).collect();
        Frames { frames, changing: Vec::new(), may_have_unseen: self.may_have_unseen }
    }

    /// The context of what runs now.
    pub fn context(&self) -> FunctionContext {
        match self.frames.last() {
            None => FunctionContext::Outside,
            Some(last) if self.frames.iter().all(|frame| frame.tid == last.tid) => {
                FunctionContext::One(last.label.clone())
            }
            Some(_) => FunctionContext::Several,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: Tid = Tid(1);
    const OTHER: Tid = Tid(2);
    const ENTRY: Avma = Avma(0x1000);
    const RETURN: Avma = Avma(0x1020);

    fn on(sp: u64) -> StackPlace {
        StackPlace { sp: Avma(sp), end: Avma(0x8000), is_own: true }
    }

    fn one(label: &str) -> Passed {
        Passed::Changes(FunctionContext::One(label.to_owned()))
    }

    fn enter(frames: &mut Frames, tid: Tid, stack: StackPlace, label: &str) -> Passed {
        let passed = frames.pass(tid, ENTRY, stack, Passing::Enters(label));
        if matches!(passed, Passed::Changes(_)) {
            assert_eq!(frames.pass(tid, ENTRY, stack, Passing::Enters(label)), Passed::Again);
        }
        passed
    }

    fn leave(frames: &mut Frames, tid: Tid, stack: StackPlace) -> Passed {
        let passed = frames.pass(tid, RETURN, stack, Passing::Leaves);
        if matches!(passed, Passed::Changes(_)) {
            assert_eq!(frames.pass(tid, RETURN, stack, Passing::Leaves), Passed::Again);
        }
        passed
    }

    #[test]
    fn the_innermost_function_is_the_context() {
        let mut frames = Frames::default();
        assert_eq!(enter(&mut frames, MAIN, on(0x7000), "a"), one("a"));
        assert_eq!(enter(&mut frames, MAIN, on(0x6000), "a"), Passed::On, "it calls itself");
        assert_eq!(enter(&mut frames, MAIN, on(0x5000), "b"), one("b"));
        assert_eq!(leave(&mut frames, MAIN, on(0x5000)), one("a"));
        assert_eq!(leave(&mut frames, MAIN, on(0x6000)), Passed::On);
        assert_eq!(leave(&mut frames, MAIN, on(0x7000)), Passed::Changes(FunctionContext::Outside));
        assert_eq!(leave(&mut frames, MAIN, on(0x7000)), Passed::On, "it was entered before us");
    }

    #[test]
    fn who_is_above_a_frame_has_left_it() {
        let mut frames = Frames::default();
        enter(&mut frames, MAIN, on(0x7000), "a");
        enter(&mut frames, MAIN, on(0x6000), "b");
        assert_eq!(frames.pass(MAIN, Avma(1), on(0x6000), Passing::Nothing), Passed::On, "its first instruction");
        assert_eq!(frames.pass(MAIN, Avma(1), on(0x6800), Passing::Nothing), one("a"));
        assert_eq!(frames.pass(MAIN, Avma(1), on(0x6800), Passing::Nothing), Passed::Again);
        let elsewhere = StackPlace { sp: Avma(0x1_f000), end: Avma(0x2_0000), is_own: false };
        assert_eq!(frames.pass(MAIN, Avma(1), elsewhere, Passing::Nothing), Passed::On, "a stack for signals");
        assert_eq!(enter(&mut frames, MAIN, elsewhere, "handler"), one("handler"));
        assert_eq!(frames.pass(MAIN, Avma(1), on(0x6800), Passing::Nothing), one("a"), "it jumped out of that");
        assert_eq!(frames.pass(MAIN, Avma(1), on(0x6800), Passing::Nothing), Passed::Again);
        assert_eq!(enter(&mut frames, MAIN, on(0x7000), "c"), one("c"), "at the same depth");
        assert_eq!(leave(&mut frames, MAIN, on(0x7000)), Passed::Changes(FunctionContext::Outside));
    }

    #[test]
    fn what_runs_beside_others_is_of_none() {
        let (mut frames, other) = (Frames::default(), StackPlace { sp: Avma(0x9000), end: Avma(0xa000), is_own: true });
        enter(&mut frames, MAIN, on(0x7000), "a");
        assert_eq!(enter(&mut frames, OTHER, other, "b"), Passed::Changes(FunctionContext::Several));
        assert_eq!(leave(&mut frames, MAIN, on(0x7000)), one("b"));
        enter(&mut frames, MAIN, on(0x7000), "a");
        assert_eq!(frames.gone(OTHER), Some(FunctionContext::One("a".to_owned())));
        assert_eq!(frames.gone(OTHER), None);
        let mut child = frames.copied(MAIN, OTHER);
        assert!(child.hold(OTHER) && !child.hold(MAIN));
        assert_eq!(leave(&mut child, OTHER, on(0x7000)), Passed::Changes(FunctionContext::Outside));
        // A coroutine that another thread goes on with.
        assert_eq!(leave(&mut frames, OTHER, on(0x7000)), Passed::Changes(FunctionContext::Outside));
    }

    #[test]
    fn a_function_that_another_runs_is_no_context_of_its_own() {
        let mut frames = Frames::default();
        let body = |frames: &mut Frames, sp: u64| {
            let passed = frames.pass(MAIN, ENTRY, on(sp), Passing::EntersUnlessWithin("body"));
            if matches!(passed, Passed::Changes(_)) {
                frames.pass(MAIN, ENTRY, on(sp), Passing::EntersUnlessWithin("body"));
            }
            passed
        };
        enter(&mut frames, MAIN, on(0x7000), "runner");
        assert_eq!(body(&mut frames, 0x6000), Passed::On);
        assert_eq!(leave(&mut frames, MAIN, on(0x6000)), Passed::On);
        assert_eq!(body(&mut frames, 0x7100), one("body"), "the runner was left by an exception");
        assert_eq!(body(&mut frames, 0x7100), Passed::On, "and so was this");
        assert_eq!(leave(&mut frames, MAIN, on(0x7100)), Passed::Changes(FunctionContext::Outside));
    }

    #[test]
    fn nobody_begins_before_it_is_his_turn() {
        let (mut frames, other) = (Frames::default(), StackPlace { sp: Avma(0x9000), end: Avma(0xa000), is_own: true });
        let third = StackPlace { sp: Avma(0xb000), end: Avma(0xc000), is_own: true };
        enter(&mut frames, MAIN, on(0x7000), "a");
        let several = Passed::Changes(FunctionContext::Several);
        assert_eq!(frames.pass(OTHER, ENTRY, other, Passing::Enters("a")), several);
        assert!(frames.has_changed(OTHER, ENTRY) && !frames.has_changed(MAIN, ENTRY));
        assert_eq!(frames.pass(Tid(3), ENTRY, third, Passing::Enters("a")), several, "it is not yet");
    }
}
