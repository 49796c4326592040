//! Choosing the sources of images one after the other, in the order in which they appeared, although they are read at the
//! same time: what is measured of one depends on those before.
//!
//! Invariants: a turn that is dropped is over, so that none waits for one that never comes; a source that is measured in
//! one image is measured in all that come later, so that a report never calls a line missed which ran in one of these.

use super::decision::{Measured, SourcePlace, measured};
use super::places::Surroundings;
use crate::debuginfo::{ImageIndex, ReadPart};
use crate::filter::Project;
use crate::link::InProject;
use crate::store::FileFacts;
use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// How many images are named.
const MOST_NAMED: usize = 3;

/// What is chosen in a project, image by image.
pub(in crate::recorder) struct DecisionTurns {
    surroundings: Surroundings,
    state: Mutex<DecisionState>,
    over: Condvar,
}

#[derive(Default)]
struct DecisionState {
    /// How many turns were given.
    given: u64,
    /// Those that are not over.
    waiting: BTreeSet<u64>,
    /// Whether an image was of the project.
    is_known: bool,
    /// The first of the images of which everything is measured, since none was of the project.
    whole: Vec<String>,
    /// How many there are.
    whole_images: u64,
    /// Their sources.
    taken: HashSet<String>,
    /// Hashes of the sources that are not measured.
    left: HashSet<u64>,
}

/// The turn of one image.
pub(in crate::recorder) struct DecisionTurn {
    turns: Arc<DecisionTurns>,
    number: u64,
}

impl DecisionTurns {
    pub fn in_project(project: &Project) -> Arc<Self> {
        let surroundings = Surroundings::of(project.clone());
        Arc::new(DecisionTurns { surroundings, state: Mutex::default(), over: Condvar::new() })
    }

    /// Gives the turn of the next image.
    pub fn next(self: &Arc<Self>) -> DecisionTurn {
        let mut state = self.lock();
        let number = state.given;
        state.given += 1;
        state.waiting.insert(number);
        DecisionTurn { turns: Arc::clone(self), number }
    }

    /// What was chosen until now.
    pub fn chosen(&self) -> InProject {
        let DecisionState { whole, whole_images, left, .. } = &*self.lock();
        let project = self.surroundings.top().to_string_lossy().into_owned();
        InProject { project, whole: whole.clone(), whole_images: *whole_images, left_out: left.len() as u64 }
    }

    fn lock(&self) -> MutexGuard<'_, DecisionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DecisionTurn {
    /// Which of the sources that an image names would be measured if it had code of all of them; waits for the turn, as
    /// long as that makes a difference, and leaves it as it is.
    pub fn expect(&self, path: &str, sources: &[String]) -> Vec<bool> {
        let places = self.places(path, sources);
        let state = self.wait();
        let measured = self.measured(path, &places, &state);
        let is_wanted =
            |(source, place): (&String, &SourcePlace)| measured.takes(*place) || state.taken.contains(source);
        sources.iter().zip(&places).map(is_wanted).collect()
    }

    /// Whether the same is decided by the sources that an image has code of as by all that it names: a header may have
    /// no code.
    pub fn decides_alike(&self, path: &str, index: &ImageIndex) -> bool {
        let Some(part) = &index.part else { return true };
        let (named, of_code) = (self.places(path, &part.sources), self.places(path, &index.files));
        let state = self.wait();
        self.measured(path, &named, &state) == self.measured(path, &of_code, &state)
    }

    /// Which of an image's sources are measured; waits for the turn, as long as that makes a difference. Then it is over.
    pub fn choose(self, path: &str, index: &ImageIndex) -> Vec<bool> {
        let places = self.places(path, &index.files);
        let mut state = self.wait();
        let measured = self.measured(path, &places, &state);
        state.is_known |= measured.is_of_project();
        if measured == Measured::Whole {
            let sources = index.files.iter().zip(&places).filter(|(_, place)| measured.takes(**place));
            state.taken.extend(sources.map(|(source, _)| source.clone()));
            state.whole_images += 1;
            if state.whole.len() < MOST_NAMED {
                state.whole.push(path.to_owned());
            }
        }
        // Names of no files are never measured, only counted with what is.
        let is_named = |source: &str| measured != Measured::Nothing && FileFacts::is_no_name(source);
        let is_chosen = |(source, place): (&String, SourcePlace)| {
            measured.takes(place) || state.taken.contains(source) || is_named(source)
        };
        let chosen: Vec<bool> = index.files.iter().zip(places).map(is_chosen).collect();
        let left = index.files.iter().zip(&chosen).filter(|(_, chosen)| !**chosen).map(|(source, _)| source);
        let unread = index.part.iter().flat_map(ReadPart::unread);
        state.left.extend(left.chain(unread).map(|source| hash(source)));
        chosen
    }

    fn places(&self, path: &str, sources: &[String]) -> Vec<SourcePlace> {
        sources.iter().map(|source| self.turns.surroundings.place(source, path)).collect()
    }

    fn measured(&self, path: &str, places: &[SourcePlace], state: &DecisionState) -> Measured {
        measured(places, self.turns.surroundings.has(path), state.is_known)
    }

    fn wait(&self) -> MutexGuard<'_, DecisionState> {
        let mut state = self.turns.lock();
        while !state.is_known && state.waiting.first().is_some_and(|first| *first < self.number) {
            state = self.turns.over.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }
}

impl Drop for DecisionTurn {
    fn drop(&mut self) {
        self.turns.lock().waiting.remove(&self.number);
        self.turns.over.notify_all();
    }
}

fn hash(source: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::thread;

    fn turns() -> Arc<DecisionTurns> {
        let top = Path::new("/nowhere/p");
        DecisionTurns::in_project(&Project::around(top, None, Some(top.to_owned())).unwrap())
    }

    fn index(files: &[&str]) -> ImageIndex {
        ImageIndex { files: files.iter().map(|&file| file.to_owned()).collect(), ..ImageIndex::default() }
    }

    #[test]
    fn images_are_chosen_in_the_order_in_which_they_appeared() {
        let turns = turns();
        let (wrapper, program) = (turns.next(), turns.next());
        let later = thread::spawn(move || program.choose("/bin/prog", &index(&["/nowhere/p/a.c", "/x/h.h", "/x/b.c"])));
        assert_eq!(wrapper.choose("/bin/wrapper", &index(&["/x/w.c", "/x/h.h"])), [true, true]);
        assert_eq!(later.join().unwrap(), [true, true, false], "h.h is measured already");
        assert_eq!(turns.next().choose("/bin/third", &index(&["/x/t.c"])), [false]);
        let (project, whole) = ("/nowhere/p".to_owned(), vec!["/bin/wrapper".to_owned()]);
        assert_eq!(turns.chosen(), InProject { project, whole, whole_images: 1, left_out: 2 });
    }

    #[test]
    fn a_turn_that_is_not_taken_is_over() {
        let turns = turns();
        let (first, second) = (turns.next(), turns.next());
        let waiting = thread::spawn(move || second.choose("/bin/prog", &index(&["/x/a.c"])));
        drop(first);
        assert_eq!(waiting.join().unwrap(), [true]);
    }

    #[test]
    fn once_the_project_is_known_no_image_waits() {
        let turns = turns();
        assert_eq!(turns.next().choose("/bin/prog", &index(&["/nowhere/p/a.c"])), [true]);
        let _slow = turns.next();
        assert_eq!(turns.next().choose("/bin/other", &index(&["/x/a.c"])), [false]);
    }
}
