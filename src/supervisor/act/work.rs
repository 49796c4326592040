//! Work that takes long, done a little at a time so that no report waits long for it: planting, looking at threads, and
//! what is to be heard once more after a while.

use super::planting::{Planting, TextAccess};
use crate::link::ProcessNo;
use crate::supervisor::decide::ids::SpaceId;
use crate::supervisor::decide::input::Input;
use crate::supervisor::decide::text_change::TextChange;
use platform::Tid;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Something that takes long.
#[derive(Debug)]
enum Work {
    /// Finding out what threads are doing.
    Look(Vec<Tid>),
    /// Learning how threads of a process treat signals.
    Meet(ProcessNo, Vec<Tid>),
    /// Asking for the handler of a process.
    Ask(Question),
    /// Bringing text to a wanted state.
    Plant(Planting),
}

/// Who is to be asked for the handler that a process has for SIGTRAP. It is waited for, but not for ever: whoever is asked
/// may end, or wait for something that nothing breaks off.
#[derive(Debug)]
pub(crate) struct Question {
    pub process: ProcessNo,
    threads: VecDeque<Tid>,
    began: Option<Instant>,
    asked: Option<Instant>,
}

impl Question {
    /// Whether an answer may still come.
    pub fn is_open(&self, now: Instant) -> bool {
        const LONGEST: Duration = Duration::from_secs(2);
        self.began.is_none_or(|began| now.duration_since(began) < LONGEST)
    }

    /// The thread to ask, if the one before does not answer.
    pub fn next_thread(&mut self, now: Instant) -> Option<Tid> {
        const PATIENCE: Duration = Duration::from_millis(100);
        self.began.get_or_insert(now);
        if self.asked.is_some_and(|asked| now.duration_since(asked) < PATIENCE) {
            return None;
        }
        self.asked = Some(now);
        self.threads.pop_front()
    }
}

/// A piece of work to do now that is not about text.
#[derive(Debug)]
pub(crate) enum Piece {
    Look(Vec<Tid>),
    Meet(ProcessNo, Vec<Tid>),
    Ask(Question),
}

/// How many threads are looked at before it is heard whether somebody reports.
const THREADS_AT_ONCE: usize = 16;

/// How long it takes until something is heard once more.
const AFTER: Duration = Duration::from_micros(200);

/// What is still to be done, in this order.
#[derive(Debug, Default)]
pub(crate) struct WorkQueue {
    queue: VecDeque<Work>,
    /// What is to be heard, and when.
    later: VecDeque<(Instant, Input)>,
    planted: u64,
}

impl WorkQueue {
    /// Has text brought to a wanted state.
    pub fn plant(&mut self, change: Box<TextChange>) {
        self.queue.push_back(Work::Plant(Planting::new(change)));
    }

    /// Nothing more is to be planted in a space.
    pub fn plant_no_more(&mut self, space: SpaceId) {
        self.queue.retain(|work| !matches!(work, Work::Plant(planting) if planting.change().space == space));
    }

    /// Has it found out what a thread is doing.
    pub fn look(&mut self, tid: Tid) {
        match self.queue.back_mut() {
            Some(Work::Look(tids)) => tids.push(tid),
            Some(Work::Meet(..) | Work::Ask(_) | Work::Plant(_)) | None => self.queue.push_back(Work::Look(vec![tid])),
        }
    }

    /// Has an input come once more after a while, in which others than us can go on.
    pub fn hear_later(&mut self, input: Input) {
        self.later.push_back((Instant::now() + AFTER, input));
    }

    /// What is to be heard now.
    pub fn take_due(&mut self, now: Instant) -> impl Iterator<Item = Input> {
        let due = self.later.partition_point(|(at, _)| *at <= now);
        self.later.drain(..due).map(|(_, input)| input)
    }

    /// When the next of that is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.later.front().map(|(at, _)| *at)
    }

    /// Has it learnt how the threads of a process treat signals.
    pub fn meet(&mut self, process: ProcessNo, threads: Vec<Tid>) {
        self.queue.push_back(Work::Meet(process, threads));
    }

    /// Has a thread of a process asked for its handler of SIGTRAP before anything else is done.
    pub fn ask(&mut self, process: ProcessNo, threads: Vec<Tid>) {
        self.queue.push_back(Work::Ask(Question { process, threads: threads.into(), began: None, asked: None }));
    }

    /// The answer to a question has not come yet.
    pub fn go_on_asking(&mut self, question: Question) {
        self.queue.push_front(Work::Ask(question));
    }

    /// Does a little of the work, or gives what of it is not about text; `access` gives what a text is changed by.
    pub fn go_on<'a>(
        &mut self,
        access: impl Fn(&TextChange) -> TextAccess<'a>,
        inputs: &mut VecDeque<Input>,
    ) -> Option<Piece> {
        let some = |tids: &mut Vec<Tid>| tids.split_off(tids.len().saturating_sub(THREADS_AT_ONCE));
        match self.queue.pop_front()? {
            Work::Look(mut tids) => {
                let piece = Piece::Look(some(&mut tids));
                if !tids.is_empty() {
                    self.queue.push_front(Work::Look(tids));
                }
                Some(piece)
            }
            Work::Meet(process, mut tids) => {
                let piece = Piece::Meet(process, some(&mut tids));
                if !tids.is_empty() {
                    self.queue.push_front(Work::Meet(process, tids));
                }
                Some(piece)
            }
            Work::Ask(question) => Some(Piece::Ask(question)),
            Work::Plant(mut planting) => {
                if planting.advance(&access(planting.change())) {
                    self.queue.push_front(Work::Plant(planting));
                } else {
                    self.planted += planting.planted;
                    inputs.extend(planting.outcome());
                }
                None
            }
        }
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many breakpoints were planted.
    pub fn planted(&self) -> u64 {
        self.planted
    }
}
