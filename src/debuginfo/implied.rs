//! Which runs need no breakpoint of their own, because whatever is executed next tells of them.
//!
//! Invariant: from the end of such a run every way leads, over code without lines at most, to a run with lines before
//! which it always was, and no call is in between.

use super::chunk::Chunk;
use super::clusters::Cluster;
use super::code::Code;
use super::flow::{Dominators, Flow};
use super::index::Svma;
use super::portions;
use super::sites::Site;
use crate::dominance::Dominance;
use std::ops::Range;

/// What is known of the sites, which are in order of their address; nothing if that is not the order of their offsets.
pub(super) fn dominance(sites: &[Site], code: &Code) -> Dominance {
    let mut whole = Dominance::default();
    if !sites.is_sorted_by(|a, b| a.offset < b.offset) {
        return whole;
    }
    let chunks: Vec<(&Chunk, Range<usize>)> =
        code.chunks().iter().map(|chunk| (chunk, between(sites, chunk.start, chunk.end))).collect();
    let starts: Vec<usize> = chunks.iter().map(|(_, range)| range.start).collect();
    let parts = portions::map(chunks, |(chunk, range)| {
        let (mut part, sites) = (Dominance::default(), &sites[range]);
        for cluster in &chunk.clusters {
            let range = between(sites, cluster.start(), cluster.end);
            if range.len() > 1 {
                part.append(&of_cluster(cluster, chunk, &sites[range.clone()]), range.start as u32);
            }
        }
        part
    });
    for (part, start) in parts.iter().zip(starts) {
        whole.append(part, start as u32);
    }
    whole
}

fn between(sites: &[Site], start: Svma, end: Svma) -> Range<usize> {
    sites.partition_point(|site| site.address < start)..sites.partition_point(|site| site.address < end)
}

/// The same for those of one cluster.
fn of_cluster(cluster: &Cluster, chunk: &Chunk, sites: &[Site]) -> Dominance {
    let mut dominance = Dominance::default();
    let Some(mut flow) = Flow::of(cluster, chunk) else { return dominance };
    let Some(dominators) = flow.dominators() else { return dominance };
    let mut places = flow.starts().iter().map(|bit| sites.partition_point(|site| chunk.bit(site.address) < *bit));
    let mut start = places.next().unwrap_or(0);
    let ends = places.chain([sites.len()]);
    let sites_of = ends.map(|end| std::mem::replace(&mut start, end)..end).collect();
    let runs = Runs::of(flow, &dominators, sites_of);
    for (run, bit) in (0..).zip(runs.flow.starts()) {
        let offset = cluster.range.offset_of(Svma(chunk.start.0 + u64::from(*bit)));
        dominance.push_stretch(offset.0, runs.implied_above(run).and_then(|above| runs.last_site(above)));
    }
    dominance.push_stretch(cluster.range.offset_of(cluster.end).0, None);
    for (run, by) in (0..).zip(&runs.implied) {
        if let (Some(by), Some(last)) = (by, runs.last_site(run)) {
            let by: Vec<u32> = by.iter().filter_map(|by| runs.last_site(*by)).collect();
            dominance.push_implied(last, &by);
        }
    }
    dominance
}

/// The runs of a cluster.
struct Runs {
    flow: Flow,
    /// Which sites are in each.
    sites: Vec<Range<usize>>,
    /// The nearest run with sites that was always executed before each.
    above: Vec<Option<u32>>,
    /// Of each that needs no breakpoint those that tell of it.
    implied: Vec<Option<Vec<u32>>>,
}

impl Runs {
    fn of(flow: Flow, dominators: &Dominators, sites: Vec<Range<usize>>) -> Runs {
        let mut above: Vec<Option<u32>> = vec![None; sites.len()];
        for &run in dominators.in_order() {
            above[run as usize] = dominators
                .above(run)
                .and_then(|next| if sites[next as usize].is_empty() { above[next as usize] } else { Some(next) });
        }
        let mut runs = Runs { flow, sites, above, implied: Vec::new() };
        runs.implied = (0..runs.sites.len() as u32).map(|run| runs.told_by(run)).collect();
        let mut above_it = vec![0; runs.sites.len()];
        for &run in dominators.in_order() {
            let count = runs.implied_above(run).map_or(0, |above| above_it[above as usize] + 1);
            above_it[run as usize] = count;
            if count >= Dominance::LONGEST {
                runs.implied[run as usize] = None;
            }
        }
        runs
    }

    fn last_site(&self, run: u32) -> Option<u32> {
        let sites = &self.sites[run as usize];
        (!sites.is_empty()).then(|| sites.end as u32 - 1)
    }

    /// The nearest run with sites above one, if it needs no breakpoint; otherwise its breakpoint has told of it.
    fn implied_above(&self, run: u32) -> Option<u32> {
        self.above[run as usize].filter(|above| self.implied[*above as usize].is_some())
    }

    /// The runs of which one is executed next, if all of them tell of this one.
    fn told_by(&self, run: u32) -> Option<Vec<u32>> {
        /// Runs without lines that are followed.
        const FOLLOWED: usize = 8;
        self.last_site(run)?;
        let (mut by, mut without, mut followed) = (Vec::new(), vec![run], 0);
        while let Some(at) = without.pop() {
            let next = self.flow.next(at);
            if next.is_empty() {
                return None;
            }
            for &next in next {
                if !self.sites[next as usize].is_empty() {
                    if self.above[next as usize] != Some(run) {
                        return None;
                    }
                    by.push(next);
                } else if followed < FOLLOWED {
                    followed += 1;
                    without.push(next);
                } else {
                    return None;
                }
            }
        }
        by.sort_unstable();
        by.dedup();
        Some(by)
    }
}
