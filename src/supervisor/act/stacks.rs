//! Where the stacks of threads are: the mappings that stack pointers were seen in.

use crate::supervisor::decide::frames::StackPlace;
use platform::arch::{stack_pointer, thread_pointer};
use platform::{Avma, Tid, Tracer};
use std::collections::HashMap;
use std::ops::Range;

/// The stack that each thread was seen on last.
#[derive(Debug, Default)]
pub(crate) struct Stacks(HashMap<Tid, Stack>);

/// A stack.
#[derive(Clone, Debug)]
struct Stack {
    range: Range<Avma>,
    /// Whether its thread began with it: the C libraries have the data that each thread has of its own at the end of that.
    is_own: bool,
}

impl Stacks {
    /// Where the stack of a stopped thread is, if that can be read.
    pub fn place(&mut self, tracer: &Tracer, tid: Tid) -> Option<StackPlace> {
        let sp = stack_pointer(tracer, tid).ok()?;
        let known = self.0.get(&tid).filter(|stack| stack.range.contains(&sp)).cloned();
        let read = || {
            let (range, is_first) = platform::mapping_around(tid, sp)?;
            let is_own = is_first || thread_pointer(tracer, tid).is_ok_and(|own| range.contains(&own));
            Some(Stack { range, is_own })
        };
        let stack = known.or_else(read)?;
        let (end, is_own) = (stack.range.end, stack.is_own);
        self.0.insert(tid, stack);
        Some(StackPlace { sp, end, is_own })
    }

    /// A thread is gone, or its memory is.
    pub fn forget(&mut self, tid: Tid) {
        self.0.remove(&tid);
    }
}
