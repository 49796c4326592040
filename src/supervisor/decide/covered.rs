//! An image's plan as it is looked at, and what of the image is known to have run.

use crate::plan::{Bits, ByFunction, ByLine, Plan, Stretches};
use std::rc::Rc;

/// A plan and its probes by line.
#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Rc<Plan>,
    /// Its probes by line.
    pub lines: Rc<ByLine>,
    /// The same by function.
    pub functions: Rc<ByFunction>,
    /// The probes that are to have a breakpoint, other than a landmark's.
    pub needed: Rc<Bits>,
    /// Whether these are all that end a stretch.
    pub exact: bool,
}

impl From<Rc<Plan>> for Planned {
    fn from(plan: Rc<Plan>) -> Self {
        Planned {
            lines: Rc::new(plan.by_line()),
            functions: Rc::new(ByFunction::of(&plan)),
            needed: Rc::new(chosen(&plan, |probe| plan.is_needed(probe))),
            exact: false,
            plan,
        }
    }
}

impl Planned {
    /// The same where each breakpoint is to tell of its own stretch only.
    pub(super) fn exactly(self) -> Planned {
        let needed = Rc::new(chosen(&self.plan, |probe| self.plan.ends_stretch(probe)));
        Planned { needed, exact: true, ..self }
    }
}

/// The probes that are wanted and that no landmark tells of.
fn chosen(plan: &Plan, is_wanted: impl Fn(u32) -> bool) -> Bits {
    let mut chosen = Bits::clear_of(plan.len());
    for probe in (0..plan.len()).filter(|&probe| is_wanted(probe)) {
        chosen.put(probe, plan.landmark_at(plan.offsets[probe as usize]).is_none());
    }
    chosen
}

/// What is known to have run.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    lines: Bits,
    functions: Bits,
}

/// What was not known before.
#[derive(Debug)]
pub(super) struct NewlyCovered {
    pub(super) lines: Vec<u32>,
    pub(super) functions: Vec<u32>,
}

impl Covered {
    pub(crate) fn nothing(lines: &ByLine, functions: &ByFunction) -> Covered {
        Covered { lines: Bits::clear_of(lines.count()), functions: Bits::clear_of(functions.count()) }
    }

    /// Takes it that these probes were executed; gives what was not known before.
    pub(super) fn take(
        &mut self,
        plan: &Plan,
        by: &ByFunction,
        executed: impl IntoIterator<Item = u32>,
    ) -> NewlyCovered {
        let mut new = NewlyCovered { lines: Vec::new(), functions: Vec::new() };
        for executed in executed {
            let line = plan.lines[executed as usize];
            if !self.lines.get(line) {
                self.lines.put(line, true);
                new.lines.push(line);
            }
            for function in by.of_probe(plan, executed) {
                if !self.functions.get(function) {
                    self.functions.put(function, true);
                    new.functions.push(function);
                }
            }
        }
        new
    }

    /// Whether the line of a probe is known, and its functions are.
    pub(super) fn has(&self, plan: &Plan, by: &ByFunction, probe: u32) -> bool {
        self.lines.get(plan.lines[probe as usize]) && by.is_known(plan, probe, &self.functions)
    }
}
