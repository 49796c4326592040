//! Which stretches need no breakpoint of their own, because whatever is executed next tells of them.
//!
//! Invariant: from the end of such a stretch every way leads, over code without lines at most, to a stretch with lines
//! before which it always was, and no call is in between.

use super::chunk::Chunk;
use super::clusters::Cluster;
use super::decoded::Code;
use super::flow::{ClusterFlow, Dominators};
use crate::debuginfo::index::Svma;
use crate::debuginfo::lines::sites::Site;
use crate::debuginfo::reading::portions;
use crate::plan::Dominance;
use std::ops::Range;

/// What is known of the sites, which are in order of their address; nothing if that is not the order of their offsets.
pub(crate) fn dominance(sites: &[Site], code: &Code) -> Dominance {
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
    let Some(mut flow) = ClusterFlow::of(cluster, chunk) else { return dominance };
    let Some(dominators) = flow.dominators() else { return dominance };
    let mut places = flow.starts().iter().map(|bit| sites.partition_point(|site| chunk.bit(site.address) < *bit));
    let mut start = places.next().unwrap_or(0);
    let ends = places.chain([sites.len()]);
    let sites_of = ends.map(|end| std::mem::replace(&mut start, end)..end).collect();
    let stretches = StretchGraph::of(flow, &dominators, sites_of);
    for (stretch, bit) in (0..).zip(stretches.flow.starts()) {
        let offset = cluster.range.offset_of(Svma(chunk.start.0 + u64::from(*bit)));
        dominance.push_stretch(offset, stretches.implied_above(stretch).and_then(|above| stretches.last_site(above)));
    }
    dominance.push_stretch(cluster.range.offset_of(cluster.end), None);
    for (stretch, by) in (0..).zip(&stretches.implied) {
        if let (Some(by), Some(last)) = (by, stretches.last_site(stretch)) {
            let by: Vec<u32> = by.iter().filter_map(|by| stretches.last_site(*by)).collect();
            dominance.push_implied(last, &by);
        }
    }
    dominance
}

/// The stretches of a cluster.
struct StretchGraph {
    flow: ClusterFlow,
    /// Which sites are in each.
    sites: Vec<Range<usize>>,
    /// The nearest stretch with sites that was always executed before each.
    above: Vec<Option<u32>>,
    /// Of each that needs no breakpoint those that tell of it.
    implied: Vec<Option<Vec<u32>>>,
}

impl StretchGraph {
    fn of(flow: ClusterFlow, dominators: &Dominators, sites: Vec<Range<usize>>) -> StretchGraph {
        let mut above: Vec<Option<u32>> = vec![None; sites.len()];
        for &stretch in dominators.in_order() {
            above[stretch as usize] = dominators
                .above(stretch)
                .and_then(|next| if sites[next as usize].is_empty() { above[next as usize] } else { Some(next) });
        }
        let mut stretches = StretchGraph { flow, sites, above, implied: Vec::new() };
        stretches.implied = (0..stretches.sites.len() as u32).map(|stretch| stretches.told_by(stretch)).collect();
        let mut above_it = vec![0; stretches.sites.len()];
        for &stretch in dominators.in_order() {
            let count = stretches.implied_above(stretch).map_or(0, |above| above_it[above as usize] + 1);
            above_it[stretch as usize] = count;
            if count >= Dominance::LONGEST {
                stretches.implied[stretch as usize] = None;
            }
        }
        stretches
    }

    fn last_site(&self, stretch: u32) -> Option<u32> {
        let sites = &self.sites[stretch as usize];
        (!sites.is_empty()).then(|| sites.end as u32 - 1)
    }

    /// The nearest stretch with sites above one, if it needs no breakpoint; otherwise its breakpoint has told of it.
    fn implied_above(&self, stretch: u32) -> Option<u32> {
        self.above[stretch as usize].filter(|above| self.implied[*above as usize].is_some())
    }

    /// The stretches of which one is executed next, if all of them tell of this one.
    fn told_by(&self, stretch: u32) -> Option<Vec<u32>> {
        /// Stretches without lines that are followed.
        const FOLLOWED: usize = 8;
        self.last_site(stretch)?;
        let (mut by, mut without, mut followed) = (Vec::new(), vec![stretch], 0);
        while let Some(at) = without.pop() {
            let next = self.flow.next(at);
            if next.is_empty() {
                return None;
            }
            for &next in next {
                if !self.sites[next as usize].is_empty() {
                    if self.above[next as usize] != Some(stretch) {
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

#[cfg(test)]
mod tests {
    use super::super::entry_points::{EntryPoints, Habits};
    use super::*;
    use crate::debuginfo::error::Budget;
    use crate::debuginfo::index::FileOffset;
    use crate::debuginfo::reading::paths::FileId;
    use crate::debuginfo::reading::text::{Text, TextRange};

    const BASE: u64 = 0x1000;

    /// What is known of sites in one function of these bytes, which is entered at its start and at `entries` only.
    fn known(bytes: &[u8], sites: &[u64], entries: &[u64]) -> (Vec<u64>, Vec<(u64, u64)>) {
        let end = Svma(BASE + bytes.len() as u64);
        let range = TextRange { start: Svma(BASE), end, offset: FileOffset(0) };
        let text = Text::new(bytes, vec![range], None);
        let mut budget = Budget::for_bytes(0);
        let mut code =
            Code::decode(vec![(Svma(BASE), end)], Habits::default(), &text, &mut budget, &|| ()).expect("budget");
        let others = entries.iter().map(|at| Svma(BASE + at)).collect();
        code.enter(&EntryPoints { others, ..EntryPoints::default() });
        let site = |&at: &u64| {
            let (address, file, original) = (Svma(BASE + at), FileId(0), bytes[at as usize]);
            let straight = code.seen_in_order().straight(address);
            Site { address, offset: FileOffset(at), file, line: 1, original, straight }
        };
        let found: Vec<Site> = sites.iter().map(site).collect();
        let dominance = dominance(&found, &code);
        assert!(dominance.holds(sites.len()));
        let implied = (0..).zip(sites).filter(|(number, _)| dominance.is_implied(*number)).map(|(_, at)| *at);
        let before =
            (0..bytes.len() as u64).filter_map(|at| Some((at, sites[dominance.before(FileOffset(at))? as usize])));
        (implied.collect(), before.collect())
    }

    // nop; jne 6; nop; jmp 7; nop; nop; ret
    const CHOICE: [u8; 9] = [0x90, 0x75, 3, 0x90, 0xeb, 1, 0x90, 0x90, 0xc3];

    #[test]
    fn a_choice_is_told_by_both_ways() {
        let behind = (3..9).map(|at| (at, 0)).collect();
        assert_eq!(known(&CHOICE, &[0, 3, 6, 7], &[]), (vec![0], behind));
        assert_eq!(known(&CHOICE, &[0, 3, 6, 7], &[6]), (vec![], vec![]), "who comes in there was not before");
        assert_eq!(
            known(&CHOICE, &[0, 3, 6, 7], &[7]).0,
            [0],
            "both ways tell of it, also if control comes in behind them"
        );
        assert_eq!(known(&CHOICE, &[0, 3, 7], &[]).0, [0], "a way without lines leads to where it always was before");
        assert_eq!(
            known(&CHOICE, &[0, 3, 7], &[7]).0,
            Vec::<u64>::new(),
            "a way without lines leads to where it may not"
        );
        assert_eq!(known(&CHOICE, &[0], &[]).0, Vec::<u64>::new(), "nothing tells of it");
    }

    #[test]
    fn a_loop_is_told_by_its_last_run() {
        // nop; 1: nop; je 6; nop; jmp 1; 6: ret
        let code = [0x90, 0x90, 0x74, 3, 0x90, 0xeb, 0xfa, 0xc3];
        let (implied, before) = known(&code, &[0, 1, 4, 7], &[]);
        assert_eq!(implied, [0, 1]);
        assert_eq!(before, [(1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (7, 1)]);
        // 0: nop; jne 0; ret
        assert_eq!(known(&[0x90, 0x75, 0xfd, 0xc3], &[0, 3], &[]).0, Vec::<u64>::new(), "it may go on for ever");
    }

    #[test]
    fn nothing_is_told_across_a_call() {
        // nop; call the end; nop; jne 10; ret; ret
        let code = [0x90, 0xe8, 4, 0, 0, 0, 0x90, 0x75, 1, 0xc3, 0xc3];
        assert_eq!(known(&code, &[0, 6, 9, 10], &[]).0, Vec::<u64>::new(), "the call may go to 10 too");
        let code = [0x90, 0xe8, 9, 0, 0, 0, 0x90, 0x75, 1, 0xc3, 0xc3];
        assert_eq!(known(&code, &[0, 6, 9, 10], &[]), (vec![6], vec![(9, 6), (10, 6)]));
    }

    #[test]
    fn code_that_may_be_entered_everywhere_tells_nothing() {
        // As CHOICE, with a jump to where a register says.
        let code = [0x90, 0x75, 3, 0x90, 0xeb, 1, 0x90, 0xff, 0xe0];
        assert_eq!(known(&code, &[0, 3, 6, 7], &[]), (vec![], vec![]));
        // A branch into the middle of an instruction: nop; jne 4; mov $0x90909090, %eax; ret
        let code = [0x90, 0x75, 1, 0xb8, 0x90, 0x90, 0x90, 0x90, 0xc3];
        assert_eq!(known(&code, &[0, 3, 8], &[]), (vec![], vec![]));
    }

    #[test]
    fn one_breakpoint_tells_of_a_bounded_number() {
        // Each stretch branches to the end or goes on: jne end, 200 times; the end.
        let mut code: Vec<u8> = Vec::new();
        for at in 0..200u32 {
            code.extend([0x0f, 0x85]);
            code.extend((200 * 6 - 6 * (at + 1)).to_le_bytes());
        }
        code.push(0xc3);
        let sites: Vec<u64> = (0..200).map(|at| at * 6).collect();
        assert_eq!(known(&code, &sites, &[]).0, Vec::<u64>::new(), "all lead to an end without lines");
        let sites: Vec<u64> = (0..=200).map(|at| at * 6).collect();
        let (implied, _) = known(&code, &sites, &[]);
        assert_eq!(implied, [0], "the others may end where the first leads");
        // je over one stretch that goes on: a ladder of choices.
        let code: Vec<u8> = [&[0x74, 1, 0x90][..]; 200].concat().into_iter().chain([0xc3]).collect();
        let sites: Vec<u64> = (0..200).flat_map(|at| [at * 3, at * 3 + 2]).chain([600]).collect();
        let (implied, _) = known(&code, &sites, &[]);
        assert!(implied.len() >= 190 && implied.len() < 200, "{}", implied.len());
    }
}
