//! Which tests ran what is asked for, gathered from what each process ran.
//!
//! Invariants: of several runs of a test in a program the newest counts; what ran outside all tests concerns all of its run.

use super::Reason;
use super::links::Links;
use super::questions::Questions;
use super::sources::changed_at;
use crate::contexts::SEVERAL;
use crate::report::ContextResult;
use crate::store::{OpenedFor, ProcessRecord, UnixMillis, file_digest};
use crate::warning::WarningKind;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is known of tests.
pub struct Evidence<'d> {
    questions: Questions<'d>,
    /// By label, program and run.
    tests: BTreeMap<String, BTreeMap<String, BTreeMap<String, Test>>>,
    /// By run: why all of its tests are meant.
    runs: BTreeMap<String, BTreeSet<Reason>>,
    /// When the first process began.
    first: Option<UnixMillis>,
    /// The runs in which it is not known what was read outside the tests.
    unrecorded: BTreeSet<String>,
    /// Changed files that somebody read.
    read: BTreeSet<PathBuf>,
    links: Links,
    /// Files that were written in a run, and may be other ones for that.
    written: BTreeSet<(String, PathBuf)>,
    /// Files that are not as they were read in a run, and by which test of which program; `None` for outside of all.
    differing: BTreeMap<(String, PathBuf), BTreeSet<Reader>>,
    /// Digests of what files have now; each is looked at once.
    now: HashMap<PathBuf, Option<u64>>,
    /// The top of the tree.
    root: PathBuf,
    /// Whether a file of the tree was read.
    is_below: bool,
}

/// A test and its program; `None` for what ran outside of all.
type Reader = Option<(String, String)>;

/// A test in a run.
#[derive(Clone, Debug, Default)]
struct Test {
    began: Option<UnixMillis>,
    failed: bool,
    /// Whether it is not known which files it read.
    is_unrecorded: bool,
    lines: u64,
    changed_lines: u64,
    reasons: BTreeSet<Reason>,
}

/// A test that is known, with why it must run; it need not if nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectedTest {
    /// Its label.
    pub label: String,
    /// Why it must run.
    pub reasons: BTreeSet<Reason>,
    /// How many lines it ran.
    pub lines: u64,
    /// How many of them are of what changed.
    pub changed_lines: u64,
}

impl SelectedTest {
    /// Whether it must run.
    pub fn is_affected(&self) -> bool {
        !self.reasons.is_empty()
    }

    /// Sorts tests with those first that are the likeliest to fail: those that failed the last time, then those of which
    /// most is of what changed.
    pub fn sort_by_likelihood(tests: &mut [SelectedTest]) {
        let share = |test: &SelectedTest| test.changed_lines as f64 / test.lines.max(1) as f64;
        tests.sort_by(|one, other| {
            let failed = |test: &SelectedTest| test.reasons.contains(&Reason::Failed);
            (failed(other).cmp(&failed(one)))
                .then(share(other).total_cmp(&share(one)))
                .then(other.changed_lines.cmp(&one.changed_lines))
        });
    }
}

impl<'d> Evidence<'d> {
    /// With nothing known yet; `root` is the top of the tree that is asked about.
    pub fn new(questions: Questions<'d>, root: PathBuf) -> Self {
        Evidence {
            written: BTreeSet::new(),
            differing: BTreeMap::new(),
            now: HashMap::new(),
            root,
            is_below: false,
            questions,
            tests: BTreeMap::new(),
            runs: BTreeMap::new(),
            first: None,
            unrecorded: BTreeSet::new(),
            read: BTreeSet::new(),
            links: Links::default(),
        }
    }

    /// What was to be compared, and is no image of any process.
    pub fn unknown_images(&self) -> Vec<&Path> {
        self.questions.unknown_images()
    }

    /// Takes what a process ran.
    pub fn add(&mut self, record: &ProcessRecord) {
        let started = record.head.started;
        self.first = Some(self.first.map_or(started, |first| first.min(started)));
        let mut labels = BTreeSet::new();
        let last = record.spans.len().saturating_sub(1);
        let ended_badly =
            matches!(ContextResult::of_span(record, last), ContextResult::Failed(_) | ContextResult::Killed(_));
        for (at, span) in record.spans.iter().enumerate().filter(|(_, span)| is_test(&span.label)) {
            labels.insert(span.label.clone());
            let result = ContextResult::of_span(record, at);
            let test = self.test(record, &span.label);
            test.began = test.began.max(Some(span.at));
            // Of a test that is a part of a program nobody says how it ended, but of the program.
            test.failed |= ended_badly || matches!(result, ContextResult::Failed(_) | ContextResult::Killed(_));
        }
        for label in record.contexts.iter().filter(|label| is_test(label)) {
            labels.insert(label.clone());
            let test = self.test(record, label);
            test.began = test.began.max(Some(record.head.started));
        }
        let questions: Vec<_> = record.images.iter().map(|image| self.questions.of_image(image)).collect();
        let mut of_all: BTreeSet<Reason> = questions.iter().filter_map(|question| question.all.clone()).collect();
        // With these options a process tells only what no other had told.
        let is_of_union = |slug: &str| {
            [WarningKind::Once, WarningKind::OnlyNew, WarningKind::ForkInherits].iter().any(|kind| kind.slug() == slug)
        };
        if !record.complete || record.warnings.iter().any(|warning| is_of_union(&warning.slug)) {
            of_all.insert(Reason::Incomplete);
        }
        for hits in &record.hits {
            let label = &record.contexts[hits.context];
            if is_test(label) {
                self.test(record, label).lines += hits.lines.len();
            }
            let Some(asked) = questions[hits.image].files.get(&hits.file) else { continue };
            // What runs before all tests may share lines with a test, as what makes it known to its framework.
            let ran = asked.iter().filter(|asked| {
                asked.function.is_some_and(|function| hits.functions.contains(function))
                    || ((asked.by_lines || is_test(label)) && asked.lines.has_any(&hits.lines))
            });
            for asked in ran {
                match is_test(label) {
                    true => {
                        let test = self.test(record, label);
                        test.changed_lines += asked.lines.intersection(&hits.lines).len();
                        test.reasons.insert(asked.reason.clone());
                    }
                    false => _ = self.runs.entry(record.head.run.clone()).or_default().insert(shared(&asked.reason)),
                }
            }
        }
        self.add_files(record, &labels);
        if of_all.is_empty() {
            return;
        }
        // What is not of any test may concern all.
        if labels.is_empty() {
            self.runs.entry(record.head.run.clone()).or_default().extend(of_all.iter().cloned());
        }
        for label in labels {
            self.test(record, &label).reasons.extend(of_all.iter().cloned());
        }
    }

    fn test(&mut self, record: &ProcessRecord, label: &str) -> &mut Test {
        let programs = self.tests.entry(label.to_owned()).or_default();
        let runs = programs.entry(program(record).to_owned()).or_default();
        runs.entry(record.head.run.clone()).or_default()
    }

    /// Gives the files that are not as they were read to the tests that read them, but for those that the run itself wrote.
    fn settle_files(&mut self) {
        for (key, readers) in std::mem::take(&mut self.differing) {
            if self.written.contains(&key) {
                continue;
            }
            let (run, path) = key;
            let name = self
                .questions
                .sources()
                .map_or_else(|| path.to_string_lossy().into_owned(), |sources| sources.name(&path));
            for reader in readers {
                let reason = Reason::Read { path: name.clone() };
                let test =
                    reader.and_then(|(label, program)| self.tests.get_mut(&label)?.get_mut(&program)?.get_mut(&run));
                match test {
                    Some(test) => _ = test.reasons.insert(reason),
                    None => {
                        let cause = "it changed, and was read outside the tests".to_owned();
                        let of_run = self.runs.entry(run.clone()).or_default();
                        of_run.insert(Reason::Changed { path: name.clone(), cause });
                    }
                }
            }
        }
    }

    /// What of the changes concerns all tests, since it is not known whom it concerns; and the files of which it is known if
    /// it is known what tests read.
    fn of_all(&self) -> (BTreeSet<Reason>, Vec<String>) {
        let Some(sources) = self.questions.sources() else { return Default::default() };
        let changed = sources.changed();
        // What was there before the first test is what all of them had.
        let is_old = |path: &PathBuf| {
            changed.untracked.contains(path)
                && self.first.zip(changed_at(path)).is_some_and(|(first, changed)| millis(changed) < first)
        };
        let mut of_all = changed.unknown.clone();
        let mut files = Vec::new();
        for path in sources.others().filter(|path| !is_old(path)) {
            let name = sources.name(path);
            let cause = if changed.added.contains(path) {
                "it is new"
            } else if !self.read.contains(path) && path.symlink_metadata().is_err() {
                "it is gone, and a test may have looked for it without reading it"
            } else if !self.read.contains(path) && self.questions.may_be_in_a_build(path) {
                "it changed, no test is known to read it, and it may be a part of a build that was not made again"
            } else {
                files.push(name);
                continue;
            };
            of_all.insert(Reason::Changed { path: name, cause: cause.to_owned() });
        }
        (of_all, files)
    }

    /// Takes the files that a process opened.
    fn add_files(&mut self, record: &ProcessRecord, labels: &BTreeSet<String>) {
        let is_incomplete = |slug: &str| {
            [WarningKind::FilesIncomplete, WarningKind::LandmarkLost].iter().any(|kind| kind.slug() == slug)
        };
        let Some(files) = record.files.as_ref().filter(|_| !record.warnings.iter().any(|it| is_incomplete(&it.slug)))
        else {
            match labels.is_empty() {
                true => _ = self.unrecorded.insert(record.head.run.clone()),
                false => labels.iter().for_each(|label| self.test(record, label).is_unrecorded = true),
            }
            return;
        };
        for file in files {
            let path = self.questions.place(&file.path);
            let key = (record.head.run.clone(), path);
            if file.opened_for != OpenedFor::Reading {
                self.written.insert(key);
            } else if key.1.starts_with(&self.root) || is_kept(&key.1) {
                self.is_below |= key.1.starts_with(&self.root);
                let now = *self.now.entry(key.1.clone()).or_insert_with_key(|path| file_digest(path));
                if now != file.digest {
                    let of = if is_test(&file.label) {
                        Some(&file.label)
                    } else {
                        labels.first().filter(|_| labels.len() == 1)
                    };
                    let test = of.map(|label| (label.clone(), program(record).to_owned()));
                    self.differing.entry(key).or_default().insert(test);
                }
            }
        }
        let Some(sources) = self.questions.sources() else { return };
        if sources.changed().files.is_empty() {
            return;
        }
        let executed = record.execs.iter().map(|exec| (exec.exe.as_str(), ""));
        let opened = files.iter().filter(|file| file.opened_for != OpenedFor::Writing);
        let opened: Vec<(&str, &str)> =
            opened.map(|file| (file.path.as_str(), file.label.as_str())).chain(executed).collect();
        let mut found = Vec::new();
        for (path, label) in opened {
            for changed in self.links.changed_in(&self.questions.place(path), &sources.changed().files) {
                found.push((sources.name(&changed), label.to_owned()));
                self.read.insert(changed);
            }
        }
        for (path, label) in found {
            match is_test(&label) {
                true => _ = self.test(record, &label).reasons.insert(Reason::Read { path }),
                false if labels.len() == 1 => {
                    // What a process does that is a test's, it does for it.
                    let label = labels.iter().next().expect("invariant: there is one");
                    self.test(record, label).reasons.insert(Reason::Read { path });
                }
                false => {
                    let cause = "it changed, and was read outside the tests".to_owned();
                    self.runs.entry(record.head.run.clone()).or_default().insert(Reason::Changed { path, cause });
                }
            }
        }
    }

    /// All tests in the order of their labels, each with why it must run.
    pub fn finish(mut self, is_always: impl Fn(&str) -> bool) -> Vec<SelectedTest> {
        self.settle_files();
        let (of_all, files) = self.of_all();
        let is_elsewhere = !self.is_below;
        let Evidence { tests, runs: of_runs, unrecorded, .. } = self;
        let cause = "it changed, and it is not known whether the test reads it; --files records that";
        let may_be_read = |path: &String| Reason::Changed { path: path.clone(), cause: cause.to_owned() };
        let selected = |(label, programs): (String, BTreeMap<String, BTreeMap<String, Test>>)| {
            let mut selected = SelectedTest { reasons: of_all.clone(), ..SelectedTest::default() };
            for runs in programs.into_values() {
                let Some((run, test)) = runs.into_iter().max_by_key(|(_, test)| test.began) else { continue };
                let all = &mut selected.reasons;
                if is_elsewhere || test.is_unrecorded || unrecorded.contains(&run) {
                    all.extend(files.iter().map(may_be_read));
                }
                all.extend(test.reasons);
                all.extend(of_runs.get(&run).into_iter().flatten().cloned());
                all.extend(test.failed.then_some(Reason::Failed));
                selected.lines += test.lines;
                selected.changed_lines += test.changed_lines;
            }
            selected.reasons.extend(is_always(&label).then_some(Reason::Always));
            SelectedTest { label, ..selected }
        };
        tests.into_iter().map(selected).collect()
    }
}

/// A time as data files have it.
fn millis(time: SystemTime) -> UnixMillis {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The program that a process ran last.
fn program(record: &ProcessRecord) -> &str {
    record.execs.last().map_or("", |exec| exec.exe.as_str())
}

/// Whether a file of no project may be expected to be as it was read.
fn is_kept(path: &Path) -> bool {
    const PASSING: [&str; 5] = ["/tmp", "/var", "/run", "/dev", "/etc/ld.so.cache"];
    // What Python compiled has the time of its source in it.
    !PASSING.iter().any(|passing| path.starts_with(passing))
        && path.extension().is_none_or(|extension| extension != "pyc")
}

/// Whether a context is a test.
fn is_test(label: &str) -> bool {
    !label.is_empty() && label != SEVERAL
}

/// The reason of a test for what ran outside of it.
fn shared(reason: &Reason) -> Reason {
    match reason {
        Reason::Source { source, lines, .. } => {
            let place = lines.as_ref().map_or(source.clone(), |lines| format!("{source}:{lines}"));
            Reason::Changed { path: place, cause: "it changed, and ran outside the tests".to_owned() }
        }
        Reason::Function { name, image, .. } => Reason::Shared { name: name.clone(), image: image.clone() },
        other => other.clone(),
    }
}
