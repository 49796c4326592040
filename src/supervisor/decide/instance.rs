//! One image at one load address in one address space: which of its probes are armed, which of its lines and functions
//! are known.
//!
//! Invariant: a probe is planted only where it ends a stretch, so that the breakpoint there tells of all of it, and of
//! those that were executed before and have none. It is armed as long as it would tell of a line or of a function that is
//! not known, so that of functions that share lines each is known by itself.

use super::covered::{Covered, Planned};
use super::ids::{InstanceId, ProbeSite, SpaceId};
use super::once::RunOfImage;
use super::text_change::{LandmarkChange, TextChange};
use crate::plan::{Bits, ByFunction, ByLine, FileOffset, Plan, Stretches};
use platform::{Avma, Tid};
use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

/// Text of an image as mapped in a space.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) id: InstanceId,
    pub(crate) plan: Rc<Plan>,
    pub(crate) lines: Rc<ByLine>,
    pub(crate) functions: Rc<ByFunction>,
    needed: Rc<Bits>,
    /// Where stretches end earlier than they do in the plan, if each breakpoint tells of its own stretch only.
    pub(super) exact: Option<Cuts>,
    /// Where threads were seen within a stretch.
    pub(super) positions: BTreeSet<u32>,
    pub(crate) ranges: Vec<Range<Avma>>,
    pub(crate) planted: Bits,
    pub(crate) armed: Bits,
    /// Those planted whose breakpoint was taken out: another one that is found there, while it is not armed again, is
    /// not ours.
    pub(crate) taken_out: Bits,
    pub(crate) covered: Covered,
}

/// Probes at which a stretch ends for an instance, though it goes on: a thread was there when the context was switched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cuts(BTreeSet<u32>);

impl Cuts {
    /// The part of a stretch that a probe of it is in.
    fn within(&self, whole: Range<u32>, probe: u32) -> Range<u32> {
        let start = self.0.range(whole.start..probe).next_back().map_or(whole.start, |cut| cut + 1);
        let end = self.0.range(probe..whole.end).next().map_or(whole.end, |cut| cut + 1);
        start..end
    }
}

/// What is known of an instance for one of the processes that use its space.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) armed: Bits,
    /// What had run.
    pub(super) covered: Covered,
}

impl Instance {
    /// With nothing mapped of it yet; `known` is what other processes ran of the image, where that counts.
    pub(crate) fn new(id: InstanceId, planned: &Planned, known: Option<&RunOfImage>) -> Self {
        let nothing = || Covered::nothing(&planned.lines, &planned.functions);
        Instance {
            id,
            planted: Bits::clear_of(planned.plan.len()),
            armed: Bits::clear_of(planned.plan.len()),
            taken_out: Bits::clear_of(planned.plan.len()),
            covered: known.map_or_else(nothing, |known| known.covered.clone()),
            ranges: Vec::new(),
            lines: planned.lines.clone(),
            functions: planned.functions.clone(),
            needed: planned.needed.clone(),
            plan: planned.plan.clone(),
            exact: planned.exact.then(Cuts::default),
            positions: BTreeSet::new(),
        }
    }

    /// The image's plan.
    pub(super) fn planned(&self) -> Planned {
        let Instance { plan, lines, functions, needed, exact, .. } = self;
        Planned {
            plan: plan.clone(),
            lines: lines.clone(),
            functions: functions.clone(),
            needed: needed.clone(),
            exact: exact.is_some(),
        }
    }

    /// Each breakpoint tells of its own stretch only from here on; those that need one now are armed. Gives which these are.
    pub(super) fn be_exact(&mut self, planned: &Planned) -> Bits {
        self.needed = planned.needed.clone();
        self.exact.get_or_insert_default();
        let mut added = self.needed.without(&self.planted).both(&self.mapped());
        self.planted = self.planted.with(&added);
        let mut next = 0;
        while let Some(last) = added.first_from(next) {
            next = last + 1;
            if self.stretch_of(last).all(|probe| self.is_covered(probe)) {
                added.put(last, false);
            }
        }
        self.armed = self.armed.with(&added);
        added
    }

    /// Takes it that nothing has run, and that the stretches in which threads were seen end there; gives the text to change.
    pub(super) fn forget_all(&mut self, space: SpaceId) -> Option<TextChange> {
        let (plan, mapped) = (self.plan.clone(), self.mapped());
        for cut in std::mem::take(&mut self.positions) {
            self.exact.get_or_insert_default().0.insert(cut);
            let is_landmark = plan.landmark_at(plan.offsets[cut as usize]).is_some();
            self.planted.put(cut, self.planted.get(cut) || (mapped.get(cut) && !is_landmark));
        }
        self.covered = Covered::nothing(&self.lines, &self.functions);
        self.arm(space, None, self.planted.clone())
    }

    /// The stretch of a probe.
    pub(super) fn stretch_of(&self, probe: u32) -> Range<u32> {
        let whole = self.plan.stretch_of(probe);
        self.exact.as_ref().map_or(whole.clone(), |cuts| cuts.within(whole, probe))
    }

    /// What was executed if a probe was, stretch by stretch, that of the probe first.
    fn executed_with(&self, probe: u32) -> impl Iterator<Item = Range<u32>> {
        let before = self.exact.is_none().then(|| self.plan.executed_with(probe).skip(1));
        std::iter::once(self.stretch_of(probe).start..probe + 1).chain(before.into_iter().flatten())
    }

    /// What of a range it has mapped.
    pub(crate) fn overlap(&self, range: &Range<Avma>) -> Vec<Range<Avma>> {
        let part = |own: &Range<Avma>| own.start.max(range.start)..own.end.min(range.end);
        self.ranges.iter().map(part).filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn site(&self, probe: u32) -> ProbeSite {
        ProbeSite {
            instance: self.id,
            first: self.stretch_of(probe).start,
            probe,
            probes: self.plan.len(),
            original: self.plan.originals[probe as usize],
        }
    }

    /// Whether a breakpoint was ever there for the stretch of a probe, or others tell of it.
    pub(crate) fn planted_stretch(&self, probe: u32) -> bool {
        let last = self.stretch_of(probe).end - 1;
        self.planted.get(last)
            || self.plan.dominance.is_implied(last)
            || self.plan.landmark_at(self.plan.offsets[last as usize]).is_some()
    }

    /// Takes it that the stretch of a probe was executed up to there, with what was before it; disarms and gives some of the
    /// probes that tell nothing new after that, in order of address: the nearest, which are the likeliest to be met.
    ///
    /// To restore one costs a tenth of a trap or less, and of a generic's thousands most are never met: only those near by
    /// are restored, few at the first hit, more once such a one was met all the same.
    pub(crate) fn learn(&mut self, probe: u32) -> Vec<u32> {
        const AT_FIRST: usize = 16;
        const LATER: usize = 128;
        let plan = self.plan.clone();
        // Of what was before only that of which nothing else has told.
        let mut executed: Vec<u32> = self.executed_with(probe).skip(1).flatten().collect();
        executed.retain(|executed| !self.is_covered(*executed));
        executed.extend(self.stretch_of(probe).start..=probe);
        let new = self.covered.take(&plan, &self.functions, executed.iter().copied());
        let mut useless = Vec::new();
        // Where nothing was new, an earlier hit of the line left some over.
        let told_nothing = new.lines.is_empty() && new.functions.is_empty();
        let at_most = if told_nothing { LATER } else { AT_FIRST };
        let lines = if told_nothing { self.lines_of(&executed) } else { new.lines };
        lines.iter().for_each(|line| self.disarm_beside(probe, *line, at_most, &mut useless));
        self.disarm_of(&new.functions, at_most, &mut useless);
        useless.sort_unstable();
        useless
    }

    fn lines_of(&self, executed: &[u32]) -> Vec<u32> {
        let mut lines: Vec<u32> = executed.iter().map(|executed| self.plan.lines[*executed as usize]).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// Disarms what tells nothing new of a line, from a probe outwards. A line of a generic may have
    /// thousands of instances that are all to be heard of, so it does not look at all of them.
    fn disarm_beside(&mut self, probe: u32, line: u32, at_most: usize, useless: &mut Vec<u32>) {
        /// In bytes: what is further away is another function's as a rule, and hardly ever met.
        const NEAR: u64 = 4096;
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
            let Some(&other) = next.filter(|other| distance(other) <= NEAR) else { break };
            useless.extend(self.disarmed(self.stretch_of(other).end - 1));
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
        let is_useless = self.armed.get(last) && self.executed_with(last).flatten().all(|probe| self.is_covered(probe));
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
    pub(crate) fn arm(&mut self, space: SpaceId, tid: Option<Tid>, armed: Bits) -> Option<TextChange> {
        let change = self.armed.difference(&armed);
        if change.is_empty() {
            return None;
        }
        let taken_out = self.taken_out.without(&self.armed);
        self.taken_out = self.taken_out.with(&self.armed.without(&armed));
        self.armed = armed;
        let change = self.text_change(space, tid, change, LandmarkChange::Keep);
        Some(TextChange { taken_out, ..change })
    }

    fn is_covered(&self, probe: u32) -> bool {
        self.covered.has(&self.plan, &self.functions, probe)
    }

    /// Arms what came into the ranges and is not spent, and forgets what went out of them; gives what changed.
    pub(crate) fn cover(&mut self, spent: Option<&Bits>) -> Bits {
        let mapped = self.mapped();
        // What was planted before it was spent elsewhere, or where a stretch was cut, is no part of what is needed.
        let needed = spent.map_or_else(|| Bits::clone(&self.needed), |spent| self.needed.without(spent));
        let wanted = needed.with(&self.planted);
        let covered = wanted.both(&mapped);
        let change = covered.difference(&self.planted);
        self.armed = self.armed.without(&change).with(&covered.both(&change));
        self.taken_out = self.taken_out.without(&change);
        self.planted = covered;
        change
    }

    /// The probes that are mapped.
    fn mapped(&self) -> Bits {
        let mut mapped = Bits::clear_of(self.plan.len());
        for range in &self.ranges {
            let start = self.id.bias.offset(range.start);
            let end = start.saturating_add(range.end.0.saturating_sub(range.start.0));
            let first = |from: FileOffset| self.plan.offsets.partition_point(|&offset| offset < from) as u32;
            mapped.fill(first(start)..first(end));
        }
        mapped
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
