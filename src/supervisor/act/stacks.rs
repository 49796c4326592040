//! Where the stacks of threads are: the mappings that stack pointers were seen in.

use crate::supervisor::decide::frames::StackPlace;
use platform::arch::stack_pointer;
use platform::{Avma, Tid, Tracer};
use std::collections::HashMap;
use std::ops::Range;

/// The stack that each thread was seen on last.
#[derive(Debug, Default)]
pub(crate) struct Stacks(HashMap<Tid, Range<Avma>>);

impl Stacks {
    /// Where the stack of a stopped thread is, if that can be read.
    pub fn place(&mut self, tracer: &Tracer, tid: Tid) -> Option<StackPlace> {
        let sp = stack_pointer(tracer, tid).ok()?;
        let known = self.0.get(&tid).filter(|stack| stack.contains(&sp)).cloned();
        let stack = known.or_else(|| platform::mapping_around(tid, sp))?;
        let end = stack.end;
        self.0.insert(tid, stack);
        Some(StackPlace { sp, end })
    }

    /// A thread is gone, or its memory is.
    pub fn forget(&mut self, tid: Tid) {
        self.0.remove(&tid);
    }
}
