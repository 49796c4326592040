//! What the journal tells, put together: the processes of a run as far as they are known. The live recorder and a
//! recovery read the same journal by the same code.

use super::lines::ProcessLines;
use crate::contexts::ContextKind;
use crate::link::{ContextId, EndOfProcess, ImageId, ProcessNo, Record};
use crate::store::{End, EndReason, Exec, Flush, Parent, ProcessHead, UnixMillis, Warning};
use crate::warning::WarningKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a process's hits in an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MarkSection {
    pub image: ImageId,
    /// In which the process was.
    #[serde(default)]
    pub context: ContextId,
    pub in_memory: bool,
    pub base: u64,
    pub bits: u32,
    /// Whether a bit tells of its probe only.
    #[serde(default)]
    pub exact: bool,
    /// Whether nothing is marked in it any more: the process is in another context.
    #[serde(default)]
    pub closed: bool,
}

/// A process as the journal tells of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ProcessFacts {
    pub head: ProcessHead,
    pub execs: Vec<Exec>,
    pub images: Vec<ImageId>,
    pub sections: Vec<MarkSection>,
    /// The contexts that it was in, one after the other.
    #[serde(default)]
    pub spans: Vec<SpanFacts>,
    /// The files that it opened in each context, and whether to read and to write.
    #[serde(default)]
    pub opened: BTreeMap<(ContextId, String), (bool, bool)>,
    pub warnings: Vec<Warning>,
    pub flushes: Vec<Flush>,
    /// What it was seen to run: the marks have that.
    #[serde(skip)]
    pub lines: ProcessLines,
    /// Whether the journal told something that is not in its file.
    pub changed: bool,
}

/// A process is in a context from a time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SpanFacts {
    pub context: ContextId,
    pub at: UnixMillis,
    pub opened: Option<ContextKind>,
}

/// The processes and images of a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Replay {
    /// The run's name.
    run: String,
    /// What was to be measured.
    pub scope: Option<String>,
    /// When the measuring began, and whether it was by attaching.
    pub begun: Option<(UnixMillis, bool)>,
    pub processes: BTreeMap<ProcessNo, ProcessFacts>,
    pub images: BTreeMap<ImageId, String>,
    /// The labels of contexts; one that is not here has the empty one.
    #[serde(default)]
    pub contexts: BTreeMap<ContextId, String>,
    pub warnings: Vec<Warning>,
    /// The first warning that has a way out for the person who runs the program.
    pub advice: Option<String>,
}

impl Replay {
    /// The processes of the run of this name, as far as the journal was taken in: none yet.
    pub fn new(run: &str, scope: Option<String>) -> Self {
        Replay { run: run.to_owned(), scope, ..Replay::default() }
    }

    /// Whether it is of the run of this name.
    pub fn is_of(&self, run: &str) -> bool {
        self.run == run
    }

    /// Takes one record in.
    pub fn take(&mut self, record: Record) {
        match record {
            Record::Process { process, pid, start_ticks, maker, parent, started, attached } => {
                let maker = maker.and_then(|maker| self.processes.get(&maker));
                let start_of_maker =
                    maker.filter(|maker| maker.head.pid == parent.0).map(|maker| maker.head.start_ticks);
                let started = UnixMillis(started);
                let measured_from = attached.map_or(started, UnixMillis);
                self.begun.get_or_insert((measured_from, attached.is_some()));
                let facts = ProcessFacts {
                    head: ProcessHead {
                        run: self.run.clone(),
                        scope: self.scope.clone(),
                        sequence: process.0,
                        pid: pid.0,
                        start_ticks,
                        started,
                        attached: attached.map(UnixMillis),
                        parent: (parent.0 > 0).then_some(Parent { pid: parent.0, start_ticks: start_of_maker }),
                        end: None,
                    },
                    execs: maker
                        .and_then(|maker| maker.execs.last())
                        .map(|exec| Exec { at: started, ..exec.clone() })
                        .into_iter()
                        .collect(),
                    images: maker.map(|maker| maker.images.clone()).unwrap_or_default(),
                    sections: Vec::new(),
                    spans: Vec::new(),
                    opened: BTreeMap::new(),
                    warnings: Vec::new(),
                    flushes: Vec::new(),
                    lines: ProcessLines::default(),
                    changed: true,
                };
                self.processes.insert(process, facts);
            }
            Record::Exec { process, at, exe, argv, cwd } => {
                self.change(process, |facts| facts.execs.push(Exec { at: UnixMillis(at), exe, argv, cwd }));
            }
            Record::Image { image, path } => drop(self.images.insert(image, path)),
            Record::Mapped { process, image } => self.change(process, |facts| {
                if !facts.images.contains(&image) {
                    facts.images.push(image);
                }
            }),
            Record::Context { context, label } => drop(self.contexts.insert(context, label)),
            Record::Entered { process, context, at, opened } => {
                let span = SpanFacts { context, at: UnixMillis(at), opened };
                self.change(process, |facts| {
                    // What is hit from here on is marked in new ones.
                    let is_other = facts.spans.last().map_or(ContextId::default(), |last| last.context) != context;
                    facts.sections.iter_mut().for_each(|section| section.closed |= is_other);
                    facts.spans.push(span);
                });
            }
            Record::Opened { process, path, reads, writes } => self.change(process, |facts| {
                let context = facts.spans.last().map_or(ContextId::default(), |last| last.context);
                let how = facts.opened.entry((context, path)).or_default();
                *how = (how.0 | reads, how.1 | writes);
            }),
            Record::Section { process, image, context, in_memory, base, bits, exact } => {
                let section = MarkSection { image, context, in_memory, base, bits, exact, closed: false };
                self.change(process, |facts| facts.sections.push(section));
            }
            Record::End { process, at, how } => {
                let reason = match how {
                    EndOfProcess::Exited(status) => EndReason::Exited(status),
                    EndOfProcess::Killed { signal, core } => EndReason::Signaled { signal, core },
                    EndOfProcess::LetGo => EndReason::Detached,
                };
                self.change(process, |facts| facts.head.end = Some(End { at: UnixMillis(at), reason }));
            }
            Record::Warning { process, slug, text, count } => {
                const WITH_WAY_OUT: [WarningKind; 3] =
                    [WarningKind::UntracedChild, WarningKind::ContextAmbiguous, WarningKind::ContextEnteredBefore];
                if WITH_WAY_OUT.iter().any(|kind| slug == kind.slug()) {
                    self.advice.get_or_insert_with(|| text.clone());
                }
                let warning = Warning { slug, text, count };
                match process {
                    Some(process) => self.change(process, |facts| add(&mut facts.warnings, warning)),
                    None => add(&mut self.warnings, warning),
                }
            }
        }
    }

    /// Notes that lines of the journal are no records: what they said is in no file.
    pub fn note_damage(&mut self, lines: u64) {
        if lines > 0 {
            let text = "lines of the run's journal cannot be read, so processes, images or hits may be missing";
            add(&mut self.warnings, Warning::new(WarningKind::JournalDamaged, text, lines));
            self.processes.values_mut().for_each(|facts| facts.changed = true);
        }
    }

    fn change(&mut self, process: ProcessNo, change: impl FnOnce(&mut ProcessFacts)) {
        if let Some(facts) = self.processes.get_mut(&process) {
            change(facts);
            facts.changed = true;
        }
    }
}

/// Adds a warning, or its count to the one that says the same.
fn add(warnings: &mut Vec<Warning>, warning: Warning) {
    match warnings.iter_mut().find(|known| known.slug == warning.slug && known.text == warning.text) {
        Some(known) => known.count += warning.count,
        None => warnings.push(warning),
    }
}
