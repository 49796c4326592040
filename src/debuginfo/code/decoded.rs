//! The code of an image, decoded once: where its instructions start, and where stretches of them end.
//!
//! Functions that overlap (aliases, entries in the middle, wrong sizes) form one cluster. It is decoded again at every
//! function start; where the decode before it does not meet that start, the two disagree and nothing is proven up to the
//! next start.
//!
//! Invariants: clusters are disjoint, so the cost is linear in the text however the functions overlap. A stretch of
//! straight-line code is entered at its first instruction only: wherever else control might come in, it is cut.

use super::chunk::{AddressKind, Chunk};
use super::clusters::{Cluster, clusters};
use super::entry_points::{EntryPoints, Habits};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::portions;
use crate::debuginfo::reading::text::Text;
use platform::arch::{ControlFlow, instructions};

/// The known functions of an image, decoded.
pub(crate) struct Code {
    /// In order of address.
    chunks: Vec<Chunk>,
    /// Addresses that it takes.
    labels: Vec<Svma>,
}

impl Code {
    /// Decodes those of the functions, given as (start, end), that start in text, each cut to the text range it starts
    /// in.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn decode(
        functions: Vec<(Svma, Svma)>,
        habits: Habits,
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Code, IndexError> {
        Self::decode_clusters(clusters(functions, text), habits, text, budget)
    }

    /// The same for those only that have one of the places in them, which are sorted.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn decode_around(
        places: &[Svma],
        functions: Vec<(Svma, Svma)>,
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Code, IndexError> {
        let mut clusters = clusters(functions, text);
        clusters.retain(|cluster| {
            let first = places.partition_point(|place| *place < cluster.start());
            places.get(first).is_some_and(|place| *place < cluster.end)
        });
        Self::decode_clusters(clusters, Habits::default(), text, budget)
    }

    fn decode_clusters(
        clusters: Vec<Cluster>,
        habits: Habits,
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Code, IndexError> {
        /// What one thread decodes at a time: well over what it costs to hand it over.
        const PORTION: u64 = 48 << 10;
        let mut chunks: Vec<Vec<Cluster>> = Vec::new();
        for cluster in clusters {
            budget.spend((cluster.end.0 - cluster.start().0) as usize)?;
            match chunks.last_mut() {
                Some(chunk) if chunk[0].range == cluster.range && cluster.end.0 - chunk[0].start().0 <= PORTION => {
                    chunk.push(cluster);
                }
                Some(_) | None => chunks.push(vec![cluster]),
            }
        }
        let chunks = portions::map(chunks, |clusters| Chunk::decode(clusters, habits, text));
        let mut code = Code { chunks, labels: Vec::new() };
        let mut targets = code.read_between(habits, text, budget)?;
        for chunk in &mut code.chunks {
            targets.append(&mut chunk.targets);
            code.labels.append(&mut chunk.labels);
        }
        for address in targets {
            code.cut(address);
        }
        Ok(code)
    }

    /// What lies between the known functions may be code too: takes the labels and gives the targets it seems to have.
    fn read_between(&mut self, habits: Habits, text: &Text<'_>, budget: &mut Budget) -> Result<Vec<Svma>, IndexError> {
        let mut targets = Vec::new();
        let mut known = self.chunks.iter().flat_map(|chunk| &chunk.clusters).peekable();
        if known.peek().is_none() {
            return Ok(targets);
        }
        for range in text.ranges() {
            let mut at = range.start;
            while at < range.end {
                let next = known.next_if(|cluster| cluster.start() < range.end);
                let end = next.map_or(range.end, Cluster::start);
                budget.spend((end.0 - at.0) as usize)?;
                while at < end {
                    // Behind what is no instruction it starts again with the next byte.
                    let mut resume = end;
                    for instruction in instructions(text.bytes_from(range, at), at.0) {
                        let start = Svma(at.0 + instruction.offset as u64);
                        if start >= end {
                            break;
                        }
                        if !instruction.valid {
                            resume = Svma(start.0 + 1);
                            break;
                        }
                        if let ControlFlow::Elsewhere(Some(target))
                        | ControlFlow::Branch(target)
                        | ControlFlow::Call(Some(target)) = instruction.flow
                        {
                            targets.push(Svma(target));
                        }
                        self.labels.extend(habits.label(&instruction));
                    }
                    at = resume;
                }
                at = next.map_or(range.end, |cluster| cluster.end);
            }
        }
        Ok(targets)
    }

    /// The addresses that the code takes, sorted without duplicates: those of labels and tables, among others.
    pub(crate) fn take_labels(&mut self) -> Vec<Svma> {
        let mut labels = std::mem::take(&mut self.labels);
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Takes where else control may come in. A cluster whose jumps that does not explain is all entries.
    pub(crate) fn enter(&mut self, entries: &EntryPoints) {
        for list in [&entries.stored, &entries.tables, &entries.labels, &entries.others] {
            for &address in list {
                self.cut(address);
            }
        }
        for chunk in &mut self.chunks {
            let unexplained = |cluster: &&Cluster| !chunk.is_explained(cluster, entries);
            let ranges: Vec<_> = chunk.clusters.iter().filter(unexplained).map(|c| (c.start(), c.end)).collect();
            for (start, end) in ranges {
                chunk.cut_all(start, end);
            }
        }
    }

    /// Takes it that control may come in at every instruction.
    pub(crate) fn enter_everywhere(&mut self) {
        for chunk in &mut self.chunks {
            chunk.cut_all(chunk.start, chunk.end);
        }
    }

    /// Whether known functions end there.
    pub(crate) fn is_end(&self, address: Svma) -> bool {
        let Some(chunk) = self.chunk_at(Svma(address.0.wrapping_sub(1))).map(|chunk| &self.chunks[chunk]) else {
            return false;
        };
        chunk.clusters.binary_search_by_key(&address, |cluster| cluster.end).is_ok()
    }

    /// The stretches that were decoded, in order of address.
    pub(crate) fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// What is known of an address.
    pub(crate) fn kind_of(&self, address: Svma) -> AddressKind {
        self.chunk_at(address).map_or(AddressKind::OutsideFunction, |chunk| {
            let chunk = &self.chunks[chunk];
            chunk.cluster_at(address).map_or(AddressKind::OutsideFunction, |_| chunk.kind_of(address))
        })
    }

    /// The same for many addresses, cheap where neighbours follow each other.
    pub(crate) fn seen_in_order(&self) -> InOrder<'_> {
        InOrder { code: self, last: None }
    }

    fn chunk_at(&self, address: Svma) -> Option<usize> {
        let after = self.chunks.partition_point(|chunk| chunk.start <= address);
        after.checked_sub(1).filter(|&chunk| address < self.chunks[chunk].end)
    }

    fn cut(&mut self, address: Svma) {
        if let Some(chunk) = self.chunk_at(address) {
            let chunk = &mut self.chunks[chunk];
            chunk.put_entry(address);
        }
    }
}

/// The code, looked at in about the order of addresses.
pub(crate) struct InOrder<'c> {
    code: &'c Code,
    /// The cluster that the last address was in.
    last: Option<(&'c Chunk, &'c Cluster)>,
}

impl<'c> InOrder<'c> {
    /// What is known of an address.
    pub(crate) fn kind_of(&mut self, address: Svma) -> AddressKind {
        self.find(address).map_or(AddressKind::OutsideFunction, |chunk| chunk.kind_of(address))
    }

    /// How many bytes of straight-line code there are from `address` on: once its first instruction was executed, the
    /// others are, unless one faults or the thread is stopped for good.
    pub(crate) fn straight(&mut self, address: Svma) -> u32 {
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
