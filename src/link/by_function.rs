//! The probes of a plan by the function whose code they are.

use super::Plan;
use crate::bits::Bits;
use crate::dominance::Runs;
use std::ops::Range;

/// For each probe its functions, for each function its probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByFunction {
    /// The set of functions of each probe, as the plan's owners count them.
    sets: Vec<u32>,
    count: u32,
    /// Function, first probe of a stretch of its code, and the probe behind it; sorted.
    stretches: Vec<(u32, u32, u32)>,
}

impl ByFunction {
    /// Of a plan.
    pub fn of(plan: &Plan) -> ByFunction {
        let mut stretches = Vec::new();
        for (start, end, set) in plan.owners.stretches(plan.count()) {
            stretches.extend(plan.owners.members(set).iter().map(|&function| (function, start, end)));
        }
        stretches.sort_unstable();
        ByFunction { sets: plan.owners.by_probe(plan.count()), count: plan.owners.functions(), stretches }
    }

    /// Number of functions.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The functions whose code a probe is.
    pub fn of_probe<'p>(&self, plan: &'p Plan, probe: u32) -> &'p [u32] {
        self.sets.get(probe as usize).map_or(&[], |&set| plan.owners.members(set))
    }

    /// Whether all the functions are in `known` whose code a probe is.
    pub fn is_known(&self, plan: &Plan, probe: u32, known: &Bits) -> bool {
        self.of_probe(plan, probe).iter().all(|&function| known.get(function))
    }

    /// The probes that are code of a function, stretch by stretch.
    pub fn probes(&self, function: u32) -> impl Iterator<Item = Range<u32>> {
        let first = self.stretches.partition_point(|(of, ..)| *of < function);
        let of_it = self.stretches[first..].iter().take_while(move |(of, ..)| *of == function);
        of_it.map(|&(_, start, end)| start..end)
    }
}
