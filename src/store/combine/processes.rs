//! The processes of many files, each once.
//!
//! Invariants: the order of the records does not matter, nor how they are grouped; what a process ran according to any of
//! its records, it ran.

use super::Union;
use super::compact::{CompactSets, RanSets};
use crate::store::keys::ContentKey;
use crate::store::{
    End, Exec, FileFacts, Flush, Hits, ImageFacts, Numbits, OpenedFile, ProcessHead, ProcessRecord, Span, Warning,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Processes, each once.
#[derive(Debug, Default)]
pub struct ProcessUnion {
    processes: BTreeMap<ContentKey, Joined>,
    images: BTreeMap<ContentKey, Arc<ImageFacts>>,
    /// Images with the names of their sources made again, by place in memory; the first of each keeps its address from being
    /// used again.
    placed: HashMap<usize, (Arc<ImageFacts>, ContentKey)>,
}

/// A process as the records have it that are of it.
#[derive(Debug)]
struct Joined {
    life: Life,
    images: BTreeSet<ContentKey>,
    ran: CompactSets,
}

/// What only one of several records can tell: that which knows more of the end, which is the greatest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Life {
    complete: bool,
    end: Option<End>,
    flushes: Vec<Flush>,
    spans: Vec<Span>,
    files: Option<Vec<OpenedFile>>,
    execs: Vec<Exec>,
    warnings: Vec<Warning>,
    head: ProcessHead,
}

impl Union for ProcessUnion {
    fn add(&mut self, record: ProcessRecord, locate: impl Fn(&FileFacts) -> String) {
        let keys: Vec<ContentKey> = record.images.iter().map(|image| self.place(image, &locate)).collect();
        let mut ran = RanSets::new();
        for Hits { image, file, context, lines, functions } in record.hits {
            add_bits(&mut ran, (keys[image], file, record.contexts[context].clone()), [lines, functions]);
        }
        let process = ContentKey::of_process(&record.head);
        let ProcessRecord { complete, head, execs, spans, files, flushes, warnings, .. } = record;
        let life = Life { complete, end: head.end, flushes, spans, files, execs, warnings, head };
        self.join(process, Joined { life, images: keys.into_iter().collect(), ran: CompactSets::of(&ran) });
    }

    fn merge(&mut self, other: ProcessUnion) {
        self.images.extend(other.images);
        for (process, joined) in other.processes {
            self.join(process, joined);
        }
    }

    fn processes(&self) -> u64 {
        self.processes.len() as u64
    }

    fn into_records(self, _run: &str) -> (Vec<Arc<ImageFacts>>, impl ExactSizeIterator<Item = ProcessRecord>) {
        let images = self.images;
        let all = images.values().cloned().collect();
        (all, self.processes.into_values().map(move |joined| joined.into_record(&images)))
    }
}

impl ProcessUnion {
    /// How many images are known by their place in memory at most.
    const MAX_PLACED: usize = 1024;

    fn join(&mut self, process: ContentKey, joined: Joined) {
        match self.processes.get_mut(&process) {
            None => _ = self.processes.insert(process, joined),
            Some(known) => {
                known.images.extend(joined.images);
                let mut ran = known.ran.sets();
                joined.ran.sets().into_iter().for_each(|(place, bits)| add_bits(&mut ran, place, bits));
                known.ran = CompactSets::of(&ran);
                if joined.life > known.life {
                    known.life = joined.life;
                }
            }
        }
    }

    fn place(&mut self, image: &Arc<ImageFacts>, locate: impl Fn(&FileFacts) -> String) -> ContentKey {
        let at = Arc::as_ptr(image).addr();
        if let Some((_, key)) = self.placed.get(&at) {
            return *key;
        }
        let mut placed = (**image).clone();
        placed.files.iter_mut().for_each(|file| file.path = locate(file));
        let placed = if placed == **image { image.clone() } else { Arc::new(placed) };
        let key = ContentKey::of_image(&placed);
        if self.placed.len() >= ProcessUnion::MAX_PLACED {
            self.placed.clear();
        }
        self.placed.insert(at, (image.clone(), key));
        self.images.insert(key, placed);
        key
    }
}

impl Joined {
    fn into_record(self, images: &BTreeMap<ContentKey, Arc<ImageFacts>>) -> ProcessRecord {
        let keys: Vec<ContentKey> = self.images.into_iter().collect();
        let ran = self.ran.sets();
        let mut labels: BTreeSet<String> = ran.keys().map(|(.., label)| label.clone()).collect();
        labels.insert(String::new());
        let contexts: Vec<String> = labels.into_iter().collect();
        let found = "invariant: what was hit was added with its image and its label";
        let hits = ran.into_iter().map(|((image, file, label), [lines, functions])| Hits {
            image: keys.binary_search(&image).expect(found),
            file,
            context: contexts.binary_search(&label).expect(found),
            lines,
            functions,
        });
        let hits = hits.collect();
        let Life { complete, flushes, spans, files, execs, warnings, head, .. } = self.life;
        let images = keys.iter().map(|key| images[key].clone()).collect();
        ProcessRecord { complete, head, execs, images, contexts, hits, spans, files, flushes, warnings }
    }
}

fn add_bits(ran: &mut RanSets, place: (ContentKey, usize, String), [lines, functions]: [Numbits; 2]) {
    if lines.is_empty() && functions.is_empty() {
        return;
    }
    let [known_lines, known_functions] = ran.entry(place).or_default();
    known_lines.union_with(&lines);
    known_functions.union_with(&functions);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Reader, RunLabels, UnixMillis, Writer, sample};
    use std::path::Path;

    fn unmoved(file: &FileFacts) -> String {
        file.path.clone()
    }

    fn union(records: &[ProcessRecord]) -> ProcessUnion {
        let mut union = ProcessUnion::default();
        records.iter().for_each(|record| union.add(record.clone(), unmoved));
        union
    }

    fn write(union: ProcessUnion, path: &Path) {
        let (images, records) = union.into_records("");
        Writer::new().unwrap().write_all(path, &images, records, &RunLabels::default()).unwrap();
    }

    fn bytes(union: ProcessUnion) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.sqlite");
        write(union, &path);
        std::fs::read(path).unwrap()
    }

    #[test]
    fn any_order_and_any_tree_of_partial_merges_give_the_same_bytes() {
        let mut records: Vec<ProcessRecord> = (0..40).map(sample::varied).collect();
        // One process has several records, which know more and less of it.
        for record in &mut records[..4] {
            record.head.run = "the same".to_owned();
            (record.head.sequence, record.head.pid, record.head.start_ticks) = (1, 7, 9);
            record.head.started = UnixMillis(5);
        }
        let forward = bytes(union(&records));
        records.reverse();
        assert!(bytes(union(&records)) == forward, "in another order");
        let (first, rest) = records.split_at(13);
        let (second, third) = rest.split_at(2);
        let mut tree = union(second);
        tree.merge(union(first));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.sqlite");
        write(union(third), &path);
        tree.merge(union(&Reader::default().read_all(&path).unwrap()));
        tree.merge(union(third));
        assert_eq!(tree.processes(), 37);
        assert!(bytes(tree) == forward, "by a tree");
    }

    #[test]
    fn the_record_that_knows_the_end_counts_and_no_line_is_lost() {
        let whole = sample::record();
        let mut earlier = whole.clone();
        (earlier.complete, earlier.head.end) = (false, None);
        earlier.hits = vec![sample::hits(0, 0, 0, &[4000])];
        for records in [[whole.clone(), earlier.clone()], [earlier, whole]] {
            let [joined] = &union(&records).into_records("").1.collect::<Vec<_>>()[..] else { panic!("one process") };
            assert!(joined.complete && joined.head.end.is_some());
            let of_empty = |hits: &&Hits| joined.contexts[hits.context].is_empty() && hits.lines.contains(4000);
            assert!(joined.hits.iter().any(|hits| of_empty(&hits) && hits.lines.contains(8)));
        }
    }

    #[test]
    fn sources_are_named_again() {
        let mut moved = ProcessUnion::default();
        moved.add(sample::record(), |file| file.path.replace("/src/", "/moved/"));
        let record = moved.into_records("").1.next().unwrap();
        assert!(record.images.iter().flat_map(|image| &image.files).all(|file| file.path.starts_with("/moved/")));
    }
}
