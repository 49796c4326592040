//! The code of an image, decoded once: where its instructions start, and where stretches of them end.
//!
//! Functions that overlap (aliases, entries in the middle, wrong sizes) form one cluster. It is decoded again at every
//! function start; where the decode before it does not meet that start, the two disagree and nothing is proven up to the
//! next start.
//!
//! Invariants: clusters are disjoint, so the cost is linear in the text however the functions overlap. A stretch of
//! straight-line code is entered at its first instruction only: wherever else control might come in, it is cut.

use super::between::{Between, Pages, gaps, is_inside};
use super::chunk::{AddressKind, Chunk};
use super::clusters::{Cluster, clusters};
use super::entry_points::{EntryPoints, Habits};
use crate::debuginfo::error::{Budget, IndexError};
use crate::debuginfo::index::Svma;
use crate::debuginfo::reading::portions;
use crate::debuginfo::reading::text::Text;

/// The known functions of an image, decoded.
pub(crate) struct Code {
    /// In order of address.
    chunks: Vec<Chunk>,
    /// Addresses that it takes.
    labels: Vec<Svma>,
    /// Functions that were decoded for where they lead to only, in order of address.
    passed: Vec<(Svma, Svma)>,
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
        step_done: &(dyn Fn() + Sync),
    ) -> Result<Code, IndexError> {
        Self::decode_clusters(clusters(functions, text, |_| true), habits, text, budget, step_done)
    }

    /// The same, but keeps of the functions only those that have one of the places in them, which are sorted. What leads
    /// into these is known all the same.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn decode_with(
        places: &[Svma],
        functions: Vec<(Svma, Svma)>,
        habits: Habits,
        text: &Text<'_>,
        budget: &mut Budget,
        step_done: &(dyn Fn() + Sync),
    ) -> Result<Code, IndexError> {
        let clusters = clusters(functions, text, |cluster| has_one(places, cluster));
        Self::decode_clusters(clusters, habits, text, budget, step_done)
    }

    /// The same where nobody asks what leads to the functions that are kept.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(crate) fn decode_around(
        places: &[Svma],
        functions: Vec<(Svma, Svma)>,
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Code, IndexError> {
        let (kept, _) = clusters(functions, text, |cluster| has_one(places, cluster));
        Self::decode_clusters((kept, Vec::new()), Habits::default(), text, budget, &|| ())
    }

    fn decode_clusters(
        (clusters, passed): (Vec<Cluster>, Vec<(Svma, Svma)>),
        habits: Habits,
        text: &Text<'_>,
        budget: &mut Budget,
        step_done: &(dyn Fn() + Sync),
    ) -> Result<Code, IndexError> {
        /// What one thread decodes at a time: well over what it costs to hand it over.
        const PORTION: u64 = 48 << 10;
        let gaps = gaps(&clusters, &passed, text, budget)?;
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
        step_done();
        let mut code = Code { chunks, labels: Vec::new(), passed };
        let kept = Pages::of(&code.chunks);
        let gaps = portions::cut(gaps, PORTION, |gap| gap.end.0 - gap.start.0);
        let between = portions::map(gaps, |gaps| {
            let mut found = Between::default();
            gaps.iter().for_each(|gap| found.read(gap, &code.passed, &kept, habits, text));
            step_done();
            found
        });
        for Between { targets, labels } in between {
            code.labels.extend(labels);
            targets.into_iter().for_each(|target| code.cut(target));
        }
        for chunk in 0..code.chunks.len() {
            let targets = std::mem::take(&mut code.chunks[chunk].targets);
            let labels = std::mem::take(&mut code.chunks[chunk].labels);
            code.labels.extend(labels);
            targets.into_iter().for_each(|target| code.cut(target));
        }
        Ok(code)
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

    /// Whether it is in a function that was decoded only for where it leads to.
    pub(crate) fn is_passed(&self, address: Svma) -> bool {
        is_inside(&self.passed, address)
    }

    /// Whether control comes to an instruction in several ways: from the one before, and from elsewhere.
    pub(crate) fn is_joined(&self, address: Svma) -> bool {
        self.chunk_at(address).is_some_and(|chunk| self.chunks[chunk].is_joined(address))
    }

    /// The instructions in some bytes of code that lead elsewhere, as calls, returns and conditional jumps; of a jump within
    /// its cluster nothing, since compilers move it.
    pub(crate) fn fixed_within(&self, address: Svma, len: u32) -> impl Iterator<Item = Option<Svma>> {
        let chunk = self.chunk_at(address).map(|chunk| &self.chunks[chunk]);
        chunk.into_iter().flat_map(move |chunk| chunk.fixed_within(address, len))
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
            self.chunks[chunk].put_landing(address);
        }
    }
}

/// Whether one of the places, which are sorted, is in a cluster.
fn has_one(places: &[Svma], cluster: &Cluster) -> bool {
    let first = places.partition_point(|place| *place < cluster.start());
    places.get(first).is_some_and(|place| *place < cluster.end)
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
