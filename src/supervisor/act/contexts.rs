//! Which context each process is in.
//!
//! Invariants: what the journal is to tell of a context comes before the first section in it; a measurement without
//! contexts has no records of any.

use crate::contexts::{ContextKind, ContextRule, SEVERAL, TemplateSubject};
use crate::link::{ContextChange, ContextId, ProcessNo, Record};
use crate::supervisor::decide::frames::FunctionContext;
use std::collections::HashMap;

/// The contexts of a run.
#[derive(Debug)]
pub(crate) struct Contexts {
    rule: ContextRule,
    /// By label; the one that the run begins in is not among them.
    ids: HashMap<String, ContextId>,
    processes: HashMap<ProcessNo, Place>,
    /// Whether the label of the one that the run begins in was told.
    began: bool,
    /// Whether there is any but the empty one.
    is_used: bool,
    /// The switch under way.
    change: Option<Change>,
}

/// How the context of processes is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// As a user or a program asked for.
    Asked(ContextKind, ContextChange),
    /// As the functions say that it is in.
    Function(FunctionContext),
}

/// A context, and what opened it.
#[derive(Clone, Copy, Debug)]
struct Opened {
    context: ContextId,
    kind: ContextKind,
}

/// Where a process is.
#[derive(Clone, Debug)]
struct Place {
    context: Opened,
    /// Those that it was switched from, the last of them last.
    under: Vec<Opened>,
    /// That of a function that it is in, which comes before the others.
    function: Option<ContextId>,
    /// How many execs led to the program that it runs.
    depth: u32,
    /// Whether that is the program of its maker, of which it is a child without an exec of its own.
    is_forked: bool,
}

impl Place {
    /// The context that what runs is of.
    fn effective(&self) -> Opened {
        self.function.map_or(self.context, |context| Opened { context, kind: ContextKind::Function })
    }
}

impl Default for Place {
    /// Where the program is that is launched.
    fn default() -> Self {
        let context = Opened { context: ContextId::default(), kind: ContextKind::Run };
        Place { context, under: Vec::new(), function: None, depth: 0, is_forked: false }
    }
}

impl Contexts {
    pub fn new(rule: ContextRule) -> Self {
        let is_used = rule.is_used();
        Contexts { rule, ids: HashMap::new(), processes: HashMap::new(), began: false, is_used, change: None }
    }

    /// A process is measured from here on; gives what the journal is to tell.
    pub fn began(&mut self, process: ProcessNo, maker: Option<ProcessNo>, at: i64) -> Vec<Record> {
        if !self.is_used {
            return Vec::new();
        }
        let maker = maker.and_then(|maker| self.processes.get(&maker).cloned());
        let opened = (maker.is_none() && !self.rule.label.is_empty()).then_some(ContextKind::Run);
        let place = maker.map_or_else(Place::default, |maker| Place { is_forked: true, ..maker });
        let Opened { context, .. } = place.effective();
        self.processes.insert(process, place);
        let mut records = Vec::new();
        if !std::mem::replace(&mut self.began, true) && !self.rule.label.is_empty() {
            records.push(Record::Context { context: ContextId::default(), label: self.rule.label.clone() });
        }
        records.push(Record::Entered { process, context, at, opened });
        records
    }

    /// A process runs another program; gives what the journal is to tell.
    pub fn execed(&mut self, process: ProcessNo, subject: &TemplateSubject<'_>, at: i64) -> Vec<Record> {
        if let Some(place) = self.processes.get_mut(&process) {
            // It is run for the sake of the function that executes it.
            place.context = place.effective();
            place.function = None;
        }
        let Some(by_process) = &self.rule.by_process else { return Vec::new() };
        let place = self.processes.entry(process).or_default();
        place.depth += u32::from(std::mem::take(&mut place.is_forked));
        if !by_process.takes(place.depth, subject.exe) {
            return Vec::new();
        }
        let label = by_process.template.label(subject);
        if label.is_empty() {
            return Vec::new();
        }
        place.under.clear();
        let (context, mut records) = self.numbered(label);
        self.enter(process, Opened { context, kind: ContextKind::Process }, at, &mut records);
        records
    }

    /// The number of a context, and what is to be told of it if it is new.
    fn numbered(&mut self, label: String) -> (ContextId, Vec<Record>) {
        if label == self.rule.label {
            return (ContextId::default(), Vec::new());
        }
        let next = ContextId(self.ids.len() as u32 + 1);
        let context = *self.ids.entry(label.clone()).or_insert(next);
        (context, if context == next { vec![Record::Context { context, label }] } else { Vec::new() })
    }

    fn enter(&mut self, process: ProcessNo, context: Opened, at: i64, records: &mut Vec<Record>) {
        let place = self.processes.entry(process).or_default();
        place.context = context;
        let Opened { context, kind } = place.effective();
        records.push(Record::Entered { process, context, at, opened: Some(kind) });
    }

    /// The context is to be switched like this; false if none of the processes has one to come back to.
    pub fn prepare(&mut self, change: Change, processes: &[ProcessNo]) -> bool {
        let has_former = |process: &ProcessNo| self.processes.get(process).is_some_and(|place| !place.under.is_empty());
        let may_be = !matches!(change, Change::Asked(_, ContextChange::Back)) || processes.iter().any(has_former);
        self.change = Some(change).filter(|_| may_be);
        may_be
    }

    /// Processes are in the context that they are to be switched to; gives what the journal is to tell.
    pub fn switch(&mut self, processes: &[ProcessNo], at: i64) -> Vec<Record> {
        self.is_used = true;
        match self.change.take() {
            Some(Change::Asked(kind, ContextChange::To(label))) => {
                let (context, mut records) = self.numbered(label);
                for &process in processes {
                    let place = self.processes.entry(process).or_default();
                    place.under.push(place.context);
                    self.enter(process, Opened { context, kind }, at, &mut records);
                }
                records
            }
            Some(Change::Asked(_, ContextChange::Back)) => {
                let mut records = Vec::new();
                for &process in processes {
                    let former = self.processes.get_mut(&process).and_then(|place| place.under.pop());
                    if let Some(context) = former {
                        self.enter(process, context, at, &mut records);
                    }
                }
                records
            }
            Some(Change::Function(function)) => {
                let label = match function {
                    FunctionContext::Outside => None,
                    FunctionContext::One(label) => Some(label),
                    FunctionContext::Several => Some(SEVERAL.to_owned()),
                };
                let (function, records) = label.map(|label| self.numbered(label)).unzip();
                let mut records = records.unwrap_or_default();
                for &process in processes {
                    let place = self.processes.entry(process).or_default();
                    place.function = function;
                    let context = place.context;
                    self.enter(process, context, at, &mut records);
                }
                records
            }
            None => Vec::new(),
        }
    }

    /// The context that what a process runs is of.
    pub fn of(&self, process: ProcessNo) -> ContextId {
        self.processes.get(&process).map_or(ContextId::default(), |place| place.effective().context)
    }

    /// Nothing more comes of a process.
    pub fn forget(&mut self, process: ProcessNo) {
        self.processes.remove(&process);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contexts::ByProcess;

    fn by_process(depth: Option<u32>) -> Contexts {
        let by_process = ByProcess { template: "{name}".parse().unwrap(), depth, executables: Vec::new() };
        Contexts::new(ContextRule { by_process: Some(by_process), ..ContextRule::default() })
    }

    fn exec(contexts: &mut Contexts, process: u32, exe: &str) -> Option<ContextId> {
        let subject = TemplateSubject { exe, argv: &[], cwd: "", pid: 1, env: &|_| None };
        contexts.execed(ProcessNo(process), &subject, 0).into_iter().find_map(|record| match record {
            Record::Entered { context, opened: Some(_), .. } => Some(context),
            _ => None,
        })
    }

    fn begin(contexts: &mut Contexts, process: u32, maker: Option<u32>) -> Vec<Record> {
        contexts.began(ProcessNo(process), maker.map(ProcessNo), 0)
    }

    #[test]
    fn execs_open_contexts_by_label_and_children_stay_in_them() {
        let mut contexts = by_process(None);
        begin(&mut contexts, 0, None);
        assert_eq!(exec(&mut contexts, 0, "/bin/make"), Some(ContextId(1)));
        let entered = |records: Vec<Record>| match &records[..] {
            [Record::Entered { context, opened, .. }] => (*context, *opened),
            other => panic!("{other:?}"),
        };
        assert_eq!(entered(begin(&mut contexts, 1, Some(0))), (ContextId(1), None));
        assert_eq!(exec(&mut contexts, 1, "/t/a"), Some(ContextId(2)));
        assert_eq!(entered(begin(&mut contexts, 2, Some(1))), (ContextId(2), None));
        begin(&mut contexts, 3, Some(0));
        assert_eq!(exec(&mut contexts, 3, "/u/a"), Some(ContextId(2)), "the same label");
    }

    #[test]
    fn depth_counts_programs_and_not_forks() {
        let mut contexts = by_process(Some(1));
        begin(&mut contexts, 0, None);
        assert!(exec(&mut contexts, 0, "/bin/make").is_some());
        // A shell as a fork of a fork, which then executes another program in its place.
        begin(&mut contexts, 1, Some(0));
        begin(&mut contexts, 2, Some(1));
        assert!(exec(&mut contexts, 2, "/bin/sh").is_some());
        assert!(exec(&mut contexts, 2, "/t/test").is_some(), "in the place of the shell");
        begin(&mut contexts, 3, Some(2));
        assert!(exec(&mut contexts, 3, "/bin/sed").is_none());
        begin(&mut contexts, 4, Some(3));
        assert!(exec(&mut contexts, 4, "/bin/cat").is_none());
    }

    #[test]
    fn a_switch_is_for_children_too_and_is_taken_back() {
        let mut contexts = Contexts::new(ContextRule::default());
        begin(&mut contexts, 0, None);
        let switched = |contexts: &mut Contexts, change, processes: &[u32]| -> Option<Vec<(u32, u32)>> {
            let processes: Vec<ProcessNo> = processes.iter().copied().map(ProcessNo).collect();
            let entered = |record| match record {
                Record::Entered { process, context, .. } => Some((process.0, context.0)),
                _ => None,
            };
            let may_be = contexts.prepare(change, &processes);
            may_be.then(|| contexts.switch(&processes, 0).into_iter().filter_map(entered).collect())
        };
        let to = |label: &str| Change::Asked(ContextKind::Command, ContextChange::To(label.to_owned()));
        let back = Change::Asked(ContextKind::Command, ContextChange::Back);
        assert_eq!(switched(&mut contexts, back.clone(), &[0]), None);
        assert_eq!(switched(&mut contexts, to("a"), &[0, 7]), Some(vec![(0, 1), (7, 1)]));
        begin(&mut contexts, 1, Some(0));
        assert_eq!(switched(&mut contexts, to("b"), &[1]), Some(vec![(1, 2)]));
        assert_eq!(switched(&mut contexts, to("a"), &[0]), Some(vec![(0, 1)]), "the same again");
        assert_eq!(switched(&mut contexts, back.clone(), &[0, 1, 2]), Some(vec![(0, 1), (1, 1)]));
        assert_eq!(switched(&mut contexts, back.clone(), &[0, 1]), Some(vec![(0, 0), (1, 0)]));
        assert_eq!(switched(&mut contexts, to(""), &[0]), Some(vec![(0, 0)]));
    }

    #[test]
    fn a_function_comes_before_what_was_switched_and_is_what_its_children_execute_for() {
        let mut contexts = Contexts::new(ContextRule { by_function: true, ..ContextRule::default() });
        begin(&mut contexts, 0, None);
        let mut switched = |change, process: u32| {
            assert!(contexts.prepare(change, &[ProcessNo(process)]));
            let records = contexts.switch(&[ProcessNo(process)], 0);
            let [.., Record::Entered { context, .. }] = records[..] else { panic!("{records:?}") };
            context.0
        };
        let one = |label: &str| Change::Function(FunctionContext::One(label.to_owned()));
        assert_eq!(switched(one("a"), 0), 1);
        assert_eq!(switched(Change::Asked(ContextKind::Probe, ContextChange::To("b".to_owned())), 0), 1);
        assert_eq!(switched(Change::Function(FunctionContext::Outside), 0), 2);
        assert_eq!(switched(Change::Function(FunctionContext::Several), 0), 3);
        assert_eq!(switched(one("a"), 0), 1);
        let [Record::Entered { context: ContextId(1), .. }] = begin(&mut contexts, 1, Some(0))[..] else { panic!() };
        assert_eq!(exec(&mut contexts, 1, "/bin/sed"), None);
        let [Record::Entered { context: ContextId(1), .. }] = begin(&mut contexts, 2, Some(1))[..] else { panic!() };
    }

    #[test]
    fn a_run_without_contexts_tells_of_none() {
        let mut contexts = Contexts::new(ContextRule::default());
        assert_eq!(begin(&mut contexts, 0, None), []);
        assert_eq!(exec(&mut contexts, 0, "/bin/make"), None);
        let mut contexts = Contexts::new(ContextRule { label: "night".to_owned(), ..ContextRule::default() });
        let (context, process) = (ContextId(0), ProcessNo(0));
        let told = [
            Record::Context { context, label: "night".to_owned() },
            Record::Entered { process, context, at: 0, opened: Some(ContextKind::Run) },
        ];
        assert_eq!(begin(&mut contexts, 0, None), told);
        let entered = Record::Entered { process: ProcessNo(1), context, at: 0, opened: None };
        assert_eq!(begin(&mut contexts, 1, Some(0)), [entered]);
    }
}
