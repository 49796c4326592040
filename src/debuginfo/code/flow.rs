//! The flow of control between the stretches of one cluster, and which stretch comes before which whenever it is executed.
//!
//! Calls are not followed: where one comes back is an entry, for it may never come back there, or do so in a child of the
//! process only.
//!
//! Invariant: a stretch that nothing is known to lead to counts as entered, so an unknown way in is never denied.

use super::chunk::{Chunk, Lead, To};
use super::clusters::Cluster;

/// Nothing is known to come before.
const NONE: u32 = u32::MAX;

/// The stretches of a cluster, in order of address.
pub(crate) struct ClusterFlow {
    /// The bit of the chunk where each starts.
    starts: Vec<u32>,
    /// The one or two that follow it; none of an end whose ways on are not all known.
    next: Vec<[u32; 2]>,
    entered: Vec<bool>,
}

/// For each stretch the one that was executed last of those that always were before it.
pub(crate) struct Dominators {
    above: Vec<u32>,
    order: Vec<u32>,
}

impl ClusterFlow {
    /// None if there is nothing to tell, as in code that may be entered everywhere.
    pub(crate) fn of(cluster: &Cluster, chunk: &Chunk) -> Option<ClusterFlow> {
        let (first, end) = (chunk.bit(cluster.start()), chunk.bit(cluster.end));
        let bits = |from: u32| chunk.cuts.first_from(from).filter(|bit| *bit < end);
        let starts: Vec<u32> = std::iter::successors(bits(first), |bit| bits(bit + 1)).collect();
        let entered: Vec<bool> = starts.iter().map(|bit| chunk.entries.get(*bit)).collect();
        // Where control comes in between the bytes of an instruction, the decode does not tell where it goes.
        let is_plain = starts.iter().all(|bit| chunk.starts.get(*bit));
        if !is_plain || entered.iter().all(|entered| *entered) {
            return None;
        }
        let at = |bit: u32| starts.binary_search(&bit).ok().map(|at| at as u32);
        let mut leads = chunk.leads[chunk.leads.partition_point(|lead| lead.end <= first)..].iter().peekable();
        let mut next = Vec::with_capacity(starts.len());
        for i in 0..starts.len() {
            let follows = starts.get(i + 1).map(|_| i as u32 + 1);
            let end = starts.get(i + 1).copied().unwrap_or(end);
            while leads.next_if(|lead| lead.end < end).is_some() {}
            let ways = match leads.peek().filter(|lead| lead.end == end) {
                None => (follows, follows),
                Some(Lead { to: To::Out, .. }) => (None, None),
                Some(Lead { to: To::Place(bit), .. }) => (at(*bit), at(*bit)),
                Some(Lead { to: To::PlaceOrNext(bit), .. }) => (at(*bit), follows),
            };
            next.push(ways.0.zip(ways.1).map_or([NONE; 2], |(a, b)| [a, b]));
        }
        Some(ClusterFlow { starts, next, entered })
    }

    /// Where each stretch starts, as a bit of the chunk.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The stretches of which one follows; none if it is not known what does.
    pub(crate) fn next(&self, stretch: u32) -> &[u32] {
        match &self.next[stretch as usize] {
            [NONE, _] => &[],
            [one, other] if one == other => &self.next[stretch as usize][..1],
            both => both,
        }
    }

    /// The stretches in an order in which, loops aside, each comes before those that it leads to.
    ///
    /// What nothing leads to is entered from then on: who knows how it is reached.
    fn in_order(&mut self) -> Vec<u32> {
        let (mut order, mut seen) = (Vec::with_capacity(self.starts.len()), vec![false; self.starts.len()]);
        let mut stack: Vec<(u32, usize)> = Vec::new();
        let (entered, others): (Vec<u32>, Vec<u32>) =
            (0..self.starts.len() as u32).partition(|stretch| self.entered[*stretch as usize]);
        for root in entered.into_iter().chain(others) {
            if std::mem::replace(&mut seen[root as usize], true) {
                continue;
            }
            self.entered[root as usize] = true;
            stack.push((root, 0));
            while let Some((stretch, way)) = stack.last_mut() {
                let Some(&next) = self.next(*stretch).get(*way) else {
                    order.push(*stretch);
                    stack.pop();
                    continue;
                };
                *way += 1;
                if !std::mem::replace(&mut seen[next as usize], true) {
                    stack.push((next, 0));
                }
            }
        }
        order.reverse();
        order
    }

    /// Finds what comes before what, as Cooper, Harvey and Kennedy do. None if that would take too long.
    pub(crate) fn dominators(&mut self) -> Option<Dominators> {
        let order = self.in_order();
        let above = self.above(&order)?;
        let mut dominators = vec![NONE; order.len()];
        for (place, &stretch) in order.iter().enumerate() {
            dominators[stretch as usize] = order.get(above[place] as usize).copied().unwrap_or(NONE);
        }
        Some(Dominators { above: dominators, order })
    }

    /// For each place in the order that of the stretch above it; NONE is the way in.
    fn above(&self, order: &[u32]) -> Option<Vec<u32>> {
        /// Not known yet.
        const UNKNOWN: u32 = NONE - 1;
        let ways_in = self.ways_in(order);
        let mut above = vec![UNKNOWN; order.len()];
        let mut steps = 64 * order.len();
        let mut changed = true;
        while changed {
            changed = false;
            for place in 0..order.len() {
                let mut common = if self.entered[order[place] as usize] { NONE } else { UNKNOWN };
                // The last first: those are near to each other, and soon as high as the first.
                for &before in ways_in.to(place).iter().rev() {
                    if above[before as usize] == UNKNOWN {
                        continue;
                    }
                    common = if common == UNKNOWN { before } else { meet(&above, common, before, &mut steps)? };
                }
                if above[place] != common {
                    above[place] = common;
                    changed = true;
                }
            }
            steps = steps.checked_sub(order.len())?;
        }
        Some(above)
    }

    /// What leads to each place in the order, by place.
    fn ways_in(&self, order: &[u32]) -> WaysIn {
        let mut rank = vec![0u32; order.len()];
        for (place, &stretch) in (0..).zip(order) {
            rank[stretch as usize] = place;
        }
        let mut ends = vec![0u32; order.len() + 1];
        for &stretch in order {
            self.next(stretch).iter().for_each(|next| ends[rank[*next as usize] as usize + 1] += 1);
        }
        for i in 0..order.len() {
            ends[i + 1] += ends[i];
        }
        let mut from = vec![0; ends[order.len()] as usize];
        let mut at = ends.clone();
        for (place, &stretch) in (0..).zip(order) {
            for next in self.next(stretch) {
                let slot = &mut at[rank[*next as usize] as usize];
                from[*slot as usize] = place;
                *slot += 1;
            }
        }
        WaysIn { ends, from }
    }
}

/// Which places in an order lead to which.
struct WaysIn {
    /// Where those that lead to each place end in `from`, behind those of the places before.
    ends: Vec<u32>,
    from: Vec<u32>,
}

impl WaysIn {
    /// The places that lead to one, ascending.
    fn to(&self, place: usize) -> &[u32] {
        &self.from[self.ends[place] as usize..self.ends[place + 1] as usize]
    }
}

/// The nearest that is above both, NONE if there is none; None if that took too many steps.
fn meet(above: &[u32], mut a: u32, mut b: u32, steps: &mut usize) -> Option<u32> {
    while a != b {
        *steps = steps.checked_sub(1)?;
        if a == NONE || b == NONE {
            return Some(NONE);
        }
        if a > b {
            a = above[a as usize];
        } else {
            b = above[b as usize];
        }
    }
    Some(a)
}

impl Dominators {
    /// The stretch that was executed last of those that always were before this one.
    pub(crate) fn above(&self, stretch: u32) -> Option<u32> {
        Some(self.above[stretch as usize]).filter(|&above| above != NONE)
    }

    /// The stretches, each behind those that are above it.
    pub(crate) fn in_order(&self) -> &[u32] {
        &self.order
    }
}
