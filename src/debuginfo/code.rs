//! The code of an image, decoded once: where its instructions start, and where straight-line runs of them end.
//!
//! Functions that overlap (aliases, entries in the middle, wrong sizes) form one cluster. It is decoded anew at every
//! function start; where the decode before it does not meet that start, the two disagree and nothing is proven up to the
//! next start.
//!
//! Invariants: clusters are disjoint, so the cost is linear in the text however the functions overlap. A run of
//! straight-line code is entered at its first instruction only: wherever else control might come in, it is cut.

use platform::arch::{Flow, instructions};

use super::error::{Budget, IndexError};
use super::index::Svma;
use super::portions;
use super::text::{Text, TextRange};
use crate::bits::Bits;

/// What the decode says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
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

/// What the code does that its bytes do not tell.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Habits {
    /// Whether it is loaded where it was linked, so that numbers may be addresses.
    pub(super) is_absolute: bool,
    /// Whether control may come back to before a call, as in Go once a panic is recovered.
    pub(super) calls_are_entries: bool,
}

/// The known functions of an image, decoded.
pub(super) struct Code {
    /// In order of address.
    chunks: Vec<Chunk>,
}

/// Neighbouring clusters.
struct Chunk {
    clusters: Vec<Cluster>,
    start: Svma,
    end: Svma,
    /// Where an instruction starts, one bit per byte.
    starts: Bits,
    /// Where a run of straight-line code starts or the last one has ended, one bit per byte.
    cuts: Bits,
    /// Parts in which the decode proves nothing, in order of address.
    doubtful: Vec<(Svma, Svma, Standing)>,
    /// Where the code goes.
    targets: Vec<Svma>,
    /// What it takes the address of.
    labels: Vec<Svma>,
}

/// Functions that overlap.
struct Cluster {
    range: TextRange,
    end: Svma,
    /// Where its functions start, sorted without duplicates; the cluster starts with the first.
    starts: Vec<Svma>,
    /// Whether it jumps to where a register or a table says.
    jumps_anywhere: bool,
}

impl Cluster {
    fn start(&self) -> Svma {
        self.starts[0]
    }

    /// Whether an address is in it and no function's start.
    fn has_inside(&self, address: Svma) -> bool {
        self.start() < address && address < self.end && self.starts.binary_search(&address).is_err()
    }
}

impl Code {
    /// Decodes those of the functions, given as (start, end), that start in text, each cut to the text range it starts
    /// in.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(super) fn decode(
        functions: Vec<(Svma, Svma)>,
        habits: Habits,
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Code, IndexError> {
        /// What one thread decodes at a time: well over what it costs to hand it over.
        const PORTION: u64 = 256 << 10;
        let mut chunks: Vec<Vec<Cluster>> = Vec::new();
        for cluster in clusters(functions, text) {
            budget.spend((cluster.end.0 - cluster.start().0) as usize)?;
            match chunks.last_mut() {
                Some(chunk) if chunk[0].range == cluster.range && cluster.end.0 - chunk[0].start().0 <= PORTION => {
                    chunk.push(cluster);
                }
                Some(_) | None => chunks.push(vec![cluster]),
            }
        }
        let chunks = portions::map(chunks, |clusters| Chunk::decode(clusters, habits, text));
        let mut code = Code { chunks };
        let of = |part: fn(&mut Chunk) -> &mut Vec<Svma>, code: &mut Code| -> Vec<Svma> {
            code.chunks.iter_mut().flat_map(|chunk| std::mem::take(part(chunk))).collect()
        };
        for address in of(|chunk| &mut chunk.targets, &mut code) {
            code.cut(address);
        }
        Ok(code)
    }

    /// The addresses that the code takes, sorted without duplicates: those of labels and tables, among others.
    pub(super) fn take_labels(&mut self) -> Vec<Svma> {
        let mut labels: Vec<Svma> =
            self.chunks.iter_mut().flat_map(|chunk| std::mem::take(&mut chunk.labels)).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Takes where else control may come in: `entries` that data tells of, sorted, and `opaque` functions of which
    /// nothing is known.
    pub(super) fn enter(&mut self, entries: &[Svma], opaque: &[(Svma, Svma)]) {
        for &address in entries {
            self.cut(address);
        }
        for &(start, end) in opaque {
            let mut at = start;
            while at < end
                && let Some(chunk) = self.chunk_at(at)
            {
                let chunk_end = self.chunks[chunk].end;
                self.chunks[chunk].cut_all(at, end);
                at = chunk_end;
            }
        }
        for chunk in &mut self.chunks {
            let unresolved = |cluster: &&Cluster| {
                let first = entries.partition_point(|entry| *entry <= cluster.start());
                let inside = entries[first..].iter().take_while(|entry| **entry < cluster.end);
                cluster.jumps_anywhere && !inside.into_iter().any(|entry| cluster.has_inside(*entry))
            };
            let ranges: Vec<_> = chunk.clusters.iter().filter(unresolved).map(|c| (c.start(), c.end)).collect();
            for (start, end) in ranges {
                chunk.cut_all(start, end);
            }
        }
    }

    /// Takes labels whose address the code takes.
    pub(super) fn enter_labels(&mut self, labels: &[Svma]) {
        for &address in labels {
            self.cut(address);
        }
    }

    /// What is known of an address.
    pub(super) fn standing(&self, address: Svma) -> Standing {
        self.chunk_at(address).map_or(Standing::OutsideFunction, |chunk| {
            let chunk = &self.chunks[chunk];
            chunk.cluster_at(address).map_or(Standing::OutsideFunction, |_| chunk.standing(address))
        })
    }

    /// The same for many addresses, cheap where neighbours follow each other.
    pub(super) fn seen_in_order(&self) -> InOrder<'_> {
        InOrder { code: self, last: None }
    }

    fn chunk_at(&self, address: Svma) -> Option<usize> {
        let after = self.chunks.partition_point(|chunk| chunk.start <= address);
        after.checked_sub(1).filter(|&chunk| address < self.chunks[chunk].end)
    }

    fn cut(&mut self, address: Svma) {
        if let Some(chunk) = self.chunk_at(address) {
            let chunk = &mut self.chunks[chunk];
            chunk.cuts.put(chunk.bit(address), true);
        }
    }
}

/// The code, looked at in about the order of addresses.
pub(super) struct InOrder<'c> {
    code: &'c Code,
    /// The cluster that the last address was in.
    last: Option<(&'c Chunk, &'c Cluster)>,
}

impl<'c> InOrder<'c> {
    /// What is known of an address.
    pub(super) fn standing(&mut self, address: Svma) -> Standing {
        self.find(address).map_or(Standing::OutsideFunction, |chunk| chunk.standing(address))
    }

    /// How many bytes of straight-line code there are from `address` on: once its first instruction was executed, the
    /// others are, unless one faults or the thread is stopped for good.
    pub(super) fn straight(&mut self, address: Svma) -> u32 {
        let Some(chunk) = self.find(address) else { return 1 };
        let bit = chunk.bit(address);
        chunk.cuts.first_from(bit + 1).map_or(1, |cut| cut - bit)
    }

    /// The chunk of an address, if a function covers it.
    fn find(&mut self, address: Svma) -> Option<&'c Chunk> {
        let covers = |cluster: &Cluster| cluster.start() <= address && address < cluster.end;
        if self.last.is_none_or(|(_, cluster)| !covers(cluster)) {
            let chunk = &self.code.chunks[self.code.chunk_at(address)?];
            self.last = Some((chunk, chunk.cluster_at(address)?));
        }
        self.last.map(|(chunk, _)| chunk)
    }
}

impl Chunk {
    fn cluster_at(&self, address: Svma) -> Option<&Cluster> {
        let after = self.clusters.partition_point(|cluster| cluster.start() <= address);
        self.clusters[..after].last().filter(|cluster| address < cluster.end)
    }

    /// What is known of an address that a cluster covers.
    fn standing(&self, address: Svma) -> Standing {
        let starts = self.starts.get(self.bit(address));
        let after = self.doubtful.partition_point(|(start, ..)| *start <= address);
        match self.doubtful[..after].last() {
            Some((_, end, Standing::Undecodable)) if address < *end => Standing::Undecodable,
            Some((_, end, standing)) if address < *end && starts => *standing,
            Some(_) | None if starts => Standing::Start,
            Some(_) | None => Standing::InsideInstruction,
        }
    }

    fn decode(clusters: Vec<Cluster>, habits: Habits, text: &Text<'_>) -> Chunk {
        let start = clusters[0].start();
        let end = clusters.last().map_or(start, |cluster| cluster.end);
        let bits = Bits::clear_of((end.0 - start.0) as u32 + 1);
        let mut chunk = Chunk {
            clusters: Vec::new(),
            start,
            end,
            starts: bits.clone(),
            cuts: bits,
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
        let labels_before = self.labels.len();
        for (i, &start) in cluster.starts.iter().enumerate() {
            let end = cluster.starts.get(i + 1).copied().unwrap_or(cluster.end);
            if contested {
                self.doubtful.push((start, end, Standing::Contested));
            }
            self.put_cut(start);
            let mut next = start;
            for instruction in instructions(text.bytes_from(&cluster.range, start), start.0) {
                let at = Svma(start.0 + instruction.offset as u64);
                if at >= end {
                    break;
                }
                if !instruction.valid {
                    self.doubtful.push((at, end, Standing::Undecodable));
                    self.put_cut(at);
                    break;
                }
                next = Svma(at.0 + instruction.len as u64);
                self.starts.put(self.bit(at), true);
                match instruction.flow {
                    Flow::Next => {}
                    Flow::Landing => self.put_cut(at),
                    Flow::Elsewhere(target) => self.leave(next, target),
                    Flow::Indirect => {
                        cluster.jumps_anywhere = true;
                        self.leave(next, None);
                    }
                    Flow::Call(target) => {
                        if habits.calls_are_entries {
                            self.put_cut(at);
                        }
                        self.leave(next, target);
                    }
                }
                let immediate = instruction.immediate.filter(|_| habits.is_absolute);
                self.labels.extend(instruction.label.or(immediate).map(Svma));
            }
            // Where the decode ended before, too few bytes were left or they are no instruction.
            contested = next > end;
            is_clear &= next == end;
        }
        self.put_cut(cluster.end);
        let takes_own_label = self.labels[labels_before..].iter().any(|label| cluster.has_inside(*label));
        // A jump to the sum of such a label and a number may go anywhere.
        if !is_clear || (cluster.jumps_anywhere && takes_own_label) {
            self.cut_all(cluster.start(), cluster.end);
        }
    }

    /// An instruction ends at `next` after which control may be elsewhere.
    fn leave(&mut self, next: Svma, target: Option<u64>) {
        self.put_cut(next);
        match target.map(Svma) {
            Some(target) if self.start <= target && target < self.end => self.put_cut(target),
            target => self.targets.extend(target),
        }
    }

    fn cut_all(&mut self, start: Svma, end: Svma) {
        let (mut bit, end) = (self.bit(start.max(self.start)), self.bit(end.min(self.end)));
        while let Some(at) = self.starts.first_from(bit).filter(|&at| at < end) {
            self.cuts.put(at, true);
            bit = at + 1;
        }
    }

    fn put_cut(&mut self, address: Svma) {
        self.cuts.put(self.bit(address), true);
    }

    fn bit(&self, address: Svma) -> u32 {
        (address.0 - self.start.0) as u32
    }
}

/// The clusters of functions given as (start, end), in order of address.
fn clusters(mut functions: Vec<(Svma, Svma)>, text: &Text<'_>) -> Vec<Cluster> {
    /// No honest function is longer; what lies behind belongs to none.
    const LONGEST: u64 = 1 << 30;
    functions.sort_unstable();
    let mut clusters: Vec<Cluster> = Vec::new();
    let mut places = text.ranges().iter().peekable();
    for (start, end) in functions {
        while places.next_if(|place| place.end <= start).is_some() {}
        let Some(place) = places.peek() else { break };
        let end = end.min(place.end).min(Svma(start.0.saturating_add(LONGEST)));
        if start < place.start || end <= start {
            continue;
        }
        match clusters.last_mut() {
            Some(last) if start < last.end => {
                last.end = last.end.max(end).min(Svma(last.start().0.saturating_add(LONGEST)));
                if last.starts.last() != Some(&start) {
                    last.starts.push(start);
                }
            }
            Some(_) | None => {
                clusters.push(Cluster { range: **place, end, starts: vec![start], jumps_anywhere: false });
            }
        }
    }
    clusters
}
