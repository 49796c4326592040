//! A stretch of neighbouring functions, decoded: one thread's work.
//!
//! Invariants: a bit of any of its sets means the byte at that distance from the chunk's start. Every
//! cut that is no entry is a place inside one cluster where control comes in only from what its `leads` tell, or from the
//! instruction before it.

use super::clusters::Cluster;
use super::entry_points::{EntryPoints, Habits};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::text::Text;
use crate::plan::Bits;
use platform::arch::{ControlFlow, LONGEST, instructions};
use std::ops::Range;

/// What the decode says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressKind {
    /// An instruction starts there.
    Start,
    /// No known function covers it.
    OutsideFunction,
    /// It lies inside an instruction.
    InsideInstruction,
    /// Bytes before it, in the same function, are no instruction.
    Undecodable,
    /// Two functions that both cover it disagree about where instructions start.
    Contested,
}

/// Neighbouring clusters, decoded.
pub(crate) struct Chunk {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) start: Svma,
    pub(crate) end: Svma,
    /// Where an instruction starts, one bit per byte.
    pub(crate) starts: Bits,
    /// Where a stretch starts or the last one has ended, one bit per byte.
    pub(crate) cuts: Bits,
    /// The cuts where control may come in from anywhere.
    pub(crate) entries: Bits,
    /// The targets of jumps within a cluster.
    jumped: Bits,
    /// Where else control may come in: calls, tables, data.
    landings: Bits,
    /// Instructions that are executed behind the one before them, in the order of addresses; what fills space does not
    /// count.
    follows: Bits,
    /// Parts into which control may come anywhere.
    open: Vec<Range<Svma>>,
    /// How the stretches end that do not go on with the next one, in order of address.
    pub(crate) leads: Vec<Lead>,
    /// Parts in which the decode proves nothing, in order of address.
    pub(crate) doubtful: Vec<Doubt>,
    /// Where the code goes.
    pub(crate) targets: Vec<Svma>,
    /// What it takes the address of.
    pub(crate) labels: Vec<Svma>,
}

/// A part of the code in which the decode proves nothing.
pub(crate) struct Doubt {
    start: Svma,
    end: Svma,
    /// What its addresses are, as far as that is known.
    kind: AddressKind,
}

/// Where control goes from the end of a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lead {
    /// The bit behind the stretch's last instruction.
    pub(crate) end: u32,
    pub(crate) to: To,
}

/// Where an instruction leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// Out of the cluster, or it is not known where.
    Out,
    /// To a bit of the same cluster.
    Place(u32),
    /// There, or to the next instruction.
    PlaceOrNext(u32),
}

impl Chunk {
    pub(crate) fn cluster_at(&self, address: Svma) -> Option<&Cluster> {
        let after = self.clusters.partition_point(|cluster| cluster.start() <= address);
        self.clusters[..after].last().filter(|cluster| address < cluster.end)
    }

    /// What is known of an address that a cluster covers.
    pub(crate) fn kind_of(&self, address: Svma) -> AddressKind {
        let starts = self.starts.get(self.bit(address));
        let after = self.doubtful.partition_point(|doubt| doubt.start <= address);
        match self.doubtful[..after].last().filter(|doubt| address < doubt.end) {
            Some(Doubt { kind: AddressKind::Undecodable, .. }) => AddressKind::Undecodable,
            Some(doubt) if starts => doubt.kind,
            Some(_) | None if starts => AddressKind::Start,
            Some(_) | None => AddressKind::InsideInstruction,
        }
    }

    pub(crate) fn decode(clusters: Vec<Cluster>, habits: Habits, text: &Text<'_>) -> Chunk {
        let start = clusters[0].start();
        let end = clusters.last().map_or(start, |cluster| cluster.end);
        let bits = Bits::clear_of((end.0 - start.0) as u32 + 1);
        let mut chunk = Chunk {
            clusters: Vec::new(),
            start,
            end,
            starts: bits.clone(),
            cuts: bits.clone(),
            entries: bits.clone(),
            jumped: bits.clone(),
            landings: bits.clone(),
            follows: bits,
            open: Vec::new(),
            leads: Vec::new(),
            doubtful: Vec::new(),
            targets: Vec::new(),
            labels: Vec::new(),
        };
        for mut cluster in clusters {
            chunk.decode_cluster(&mut cluster, habits, text);
            chunk.clusters.push(cluster);
        }
        chunk
    }

    fn decode_cluster(&mut self, cluster: &mut Cluster, habits: Habits, text: &Text<'_>) {
        let (mut contested, mut is_clear) = (false, true);
        for i in 0..cluster.starts.len() {
            let start = cluster.starts[i];
            let end = cluster.starts.get(i + 1).copied().unwrap_or(cluster.end);
            if contested {
                self.doubtful.push(Doubt { start, end, kind: AddressKind::Contested });
            }
            self.put_entry(start);
            let next = self.decode_function(start..end, cluster, habits, text);
            // Where the decode ended before, too few bytes were left or they are no instruction.
            contested = next > end;
            is_clear &= next == end;
        }
        self.put_entry(cluster.end);
        if !is_clear {
            self.cut_all(cluster.start(), cluster.end);
        }
    }

    /// Decodes from one start to the next; gives where the last instruction ends.
    fn decode_function(
        &mut self,
        Range { start, end }: Range<Svma>,
        cluster: &mut Cluster,
        habits: Habits,
        text: &Text<'_>,
    ) -> Svma {
        let mut next = start;
        let mut follows = false;
        for instruction in instructions(text.bytes_from(&cluster.range, start), start.0) {
            let at = Svma(start.0 + instruction.offset as u64);
            if at >= end {
                break;
            }
            if !instruction.valid {
                self.doubtful.push(Doubt { start: at, end, kind: AddressKind::Undecodable });
                self.put_entry(at);
                break;
            }
            next = Svma(at.0 + instruction.len as u64);
            self.starts.put(self.bit(at), true);
            self.follows.put(self.bit(at), follows);
            follows = match instruction.flow {
                ControlFlow::Next if instruction.idle => follows,
                ControlFlow::Elsewhere(_) | ControlFlow::Indirect | ControlFlow::Table | ControlFlow::Loaded => false,
                ControlFlow::Next
                | ControlFlow::Branch(_)
                | ControlFlow::Call(_)
                | ControlFlow::System
                | ControlFlow::Landing => true,
            };
            self.follow(instruction.flow, at, next, cluster, habits);
            self.labels.extend(habits.label(&instruction));
        }
        next
    }

    /// Notes where control goes after the instruction from `at` to `next`.
    fn follow(&mut self, flow: ControlFlow, at: Svma, next: Svma, cluster: &mut Cluster, habits: Habits) {
        match flow {
            ControlFlow::Next => {}
            ControlFlow::Landing => self.put_landing(at),
            ControlFlow::Elsewhere(target) => self.leave(next, target, To::Place, cluster),
            ControlFlow::Branch(target) => self.leave(next, Some(target), To::PlaceOrNext, cluster),
            ControlFlow::Indirect | ControlFlow::Table | ControlFlow::Loaded => {
                cluster.jumps.anywhere |= flow == ControlFlow::Indirect;
                cluster.jumps.by_array |= flow != ControlFlow::Indirect;
                cluster.jumps.loaded.extend((flow == ControlFlow::Loaded).then_some(at));
                self.leave(next, None, To::Place, cluster);
            }
            ControlFlow::Call(target) => {
                if habits.calls_are_entries {
                    self.put_entry(at);
                }
                self.come_back(next);
                self.come_from_elsewhere(target);
            }
            ControlFlow::System => self.come_back(next),
        }
    }

    /// Control goes out, and comes back if it does.
    fn come_back(&mut self, next: Svma) {
        self.put_entry(next);
        self.leads.push(Lead { end: self.bit(next), to: To::Out });
    }

    /// Whether it is known where the jumps of a cluster go.
    ///
    /// From the address of a place inside, once it is known, all others may be computed: by adding a distance, and by a
    /// jump that does not look like one (a return, a thunk). Only what arrays and tables of a compiler hold is as it is.
    pub(crate) fn is_explained(&self, cluster: &Cluster, entries: &EntryPoints) -> bool {
        let jumps = &cluster.jumps;
        let is_entered = |at: &Svma| self.cuts.get(self.bit(*at));
        if cluster.has_one_inside(&entries.labels) {
            false
        } else if cluster.has_one_inside(&entries.stored) {
            jumps.by_array && !jumps.anywhere && !jumps.loaded.iter().any(is_entered)
        } else {
            (!jumps.anywhere && !jumps.by_array) || cluster.has_one_inside(&entries.tables)
        }
    }

    /// An instruction ends at `next` after which control goes to the target, as `to` says.
    fn leave(&mut self, next: Svma, target: Option<u64>, to: fn(u32) -> To, cluster: &Cluster) {
        self.put_cut(next);
        let inside = target.map(Svma).filter(|target| cluster.start() <= *target && *target < cluster.end);
        let lead = inside.map_or(To::Out, |target| to(self.bit(target)));
        self.leads.push(Lead { end: self.bit(next), to: lead });
        match inside {
            Some(target) => {
                self.put_cut(target);
                self.jumped.put(self.bit(target), true);
            }
            None => {
                self.come_from_elsewhere(target);
                // Whether the next one follows is not told any more.
                if matches!(to(0), To::PlaceOrNext(_)) {
                    self.put_entry(next);
                }
            }
        }
    }

    /// Control comes to a place from another cluster, or by a call.
    fn come_from_elsewhere(&mut self, target: Option<u64>) {
        match target.map(Svma) {
            Some(target) if self.start <= target && target < self.end => self.put_landing(target),
            target => self.targets.extend(target),
        }
    }

    pub(crate) fn cut_all(&mut self, start: Svma, end: Svma) {
        self.open.push(start..end);
        let (mut bit, end) = (self.bit(start.max(self.start)), self.bit(end.min(self.end)));
        while let Some(at) = self.starts.first_from(bit).filter(|&at| at < end) {
            self.cuts.put(at, true);
            self.entries.put(at, true);
            bit = at + 1;
        }
    }

    fn put_cut(&mut self, address: Svma) {
        self.cuts.put(self.bit(address), true);
    }

    pub(crate) fn put_entry(&mut self, address: Svma) {
        self.put_cut(address);
        self.entries.put(self.bit(address), true);
    }

    /// Control may come in there from elsewhere.
    pub(crate) fn put_landing(&mut self, address: Svma) {
        self.put_entry(address);
        self.landings.put(self.bit(address), true);
    }

    /// Whether control comes to an instruction in several ways, or where a table says: a statement that begins there
    /// without an instruction of its own may be of only one of them.
    pub(crate) fn is_joined(&self, address: Svma) -> bool {
        let bit = self.bit(address);
        let is_start = || self.cluster_at(address).is_none_or(|cluster| cluster.starts.binary_search(&address).is_ok());
        let is_entered = || self.jumped.get(bit) || self.open.iter().any(|part| part.contains(&address));
        (self.landings.get(bit) && !is_start()) || is_entered() && self.comes_from_before(bit)
    }

    /// Whether an instruction is executed behind the one before it, or behind what fills the space before it and is jumped to.
    fn comes_from_before(&self, bit: u32) -> bool {
        /// Instructions that fill space before one that is aligned, at the most.
        const FILLING: usize = 64;
        let mut at = bit;
        for _ in 0..FILLING {
            if self.follows.get(at) {
                return true;
            }
            let is_left = self.leads.binary_search_by_key(&at, |lead| lead.end).is_ok();
            let Some(before) = self.before(at).filter(|_| !is_left) else { return false };
            if self.jumped.get(before) || self.landings.get(before) {
                return true;
            }
            at = before;
        }
        true
    }

    /// The instruction that ends there.
    fn before(&self, end: u32) -> Option<u32> {
        (0..end).rev().take(LONGEST).find(|bit| self.starts.get(*bit))
    }

    /// The first place from a bit on where control may come in otherwise than by a jump within a cluster.
    pub(crate) fn landing_from(&self, bit: u32) -> Option<u32> {
        self.landings.first_from(bit)
    }

    /// The instructions in some bytes of code that lead elsewhere; of a jump within its cluster nothing, since compilers
    /// move it.
    pub(crate) fn fixed_within(&self, address: Svma, len: u32) -> impl Iterator<Item = Option<Svma>> {
        let start = self.bit(address);
        let first = self.leads.partition_point(|lead| lead.end <= start);
        let leads = self.leads[first..].iter().take_while(move |lead| lead.end <= start.saturating_add(len));
        leads.map(|lead| {
            let at = self.before(lead.end).filter(|_| !matches!(lead.to, To::Place(_)));
            at.map(|bit| Svma(self.start.0 + u64::from(bit)))
        })
    }

    pub(crate) fn bit(&self, address: Svma) -> u32 {
        (address.0 - self.start.0) as u32
    }
}
