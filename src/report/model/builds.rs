//! Which builds count for which source: those that were made from the source as it is now, or if that cannot be said of
//! any, those that agree with the newest. What others ran is left out, because their line numbers are those of another text.
//!
//! Invariants: the order of the processes does not matter; what is left out is in the notes; a source counts under one name.

use super::latest::{LatestTests, TestRuns};
use super::select::Selection;
use super::source::SourceText;
use super::withheld::ShownSources;
use crate::store::{ByImage, Digest, FileFacts, Hits, ImageFacts, ProcessImages, ProcessRecord, UnixMillis};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

/// The images of processes that are meant.
#[derive(Debug)]
pub struct Survey<'a> {
    selection: &'a Selection,
    seen: Vec<Seen>,
    known: HashMap<Arc<ImageFacts>, usize>,
    /// The same by place in memory; `seen` keeps these addresses from being used again.
    placed: HashMap<usize, usize>,
    tests: TestRuns,
}

/// An image, and when it was measured.
#[derive(Debug)]
struct Seen {
    image: Arc<ImageFacts>,
    last: UnixMillis,
    runs: BTreeSet<String>,
}

/// The sources of a report, by position, and the images that count for them.
#[derive(Debug, Default)]
pub struct ChosenSources {
    /// Where each is.
    pub(crate) paths: Vec<String>,
    /// What the builds that count were made from.
    pub(crate) digests: Vec<Digest>,
    images: HashMap<Arc<ImageFacts>, Arc<[Option<usize>]>>,
    /// Builds of which something is left out.
    pub(crate) left_out: BTreeMap<Build, LeftOut>,
    /// Names of sources that are no files.
    pub(crate) no_files: BTreeSet<String>,
    /// Rules for paths that were given and do not fit any source, as they were written.
    pub(crate) unused_maps: Vec<String>,
    /// Which runs of tests count.
    pub(crate) latest: LatestTests,
}

/// An image and its build-id.
pub(crate) type Build = (String, Option<String>);

/// What is left out of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Where the sources are.
    pub(crate) sources: BTreeSet<String>,
    /// The runs that measured it.
    pub(crate) runs: BTreeSet<String>,
}

/// A source as an image knows it.
#[derive(Clone, Copy)]
struct Claim<'a> {
    image: usize,
    file: usize,
    seen: &'a Seen,
    facts: &'a FileFacts,
    digest: Digest,
}

impl<'a> Survey<'a> {
    /// Starts with nothing.
    pub fn new(selection: &'a Selection) -> Self {
        Survey {
            selection,
            seen: Vec::new(),
            known: HashMap::new(),
            placed: HashMap::new(),
            tests: TestRuns::default(),
        }
    }

    /// Adds the images and contexts of a process, if it is selected.
    pub fn add(&mut self, of: &ProcessImages) {
        let ProcessImages { head: process, images, .. } = of;
        if !self.selection.takes_process(process.pid) {
            return;
        }
        self.tests.add(of);
        for image in images.iter().filter(|image| self.selection.modules.takes(&image.path)) {
            let at = self.place(image);
            let seen = &mut self.seen[at];
            seen.last = seen.last.max(process.started);
            if !seen.runs.contains(&process.run) {
                seen.runs.insert(process.run.clone());
            }
        }
    }

    fn place(&mut self, image: &Arc<ImageFacts>) -> usize {
        if let Some(at) = self.placed.get(&Arc::as_ptr(image).addr()) {
            return *at;
        }
        if let Some(at) = self.known.get(&**image) {
            return *at;
        }
        let at = self.seen.len();
        self.seen.push(Seen { image: image.clone(), last: UnixMillis(i64::MIN), runs: BTreeSet::new() });
        self.known.insert(image.clone(), at);
        self.placed.insert(Arc::as_ptr(image).addr(), at);
        at
    }

    /// Decides which source each file of each image is, and what counts for it.
    pub fn finish(mut self) -> ChosenSources {
        let latest = std::mem::take(&mut self.tests).finish();
        let mut sources = ChosenSources { latest, ..ChosenSources::default() };
        let names = self.names(&mut sources);
        let mut by_name: BTreeMap<&str, Vec<Claim<'_>>> = BTreeMap::new();
        let texts = self.built_from(&names);
        for (image, seen) in self.seen.iter().enumerate() {
            for (file, facts) in seen.image.files.iter().enumerate() {
                let Some(name) = names[image][file].as_deref() else { continue };
                let known = || texts.get(&(build(&seen.image), name)).copied().flatten().map(Digest::Built);
                let digest = match facts.origin.digest {
                    Digest::Built(digest) => Digest::Built(digest),
                    other => known().unwrap_or(other),
                };
                by_name.entry(name).or_default().push(Claim { image, file, seen, facts, digest });
            }
        }
        let mut places: Vec<Vec<Option<usize>>> =
            self.seen.iter().map(|seen| vec![None; seen.image.files.len()]).collect();
        for (name, claims) in by_name {
            let chosen = choose(name, &claims);
            for claim in &claims {
                if counts(claim, chosen, &claims) {
                    places[claim.image][claim.file] = Some(sources.paths.len());
                } else {
                    let image = &claim.seen.image;
                    let left_out = sources.left_out.entry((image.path.clone(), image.build_id.clone())).or_default();
                    left_out.sources.insert(name.to_owned());
                    left_out.runs.extend(claim.seen.runs.iter().cloned());
                }
            }
            sources.paths.push(name.to_owned());
            sources.digests.push(chosen.digest);
        }
        sources.images = self.known.into_iter().map(|(facts, at)| (facts, places[at].clone().into())).collect();
        sources
    }

    /// Where the source of each file of each image is; none for what is no file or not selected.
    fn names(&self, sources: &mut ChosenSources) -> Vec<Vec<Option<String>>> {
        let mut used = vec![false; self.selection.paths.maps.len()];
        let mut located: HashMap<(&str, Option<&str>), String> = HashMap::new();
        // A source with several names that no link tells: hard links, mounts.
        let mut by_inode: HashMap<((u64, u64), Digest), String> = HashMap::new();
        for facts in self.seen.iter().flat_map(|seen| &seen.image.files) {
            let key = (facts.path.as_str(), facts.origin.real.as_deref());
            let name = located.entry(key).or_insert_with(|| self.selection.paths.place(facts, &mut used));
            if let (Some(inode), Digest::Built(_) | Digest::Changed(_)) = (facts.origin.inode, facts.origin.digest) {
                let best = by_inode.entry((inode, facts.origin.digest)).or_insert_with(|| name.clone());
                if self.selection.paths.rank(name) < self.selection.paths.rank(best) {
                    best.clone_from(name);
                }
            }
        }
        let maps = self.selection.paths.maps.iter().zip(used);
        if !located.is_empty() {
            sources.unused_maps = maps.filter(|(_, used)| !used).map(|(map, _)| map.to_string()).collect();
        }
        let mut name = |facts: &FileFacts| {
            let name = &located[&(facts.path.as_str(), facts.origin.real.as_deref())];
            let name = facts.origin.inode.and_then(|inode| by_inode.get(&(inode, facts.origin.digest))).unwrap_or(name);
            if FileFacts::is_no_name(name) && !Path::new(name).exists() {
                sources.no_files.insert(name.clone());
                return None;
            }
            self.selection.takes_source(name, &facts.path).then(|| name.clone())
        };
        self.seen.iter().map(|seen| seen.image.files.iter().map(&mut name).collect()).collect()
    }

    /// The text that a build was made from, of each source of which one of its measurements knows it and none knows another.
    fn built_from<'n>(&self, names: &'n [Vec<Option<String>>]) -> HashMap<(u64, &'n str), Option<[u8; 16]>> {
        let mut texts = HashMap::new();
        for (seen, names) in self.seen.iter().zip(names) {
            let build = build(&seen.image);
            for (facts, name) in seen.image.files.iter().zip(names) {
                if let (Some(name), Some(digest)) = (name, facts.origin.digest.built()) {
                    let known = texts.entry((build, name.as_str())).or_insert(Some(digest));
                    *known = known.filter(|known| *known == digest);
                }
            }
        }
        texts
    }
}

/// The claim that the others have to agree with.
fn choose<'c, 'a>(name: &str, claims: &'c [Claim<'a>]) -> &'c Claim<'a> {
    let newest = |claims: &mut dyn Iterator<Item = &'c Claim<'a>>| {
        claims.max_by_key(|claim| (claim.seen.last, claim.digest, &claim.seen.image.path, &claim.seen.image.build_id))
    };
    let first = claims[0].digest;
    let now = match first.built() {
        Some(_) if claims.iter().all(|claim| claim.digest == first) => None,
        // There is nothing to choose.
        _ if claims.len() == 1 => None,
        _ => SourceText::read(Path::new(name), &ShownSources::default()).ok().map(|text| text.md5()),
    };
    let matching = now.and_then(|now| newest(&mut claims.iter().filter(|claim| claim.digest == Digest::Built(now))));
    let chosen = matching.or_else(|| newest(&mut claims.iter()));
    chosen.expect("invariant: there is a claim for each name")
}

/// Whether a claim is about the same text as the chosen one, as far as is known.
fn counts(claim: &Claim<'_>, chosen: &Claim<'_>, claims: &[Claim<'_>]) -> bool {
    let same_build = || build(&claim.seen.image) == build(&chosen.seen.image);
    match (claim.digest, chosen.digest) {
        (Digest::Built(one), Digest::Built(other)) => one == other,
        (Digest::Changed(_), Digest::Built(_)) | (Digest::Built(_), Digest::Changed(_)) => same_build(),
        (Digest::Changed(one), Digest::Changed(other)) => same_build() || (one == other && is_alike(claim, chosen)),
        (Digest::Unknown, _) | (_, Digest::Unknown) => {
            same_build()
                || is_alike(claim, chosen)
                || (claim.seen.image.path != chosen.seen.image.path && !contradicts(claim, chosen, claims))
        }
    }
}

/// Whether two images know the same of a source.
fn is_alike(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    one.facts.executable == other.facts.executable && extents(one.facts) == extents(other.facts)
}

/// First line, last line and name of each function of a source. How it is known whether they ran is not of the build.
fn extents(file: &FileFacts) -> BTreeSet<(u32, u32, &str)> {
    file.functions.iter().map(|function| (function.start, function.end, function.name.as_str())).collect()
}

/// Whether a function starts elsewhere than in those that are sure to count.
fn contradicts(claim: &Claim<'_>, chosen: &Claim<'_>, claims: &[Claim<'_>]) -> bool {
    let mut starts: HashMap<&str, BTreeSet<u32>> = HashMap::new();
    let sure = claims.iter().filter(|other| other.digest == chosen.digest && chosen.digest.built().is_some());
    for function in sure.chain([chosen]).flat_map(|claim| &claim.facts.functions) {
        starts.entry(&function.name).or_default().insert(function.start);
    }
    let mut own: HashMap<&str, BTreeSet<u32>> = HashMap::new();
    for function in &claim.facts.functions {
        own.entry(&function.name).or_default().insert(function.start);
    }
    own.iter().any(|(name, own)| starts.get(name).is_some_and(|starts| starts.is_disjoint(own)))
}

/// What tells a build from others: its build-id, or without one where it is and what it knows of its sources.
fn build(image: &ImageFacts) -> u64 {
    let mut hasher = DefaultHasher::new();
    match &image.build_id {
        Some(id) => id.hash(&mut hasher),
        None => {
            image.path.hash(&mut hasher);
            image.files.iter().for_each(|file| (&file.path, &file.executable, extents(file)).hash(&mut hasher));
        }
    }
    hasher.finish()
}

impl ChosenSources {
    /// Which sources of an image count.
    pub(crate) fn chosen_of(&self, image: &ImageFacts) -> Option<Arc<[bool]>> {
        self.images.get(image).map(|places| places.iter().map(Option::is_some).collect())
    }

    /// Those of some records.
    #[cfg(test)]
    pub(crate) fn of<'r>(selection: &Selection, records: impl IntoIterator<Item = &'r ProcessRecord>) -> Self {
        let mut survey = Survey::new(selection);
        records.into_iter().for_each(|record| survey.add(&ProcessImages::of(record)));
        survey.finish()
    }
}

/// Finds the sources of images that come again and again.
#[derive(Debug)]
pub struct Placer<'a> {
    pub(crate) sources: &'a ChosenSources,
    /// Where the files of an image are that was seen before.
    placed: ByImage<Option<Arc<[Option<usize>]>>>,
}

impl<'a> Placer<'a> {
    /// Knows no image yet.
    pub fn new(sources: &'a ChosenSources) -> Self {
        Placer { sources, placed: ByImage::default() }
    }

    /// Position of the source of each file of an image, where it counts; none for an image that is not selected, or that
    /// came after the survey. Also whether it is seen for the first time.
    pub(crate) fn place(&mut self, image: &Arc<ImageFacts>) -> (Option<Arc<[Option<usize>]>>, bool) {
        if let Some(files) = self.placed.get(image) {
            return (files.clone(), false);
        }
        let files = self.placed.get_or(image, || self.sources.images.get(&**image).cloned());
        (files.clone(), true)
    }

    /// What a process ran of sources that count, under contexts that are meant: where the source is, and the hits.
    pub fn hits<'r>(&mut self, selection: &Selection, record: &'r ProcessRecord) -> Vec<(&'a str, &'r Hits)> {
        let sources = self.sources;
        let path = |(position, hits): (usize, &'r Hits)| (sources.paths[position].as_str(), hits);
        self.positions(selection, record).into_iter().map(path).collect()
    }

    /// The same, with the positions of the sources.
    pub(crate) fn positions<'r>(&mut self, selection: &Selection, record: &'r ProcessRecord) -> Vec<(usize, &'r Hits)> {
        let placed: Vec<_> = record.images.iter().map(|image| self.place(image).0).collect();
        let left_out = self.sources.latest.left_out(&record.head.run);
        let counts = |label: &String| {
            selection.takes_context(label) && left_out.is_none_or(|left_out| !left_out.contains(label))
        };
        let counts: Vec<bool> = record.contexts.iter().map(counts).collect();
        let hits = record.hits.iter().filter(|hits| counts[hits.context]);
        hits.filter_map(|hits| Some((placed[hits.image].as_ref()?[hits.file]?, hits))).collect()
    }
}
