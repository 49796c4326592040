//! Which tests ran what is asked for, gathered from what each process ran.
//!
//! Invariants: of several runs of a test in a program the newest counts; what ran outside all tests concerns all of its run.

use super::Reason;
use super::questions::Questions;
use super::sources::settled;
use crate::contexts::SEVERAL;
use crate::report::ContextResult;
use crate::store::{ProcessRecord, UnixMillis};
use crate::warning::WarningKind;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is known of tests.
pub struct Evidence<'d> {
    questions: Questions<'d>,
    /// By label, program and run.
    tests: BTreeMap<String, BTreeMap<String, BTreeMap<String, Test>>>,
    /// By run: why all of its tests are meant.
    runs: BTreeMap<String, BTreeSet<Reason>>,
    /// When the first process began.
    first: Option<UnixMillis>,
}

/// A test in a run.
#[derive(Clone, Debug, Default)]
struct Test {
    began: Option<UnixMillis>,
    failed: bool,
    reasons: BTreeSet<Reason>,
}

/// The tests that are known, each with why it must run; nothing is said of those that need not.
pub type Selected = BTreeMap<String, BTreeSet<Reason>>;

impl<'d> Evidence<'d> {
    /// With nothing known yet.
    pub fn new(questions: Questions<'d>) -> Self {
        Evidence { questions, tests: BTreeMap::new(), runs: BTreeMap::new(), first: None }
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
            let Some(asked) = questions[hits.image].files.get(&hits.file) else { continue };
            let label = &record.contexts[hits.context];
            // What runs before all tests may share lines with a test, as what makes it known to its framework.
            let ran = asked.iter().filter(|asked| {
                asked.function.is_some_and(|function| hits.functions.contains(function))
                    || ((asked.by_lines || is_test(label)) && asked.lines.has_any(&hits.lines))
            });
            for asked in ran {
                match is_test(label) {
                    true => _ = self.test(record, label).reasons.insert(asked.reason.clone()),
                    false => _ = self.runs.entry(record.head.run.clone()).or_default().insert(shared(&asked.reason)),
                }
            }
        }
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
        let program = record.execs.last().map_or("", |exec| exec.exe.as_str());
        let programs = self.tests.entry(label.to_owned()).or_default();
        let runs = programs.entry(program.to_owned()).or_default();
        runs.entry(record.head.run.clone()).or_default()
    }

    /// What of the changes concerns all tests, since it is not known whom it concerns.
    fn of_all(&self) -> BTreeSet<Reason> {
        let Some(sources) = self.questions.sources() else { return BTreeSet::new() };
        let cause = "it changed, and it is not known which tests read it";
        // What was there before the first test is what all of them had.
        let is_old = |path: &PathBuf| {
            sources.changed().untracked.contains(path)
                && self.first.zip(settled(path)).is_some_and(|(first, settled)| settled < first)
        };
        let others = sources.others().filter(|path| !is_old(path));
        let others = others.map(|path| Reason::Changed { path: sources.name(path), cause: cause.to_owned() });
        others.chain(sources.changed().unknown.iter().cloned()).collect()
    }

    /// All tests, each with why it must run.
    pub fn finish(self, is_always: impl Fn(&str) -> bool) -> Selected {
        let of_all = self.of_all();
        let Evidence { tests, runs: of_runs, .. } = self;
        let reasons = |label: &str, programs: BTreeMap<String, BTreeMap<String, Test>>| {
            let mut all = of_all.clone();
            for runs in programs.into_values() {
                let newest = runs.into_iter().max_by_key(|(_, test)| test.began);
                let Some((run, Test { failed, reasons, .. })) = newest else { continue };
                all.extend(reasons);
                all.extend(of_runs.get(&run).into_iter().flatten().cloned());
                all.extend(failed.then_some(Reason::Failed));
            }
            all.extend(is_always(label).then_some(Reason::Always));
            all
        };
        tests.into_iter().map(|(label, programs)| (label.clone(), reasons(&label, programs))).collect()
    }
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
