//! One image at one load address in one address space: which of its probes are armed, which of its lines and functions
//! are known.
//!
//! Invariant: a probe is planted only where it ends a stretch, so that the breakpoint there tells of all of it, and of
//! those that were executed before and have none. It is armed as long as it would tell of a line or of a function that is
//! not known, so that of functions that share lines each is known by itself.

use super::ids::{InstanceId, ProbeSite, SpaceId};
use super::text_change::{LandmarkChange, TextChange};
use crate::plan::{Bits, ByFunction, ByLine, Plan, Stretches};
use platform::{Avma, Tid};
use std::ops::Range;
use std::rc::Rc;

/// A plan and its probes by line.
#[derive(Clone, Debug)]
pub struct Planned {
    pub plan: Rc<Plan>,
    /// Its probes by line.
    pub lines: Rc<ByLine>,
    /// The same by function.
    pub functions: Rc<ByFunction>,
}

impl From<Rc<Plan>> for Planned {
    fn from(plan: Rc<Plan>) -> Self {
        Planned { lines: Rc::new(plan.by_line()), functions: Rc::new(ByFunction::of(&plan)), plan }
    }
}

/// Text of an image as mapped in a space.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    pub(crate) plan: Rc<Plan>,
    pub(crate) lines: Rc<ByLine>,
    pub(crate) functions: Rc<ByFunction>,
    pub(crate) ranges: Vec<Range<Avma>>,
    pub(crate) planted: Bits,
    pub(crate) armed: Bits,
    /// Those planted whose breakpoint was taken out: another one that is found there, while it is not armed again, is
    /// not ours.
    pub(crate) taken_out: Bits,
    pub(crate) covered: Covered,
}

/// What is known to have run.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    lines: Bits,
    functions: Bits,
}

/// What is known of an instance for one of the processes that use its space.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) armed: Bits,
    /// What had run.
    pub(super) covered: Covered,
}

impl Covered {
    pub(crate) fn nothing(lines: &ByLine, functions: &ByFunction) -> Covered {
        Covered { lines: Bits::clear_of(lines.count()), functions: Bits::clear_of(functions.count()) }
    }
}

impl Instance {
    /// With nothing mapped of it yet.
    pub(crate) fn new(id: InstanceId, planned: &Planned) -> Self {
        Instance {
            id,
            planted: Bits::clear_of(planned.plan.len()),
            armed: Bits::clear_of(planned.plan.len()),
            taken_out: Bits::clear_of(planned.plan.len()),
            covered: Covered::nothing(&planned.lines, &planned.functions),
            ranges: Vec::new(),
            lines: planned.lines.clone(),
            functions: planned.functions.clone(),
            plan: planned.plan.clone(),
        }
    }

    /// What of a range it has mapped.
    pub(crate) fn overlap(&self, range: &Range<Avma>) -> Vec<Range<Avma>> {
        let part = |own: &Range<Avma>| own.start.max(range.start)..own.end.min(range.end);
        self.ranges.iter().map(part).filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn site(&self, probe: u32) -> ProbeSite {
        ProbeSite { instance: self.id, probe, probes: self.plan.len(), original: self.plan.originals[probe as usize] }
    }

    /// Whether a breakpoint was ever there for the stretch of a probe, or others tell of it.
    pub(crate) fn planted_stretch(&self, probe: u32) -> bool {
        let last = self.plan.stretch_of(probe).end - 1;
        self.planted.get(last)
            || self.plan.dominance.is_implied(last)
            || self.plan.landmark_at(self.plan.offsets[last as usize]).is_some()
    }

    /// Takes it that the stretch of a probe was executed up to there, with what was before it; disarms and gives some of the
    /// probes that tell nothing new after that, in order of address: the nearest, which are the likeliest to be met.
    ///
    /// To restore one costs a tenth of a trap or less, and of a generic's thousands most are never met: few are restored
    /// at the first hit, more once such a one was met all the same.
    pub(crate) fn learn(&mut self, probe: u32) -> Vec<u32> {
        const AT_FIRST: usize = 8;
        const LATER: usize = 128;
        let plan = self.plan.clone();
        // Of what was before only that of which nothing else has told.
        let mut executed: Vec<u32> = plan.executed_with(probe).skip(1).flatten().collect();
        executed.retain(|executed| !self.is_covered(*executed));
        executed.extend(plan.first_of_stretch(probe)..=probe);
        let (lines, functions) = self.take(&executed);
        let mut useless = Vec::new();
        // Where nothing was new, an earlier hit of the line left some over.
        let told_nothing = lines.is_empty() && functions.is_empty();
        let at_most = if told_nothing { LATER } else { AT_FIRST };
        let lines = if told_nothing { self.lines_of(&executed) } else { lines };
        lines.iter().for_each(|line| self.disarm_beside(probe, *line, at_most, &mut useless));
        self.disarm_of(&functions, at_most, &mut useless);
        useless.sort_unstable();
        useless
    }

    fn lines_of(&self, executed: &[u32]) -> Vec<u32> {
        let mut lines: Vec<u32> = executed.iter().map(|executed| self.plan.lines[*executed as usize]).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Takes it that these probes were executed; gives the lines and the functions that were not known before.
    fn take(&mut self, executed: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let (mut lines, mut entered) = (Vec::new(), Vec::new());
        for &executed in executed {
            let line = self.plan.lines[executed as usize];
            if !self.covered.lines.get(line) {
                self.covered.lines.put(line, true);
                lines.push(line);
            }
            for &function in self.functions.of_probe(&self.plan, executed) {
                if !self.covered.functions.get(function) {
                    self.covered.functions.put(function, true);
                    entered.push(function);
                }
            }
        }
        (lines, entered)
    }

    /// Disarms what tells nothing new of a line, from a probe outwards. A line of a generic may have
    /// thousands of instances that are all to be heard of, so it does not look at all of them.
    fn disarm_beside(&mut self, probe: u32, line: u32, at_most: usize, useless: &mut Vec<u32>) {
        let mut looks = 4 * at_most;
        let (lines, plan) = (self.lines.clone(), self.plan.clone());
        let same_line = lines.of(line);
        let (before, after) = same_line.split_at(same_line.partition_point(|other| *other < probe));
        let (mut before, mut after) = (before.iter().rev().peekable(), after.iter().peekable());
        while useless.len() < at_most && looks > 0 {
            looks -= 1;
            let distance = |other: &&u32| plan.offsets[**other as usize].abs_diff(plan.offsets[probe as usize]);
            let next = match (before.peek().map(distance), after.peek().map(distance)) {
                (Some(left), Some(right)) if left < right => before.next(),
                (_, Some(_)) => after.next(),
                (_, None) => before.next(),
            };
            let Some(&other) = next else { break };
            useless.extend(self.disarmed(plan.stretch_of(other).end - 1));
        }
    }

    /// Disarms what tells nothing new now that functions are known: their lines may be, through others that share them.
    fn disarm_of(&mut self, functions: &[u32], at_most: usize, useless: &mut Vec<u32>) {
        let by_function = self.functions.clone();
        for stretch in functions.iter().flat_map(|function| by_function.probes(*function)) {
            let mut next = stretch.start;
            while let Some(armed) = self.armed.first_in(next..stretch.end) {
                if useless.len() >= at_most {
                    return;
                }
                useless.extend(self.disarmed(armed));
                next = armed + 1;
            }
        }
    }

    /// Disarms an armed probe, the last of its stretch, if it tells nothing new.
    fn disarmed(&mut self, last: u32) -> Option<u32> {
        let is_useless =
            self.armed.get(last) && self.plan.executed_with(last).flatten().all(|probe| self.is_covered(probe));
        is_useless.then(|| {
            self.disarm(last);
            last
        })
    }

    /// The breakpoint of a probe is being taken out.
    pub(crate) fn disarm(&mut self, probe: u32) {
        self.armed.put(probe, false);
        self.taken_out.put(probe, true);
    }

    /// Arms exactly these; gives what changed, as text to change, if anything did.
    pub(crate) fn arm(&mut self, space: SpaceId, tid: Tid, armed: Bits) -> Option<TextChange> {
        let change = self.armed.difference(&armed);
        if change.is_empty() {
            return None;
        }
        let taken_out = self.taken_out.without(&self.armed);
        self.taken_out = self.taken_out.with(&self.armed.without(&armed));
        self.armed = armed;
        let change = self.text_change(space, Some(tid), change, LandmarkChange::Keep);
        Some(TextChange { taken_out, ..change })
    }

    fn is_covered(&self, probe: u32) -> bool {
        self.covered.lines.get(self.plan.lines[probe as usize])
            && self.functions.is_known(&self.plan, probe, &self.covered.functions)
    }

    /// Arms what came into the ranges and forgets what went out of them; gives what changed.
    pub(crate) fn cover(&mut self) -> Bits {
        let mut change = Bits::clear_of(self.plan.len());
        for (probe, &offset) in (0..).zip(&self.plan.offsets) {
            let at = self.id.bias.address(offset);
            let covered = self.plan.is_needed(probe)
                && self.ranges.iter().any(|range| range.contains(&at))
                && self.plan.landmark_at(offset).is_none();
            if covered != self.planted.get(probe) {
                self.planted.put(probe, covered);
                self.armed.put(probe, covered);
                self.taken_out.put(probe, false);
                change.put(probe, covered);
            }
        }
        change
    }

    /// Its text in a space, where it is to change and as it is to be armed.
    pub(crate) fn text_change(
        &self,
        space: SpaceId,
        tid: Option<Tid>,
        change: Bits,
        landmarks: LandmarkChange,
    ) -> TextChange {
        TextChange {
            space,
            tid,
            instance: self.id,
            plan: self.plan.clone(),
            ranges: self.ranges.clone(),
            change,
            armed: self.armed.clone(),
            taken_out: Bits::clear_of(self.plan.len()),
            landmarks,
            user: tid,
            copied_from: None,
        }
    }
}
