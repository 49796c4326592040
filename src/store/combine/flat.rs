//! The union of what many processes ran, as one record of which process is not known any more.
//!
//! Images are the same if their build-id is, whatever their path; without one, if their path is and the texts of their
//! sources. A source of which an image knows two texts is two. Contexts stay apart, so that it is still known which test
//! ran what.
//!
//! Invariants: the order of the records does not matter; memory grows with the images, not with the processes.

use super::Union;
use super::keys::{Found, ImageKey, LabelledSource, SourceKey, WarningKey, counted};
use crate::store::{
    End, EndReason, Exec, FileFacts, FunctionFacts, Hits, ImageFacts, Numbits, ProcessHead, ProcessRecord,
    SourceOrigin, UnixMillis, Warning,
};
use crate::warning::WarningKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// How many images are known by their place in memory at most.
const MAX_PLACED: usize = 256;

/// Records, added up.
#[derive(Debug, Default)]
pub struct FlatUnion {
    images: BTreeMap<ImageKey, Image>,
    /// What ran by image, source and label of the context.
    hits: BTreeMap<ImageKey, BTreeMap<LabelledSource, RanLines>>,
    /// The sources' names, made again by the rules for paths. The `Arc` keeps its address from being used again.
    placed: HashMap<usize, PlacedFiles>,
    warnings: BTreeMap<WarningKey, u64>,
    incomplete: BTreeSet<(String, i32)>,
    processes: u64,
    started: Option<UnixMillis>,
    ended: Option<UnixMillis>,
}

/// What ran of a source under one label.
#[derive(Debug, Default)]
struct RanLines {
    lines: Numbits,
    functions: BTreeSet<FunctionFacts>,
}

#[derive(Debug)]
struct PlacedFiles {
    _image: Arc<ImageFacts>,
    key: ImageKey,
    sources: Arc<[SourceKey]>,
}

#[derive(Clone, Debug, Default)]
struct Image {
    paths: BTreeSet<String>,
    files: BTreeMap<SourceKey, CombinedFile>,
    /// Places.
    warnings: BTreeMap<WarningKey, u64>,
}

#[derive(Clone, Debug, Default)]
struct CombinedFile {
    executable: Numbits,
    functions: BTreeSet<FunctionFacts>,
    /// Where it was, the least first.
    found: BTreeSet<Found>,
}

impl Union for FlatUnion {
    fn add(&mut self, record: ProcessRecord, locate: impl Fn(&FileFacts) -> String) {
        self.processes += 1;
        self.started = Some(self.started.map_or(record.head.started, |started| started.min(record.head.started)));
        self.ended = self.ended.max(record.head.end.map(|end| end.at)).or(self.ended);
        if !record.complete {
            self.incomplete.insert((record.head.run.clone(), record.head.pid));
        }
        for warning in &record.warnings {
            *self.warnings.entry(warning.into()).or_default() += warning.count;
        }
        let placed: Vec<(ImageKey, Arc<[SourceKey]>)> =
            record.images.iter().map(|image| self.place(image, &locate)).collect();
        for hits in &record.hits {
            let (key, sources) = &placed[hits.image];
            let of_image = self.hits.entry(key.clone()).or_default();
            let (source, label) = (sources[hits.file].clone(), record.contexts[hits.context].clone());
            let ran = of_image.entry(LabelledSource { source, label }).or_default();
            ran.lines.union_with(&hits.lines);
            ran.functions.extend(record.images[hits.image].files[hits.file].entered(&hits.functions).cloned());
        }
    }

    fn merge(&mut self, other: FlatUnion) {
        for (key, image) in other.images {
            self.images.entry(key).or_default().merge(image);
        }
        for (key, hits) in other.hits {
            let mine = self.hits.entry(key).or_default();
            for (place, ran) in hits {
                let mine = mine.entry(place).or_default();
                mine.lines.union_with(&ran.lines);
                mine.functions.extend(ran.functions);
            }
        }
        for (key, count) in other.warnings {
            *self.warnings.entry(key).or_default() += count;
        }
        self.incomplete.extend(other.incomplete);
        self.processes += other.processes;
        self.started = self.started.into_iter().chain(other.started).min();
        self.ended = self.ended.max(other.ended);
    }

    fn processes(&self) -> u64 {
        self.processes
    }

    fn into_records(self, run: &str) -> (Vec<Arc<ImageFacts>>, impl ExactSizeIterator<Item = ProcessRecord>) {
        let record = self.into_record(run.to_owned());
        (record.images.clone(), std::iter::once(record))
    }
}

impl FlatUnion {
    /// The union as the record of a process that never was: its pid is 0.
    fn into_record(self, run: String) -> ProcessRecord {
        let mut labels: BTreeSet<String> =
            self.hits.values().flat_map(BTreeMap::keys).map(|place| place.label.clone()).collect();
        labels.remove("");
        let contexts: Vec<String> = std::iter::once(String::new()).chain(labels).collect();
        let (mut images, mut all) = (Vec::new(), Vec::new());
        for (number, (key, image)) in self.images.into_iter().enumerate() {
            let sources: Vec<&SourceKey> = image.files.keys().collect();
            for (LabelledSource { source, label }, ran) in self.hits.get(&key).into_iter().flatten() {
                let file = sources.binary_search(&source).expect("invariant: what was hit is a source of the image");
                let context = contexts.iter().position(|context| context == label);
                let context = context.expect("invariant: all labels are contexts");
                let declared = &image.files[source].functions;
                let functions = (0..).zip(declared).filter(|(_, function)| ran.functions.contains(*function));
                let functions = functions.map(|(position, _)| position).collect();
                all.push(Hits { image: number, file, context, lines: ran.lines.clone(), functions });
            }
            images.push(Arc::new(image.into_facts(&key)));
        }
        all.sort_by_key(|hits| (hits.image, hits.file, hits.context));
        let started = self.started.unwrap_or_default();
        let mut warnings = counted(self.warnings);
        if !self.incomplete.is_empty() {
            let text = "the measurement of processes in here was cut short or still under way";
            let count = self.incomplete.len() as u64;
            warnings.push(Warning::new(WarningKind::CombinedIncomplete, text, count));
        }
        ProcessRecord {
            complete: true,
            head: ProcessHead {
                scope: None,
                run,
                sequence: 0,
                pid: 0,
                start_ticks: 0,
                started,
                attached: None,
                parent: None,
                end: Some(End { at: self.ended.unwrap_or(started), reason: EndReason::Exited(0) }),
            },
            execs: vec![Exec {
                at: started,
                exe: "combined".to_owned(),
                argv: vec!["combined".to_owned(), format!("{} processes", self.processes)],
                cwd: String::new(),
            }],
            images,
            contexts,
            hits: all,
            spans: Vec::new(),
            files: None,
            flushes: Vec::new(),
            warnings,
        }
    }

    fn place(
        &mut self,
        image: &Arc<ImageFacts>,
        locate: impl Fn(&FileFacts) -> String,
    ) -> (ImageKey, Arc<[SourceKey]>) {
        if let Some(PlacedFiles { key, sources, .. }) = self.placed.get(&Arc::as_ptr(image).addr()) {
            return (key.clone(), sources.clone());
        }
        let sources: Arc<[SourceKey]> =
            image.files.iter().map(|file| SourceKey { path: locate(file), digest: file.origin.digest }).collect();
        let key = match &image.build_id {
            Some(id) => ImageKey::BuildId(id.clone()),
            None => ImageKey::Path(image.path.clone(), texts(image)),
        };
        self.images.entry(key.clone()).or_default().add(image, &sources);
        if self.placed.len() >= MAX_PLACED {
            self.placed.clear();
        }
        self.placed.insert(
            Arc::as_ptr(image).addr(),
            PlacedFiles { _image: image.clone(), key: key.clone(), sources: sources.clone() },
        );
        (key, sources)
    }
}

/// What tells the sources of images without build-id apart.
fn texts(image: &ImageFacts) -> u64 {
    let mut hasher = DefaultHasher::new();
    image.files.iter().for_each(|file| (&file.path, file.origin.digest).hash(&mut hasher));
    hasher.finish()
}

impl Image {
    fn add(&mut self, facts: &ImageFacts, sources: &[SourceKey]) {
        self.paths.insert(facts.path.clone());
        for (file, source) in facts.files.iter().zip(sources) {
            let mine = self.files.entry(source.clone()).or_default();
            mine.executable.union_with(&file.executable);
            mine.functions.extend(file.functions.iter().cloned());
            mine.found.extend(file.origin.real.clone().map(|real| Found { real, inode: file.origin.inode }));
        }
        for warning in &facts.warnings {
            let count = self.warnings.entry(warning.into()).or_default();
            *count = warning.count.max(*count);
        }
    }

    fn merge(&mut self, other: Image) {
        self.paths.extend(other.paths);
        for (source, CombinedFile { executable, functions, found }) in other.files {
            let mine = self.files.entry(source).or_default();
            mine.executable.union_with(&executable);
            mine.functions.extend(functions);
            mine.found.extend(found);
        }
        for (key, count) in other.warnings {
            let mine = self.warnings.entry(key).or_default();
            *mine = count.max(*mine);
        }
    }

    fn into_facts(self, key: &ImageKey) -> ImageFacts {
        let files = self.files.into_iter().map(|(SourceKey { path, digest }, file)| {
            let found = file.found.into_iter().next();
            let inode = found.as_ref().and_then(|found| found.inode);
            let origin = SourceOrigin { digest, real: found.map(|found| found.real), inode };
            FileFacts { path, origin, executable: file.executable, functions: file.functions.into_iter().collect() }
        });
        ImageFacts {
            path: self.paths.into_iter().next().unwrap_or_default(),
            build_id: match key {
                ImageKey::BuildId(id) => Some(id.clone()),
                ImageKey::Path(..) => None,
            },
            files: files.collect(),
            warnings: counted(self.warnings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Digest, sample};

    fn unmoved(file: &FileFacts) -> String {
        file.path.clone()
    }

    fn combined(records: &[ProcessRecord]) -> ProcessRecord {
        let mut combined = FlatUnion::default();
        records.iter().for_each(|record| combined.add(record.clone(), unmoved));
        combined.into_record("run".to_owned())
    }

    fn lines(record: &ProcessRecord) -> BTreeSet<(String, String, u32)> {
        let of = |hits: &Hits| {
            let path = record.images[hits.image].files[hits.file].path.clone();
            let label = record.contexts[hits.context].clone();
            hits.lines.iter().map(|line| (path.clone(), label.clone(), line)).collect::<Vec<_>>()
        };
        record.hits.iter().flat_map(of).collect()
    }

    #[test]
    fn the_union_is_the_same_in_any_order_and_any_grouping() {
        let records: Vec<ProcessRecord> = (0..40).map(sample::varied).collect();
        let forward = combined(&records);
        let backward: Vec<ProcessRecord> = records.iter().rev().cloned().collect();
        assert_eq!(forward, combined(&backward));
        let (mut first, mut second) = (FlatUnion::default(), FlatUnion::default());
        records[..13].iter().for_each(|record| first.add(record.clone(), unmoved));
        records[13..].iter().for_each(|record| second.add(record.clone(), unmoved));
        second.merge(first);
        assert_eq!(forward, second.into_record("run".to_owned()));
        let expected: BTreeSet<_> = records.iter().flat_map(lines).collect();
        assert_eq!(lines(&forward), expected);
    }

    #[test]
    fn images_are_one_by_build_id_and_sources_are_found_anew() {
        let mut record = sample::record();
        let mut elsewhere = (*record.images[0]).clone();
        elsewhere.path = "/other/machine/prog".to_owned();
        elsewhere.build_id = Some("77".to_owned());
        let mut here = elsewhere.clone();
        here.path = "/bin/prog".to_owned();
        record.images[0] = Arc::new(here);
        let mut other = record.clone();
        other.images[0] = Arc::new(elsewhere);
        let one = combined(&[record.clone(), other]);
        assert_eq!(one.images.len(), record.images.len());
        assert!(one.images.iter().any(|image| image.path == "/bin/prog" && image.build_id.as_deref() == Some("77")));
        let mut moved = FlatUnion::default();
        moved.add(record, |file| file.path.replace("/src/", "/moved/"));
        assert!(lines(&moved.into_record("run".to_owned())).iter().any(|(path, ..)| path.starts_with("/moved/")));
    }

    #[test]
    fn other_texts_of_a_source_stay_apart() {
        let record = |build_id: Option<&str>, digest: u8| {
            let mut record = sample::record();
            let mut image = (*record.images[0]).clone();
            image.build_id = build_id.map(str::to_owned);
            image.files[0].origin.digest = Digest::Built([digest; 16]);
            record.images = vec![Arc::new(image)];
            record.hits = vec![sample::hits(0, 0, 0, &[digest.into()])];
            record
        };
        for ids in [[None, None], [Some("1"), Some("2")], [Some("1"), Some("1")]] {
            let union = combined(&[record(ids[0], 1), record(ids[1], 8), record(ids[0], 1)]);
            let of = |hits: &Hits| {
                let origin = &union.images[hits.image].files[hits.file].origin;
                (origin.digest, hits.lines.iter().collect::<Vec<_>>())
            };
            let mut ran: Vec<_> = union.hits.iter().map(of).collect();
            ran.sort();
            assert_eq!(ran, [1, 8].map(|digest| (Digest::Built([digest; 16]), vec![digest.into()])));
        }
    }
}
