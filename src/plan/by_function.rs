//! The probes of a plan by the function whose code they are.

use super::Plan;
use crate::plan::{Bits, Stretches};
use std::ops::Range;

/// For each probe its functions, for each function its probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByFunction {
    /// The set of functions of each probe, as the plan's owners count them.
    sets: Vec<u32>,
    /// Where the code of each function starts in `code`, and the end of the last.
    starts: Vec<u32>,
    /// Stretches of probes, function by function.
    code: Vec<Range<u32>>,
}

impl ByFunction {
    /// Of a plan.
    pub fn of(plan: &Plan) -> ByFunction {
        let of_stretch = |set: u32| plan.owners.members(set).map(|function| function as usize);
        let mut starts = vec![0; plan.owners.functions() as usize + 1];
        for (.., set) in plan.owners.stretches(plan.count()) {
            of_stretch(set).for_each(|function| starts[function + 1] += 1);
        }
        for function in 1..starts.len() {
            starts[function] += starts[function - 1];
        }
        let mut next: Vec<u32> = starts.clone();
        let mut code = vec![0..0; starts[starts.len() - 1] as usize];
        for (start, end, set) in plan.owners.stretches(plan.count()) {
            for function in of_stretch(set) {
                code[next[function] as usize] = start..end;
                next[function] += 1;
            }
        }
        ByFunction { sets: plan.owners.by_probe(plan.count()), starts, code }
    }

    /// Number of functions.
    pub fn count(&self) -> u32 {
        self.starts.len().saturating_sub(1) as u32
    }

    /// The functions whose code a probe is.
    pub fn of_probe(&self, plan: &Plan, probe: u32) -> impl Iterator<Item = u32> {
        self.sets.get(probe as usize).into_iter().flat_map(|&set| plan.owners.members(set))
    }

    /// Whether all the functions are in `known` whose code a probe is.
    pub fn is_known(&self, plan: &Plan, probe: u32, known: &Bits) -> bool {
        self.of_probe(plan, probe).all(|function| known.get(function))
    }

    /// The probes that are code of a function, stretch by stretch.
    pub fn probes(&self, function: u32) -> &[Range<u32>] {
        let at = |function: usize| self.starts.get(function).map_or(self.code.len(), |&start| start as usize);
        &self.code[at(function as usize)..at(function as usize + 1)]
    }
}
