//! Answering image requests: threads of their own read the file, plan its probes and put plan and facts into the run's
//! directory, so that flushing goes on while a large image is being read. Another one looks for the sources, so that no
//! program waits for that.

use super::facts::{Facts, Opens, StoredFacts};
use super::known::KnownLines;
use super::real_folders::RealFolders;
use super::scope::{DecisionTurn, DecisionTurns, Scope};
use super::sources::{CodeToDigest, SourceFinder, Sourceless, find_sources};
use crate::cache::{Cache, CacheSlot};
use crate::contexts::FunctionRule;
use crate::debuginfo::{self, Among, ContextFunctions, ImageIndex, Landmark, LandmarkKind, OpensFilesBy, SourceChoice};
use crate::link::{ImageId, InProject, Port, RunDir, ToSupervisor};
use crate::plan::Plan;
use crate::store::DataDir;
use crate::warning::WarningKind;
use platform::{MappedFile, OsError};
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of debug information make an image so large that only those units of it are read that are wanted; of
/// others the cache has everything, for whatever is wanted next time.
const LARGE: usize = 32 << 20;

/// A request that the supervisor sent.
struct Request {
    image: ImageId,
    path: String,
    file: Option<File>,
    /// When its sources are chosen, if that depends on other images.
    turn: Option<DecisionTurn>,
}

/// The threads that read images.
pub(super) struct ImageReaders {
    requests: Vec<Sender<Request>>,
    turns: Option<Arc<DecisionTurns>>,
    done: Receiver<(ImageId, Facts)>,
}

impl ImageReaders {
    /// Starts as many readers as there are CPUs, four at the most.
    pub fn start(
        run: &RunDir,
        data: &DataDir,
        selection: &Scope,
        known: Option<Arc<KnownLines>>,
        cache: Option<&Cache>,
        supervisor: &Port,
    ) -> Result<Self, OsError> {
        let (send_done, done) = channel();
        let (send_sourceless, sourceless) = channel();
        let found = send_done.clone();
        let finder = SourceFinder { run: run.clone(), data: data.clone(), cache: cache.cloned(), done: found };
        spawn("sources", move || finder.serve(&sourceless))?;
        let supervisor = Arc::new(Mutex::new(supervisor.try_clone()?));
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let real = Arc::new(RealFolders::default());
        let mut requests = Vec::new();
        for _ in 0..count {
            let (sender, receiver) = channel();
            let reader = ImageReader {
                run: run.clone(),
                selection: selection.clone(),
                known: known.clone(),
                cache: cache.cloned(),
                real: Arc::clone(&real),
                supervisor: Arc::clone(&supervisor),
                sourceless: send_sourceless.clone(),
                done: send_done.clone(),
            };
            spawn("images", move || reader.serve(&receiver))?;
            requests.push(sender);
        }
        let turns = selection.project.as_ref().map(DecisionTurns::in_project);
        Ok(ImageReaders { requests, turns, done })
    }

    /// Hands a request to a reader.
    pub fn request(&self, image: ImageId, path: String, file: Option<File>) {
        let reader = &self.requests[image.0 as usize % self.requests.len()];
        let turn = self.turns.as_ref().map(DecisionTurns::next);
        reader
            .send(Request { image, path, file, turn })
            .expect("invariant: readers end when their senders are dropped");
    }

    /// Facts that became ready.
    pub fn ready(&self) -> impl Iterator<Item = (ImageId, Facts)> + '_ {
        self.done.try_iter()
    }

    /// Lets the readers finish what they were asked, and takes the rest; and what was chosen of the images, if that was
    /// what is in a project.
    pub fn finish(self) -> (Vec<(ImageId, Facts)>, Option<InProject>) {
        drop(self.requests);
        let rest = self.done.iter().collect();
        (rest, self.turns.map(|turns| turns.chosen()))
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), OsError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map(drop).map_err(|error| OsError::io("start a thread for", name, &error))
}

struct ImageReader {
    run: RunDir,
    selection: Scope,
    known: Option<Arc<KnownLines>>,
    cache: Option<Cache>,
    real: Arc<RealFolders>,
    supervisor: Arc<Mutex<Port>>,
    sourceless: Sender<Sourceless>,
    done: Sender<(ImageId, Facts)>,
}

impl ImageReader {
    fn serve(self, requests: &Receiver<Request>) {
        for Request { image, path, file, turn } in requests {
            let mapped = map(file);
            let place = self.cache.as_ref().zip(mapped.as_ref().ok());
            let place = place.map(|(cache, MappedImage { before, .. })| cache.place(before));
            let read = mapped.as_ref().map_err(Unmeasured::clone);
            let read = read.and_then(|mapped| self.read(&path, &mapped.bytes, place.as_ref(), turn.as_ref()));
            let before = mapped.as_ref().ok().map(|mapped| &mapped.before);
            let (mut facts, mut plan) = self.facts_and_plan(&path, &read, before, turn);
            match &mapped {
                Ok(mapped) if self.selection.files => facts.opens = opens_of(&mapped.bytes, &plan),
                _ if self.selection.files => facts.opens = Opens::Unseen,
                _ => plan.landmarks.retain(|landmark| !is_of_files(landmark)),
            }
            if let (Some(rule), Ok(mapped)) = (&self.selection.functions, &mapped) {
                watch_functions(&mapped.bytes, rule, &mut facts, &mut plan);
            }
            // What is in the cache already is not needed any more.
            let is_measured = !plan.offsets.is_empty();
            let code = read.as_ref().ok().zip(mapped.as_ref().ok()).filter(|_| is_measured).map(|(read, mapped)| {
                let (bytes, index) = (mapped.bytes.clone(), read.index.clone());
                CodeToDigest { bytes, index }
            });
            let mut new = read.ok().filter(|read| read.is_new).map(|read| read.index).zip(place);
            if let Some(len) = new.as_ref().and_then(|(index, place)| place.exceeds(index)) {
                let text = format!(
                    "the index has {} MiB, more than the cache holds, so each measurement reads it again",
                    len >> 20
                );
                facts.warn(WarningKind::IndexNotKept, &text);
                new = None;
            }
            // Without the facts on disk the marks of this image could not be recovered; the plan is what counts now.
            let (are_kept, in_memory) = rayon::join(
                || self.run.create_facts(image).and_then(|file| facts.write(file)).is_ok(),
                || self.keep_plan(image, &plan),
            );
            self.answer(image, in_memory);
            self.hand_over(image, facts, before, are_kept, code);
            drop(plan);
            // When nobody waits any more.
            if let Some((index, place)) = new {
                place.store(&index);
            }
        }
    }

    /// What is measured of an image; `before` is what its file was like, if there is one.
    fn facts_and_plan(
        &self,
        path: &str,
        read: &Result<Read, Unmeasured>,
        before: Option<&Metadata>,
        turn: Option<DecisionTurn>,
    ) -> (StoredFacts, Plan) {
        let (mut facts, mut plan) = match read {
            Ok(read) => self.divided(path, &read.index, turn),
            Err(Unmeasured { kind, text }) => (StoredFacts::unmeasured(path, *kind, text.clone()), Plan::default()),
        };
        if before.is_some_and(loses_its_rights) {
            facts.warn(
                WarningKind::SetUserId,
                "a traced program does not get the rights of its file's owner unless the tracer is root, so it ran without them",
            );
        }
        if let Some(known) = &self.known {
            // What is known of another text of a source is not known of this one.
            if let Some(before) = before {
                find_sources(&mut facts, before, self.cache.as_ref()).store();
            }
            facts.leave_out(&mut plan, known);
        }
        (facts, plan)
    }

    /// The facts and the plan of an image, of the sources that are measured.
    fn divided(&self, path: &str, index: &ImageIndex, turn: Option<DecisionTurn>) -> (StoredFacts, Plan) {
        let mut wanted = self.meant(path, &index.files);
        if let Some(turn) = turn {
            let chosen = turn.choose(path, index);
            wanted.iter_mut().zip(chosen).for_each(|(wanted, chosen)| *wanted &= chosen);
        }
        let (mut facts, plan) = StoredFacts::of(path, index, &wanted, self.selection.probing);
        let has_sources = !index.files.is_empty() || index.part.is_some();
        let is_measured = self.selection.modules.takes(path) && (!has_sources || wanted.contains(&true));
        if !is_measured {
            facts.warnings.clear();
        }
        (facts, plan)
    }

    /// Which of the sources of an image are within the filters of the run.
    fn meant(&self, path: &str, sources: &[String]) -> Vec<bool> {
        let Scope { sources: filter, modules, .. } = &self.selection;
        let is_whole = modules.takes(path);
        let real = |file: &str| {
            let path = Path::new(file);
            let real = path.has_root().then(|| self.real.in_real(path)).flatten();
            real.and_then(|real| real.into_os_string().into_string().ok())
        };
        sources.iter().map(|file| is_whole && filter.takes(file, || real(file))).collect()
    }

    /// Which of the sources that an image names are wanted of it.
    fn wanted(&self, path: &str, sources: &[String], turn: Option<&DecisionTurn>) -> Vec<bool> {
        let mut wanted = self.meant(path, sources);
        if let Some(turn) = turn {
            let chosen = turn.expect(path, sources);
            wanted.iter_mut().zip(chosen).for_each(|(wanted, chosen)| *wanted &= chosen);
        }
        wanted
    }

    /// Puts a plan on disk, or into memory where the disk has no room.
    fn keep_plan(&self, image: ImageId, plan: &Plan) -> Option<File> {
        match self.run.create_plan(image).and_then(|file| plan.write(file)) {
            Ok(_) => None,
            Err(_) => self.in_memory(image, plan),
        }
    }

    /// Tells the supervisor of the plan that it waits for, and gives it what is not on disk.
    fn answer(&self, image: ImageId, in_memory: Option<File>) {
        let mut supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        let _supervisor_gone = supervisor.send_file_waiting(&ToSupervisor::Plan(image), in_memory);
    }

    /// Gives the facts to who finds their sources, if that is still to be done, and to the recorder otherwise.
    fn hand_over(
        &self,
        image: ImageId,
        facts: StoredFacts,
        before: Option<&Metadata>,
        are_kept: bool,
        code: Option<CodeToDigest>,
    ) {
        let _recorder_ends = match before.filter(|_| self.known.is_none()) {
            Some(before) => {
                let sourceless = Sourceless { image, facts, before: before.clone(), are_kept, code };
                self.sourceless.send(sourceless).is_ok()
            }
            None => self.done.send((image, facts.into_facts())).is_ok(),
        };
    }

    /// A plan for which the disk has no room; without memory for it either, the supervisor finds none.
    fn in_memory(&self, image: ImageId, plan: &Plan) -> Option<File> {
        let _half_of_it = self.run.remove_plan(image);
        plan.write(platform::memory_file().ok()?).ok()
    }

    /// The index of an image, from the cache if it is there; that of its landmarks if no more is wanted.
    fn read(
        &self,
        path: &str,
        bytes: &MappedFile,
        place: Option<&CacheSlot<'_>>,
        turn: Option<&DecisionTurn>,
    ) -> Result<Read, Unmeasured> {
        let wanted = |sources: &[String]| self.wanted(path, sources, turn);
        let is_decided = |index: &ImageIndex| turn.is_none_or(|turn| turn.decides_alike(path, index));
        if let Some(index) = place.and_then(|place| place.load(bytes))
            && index.part.as_ref().is_none_or(|part| part.covers(&wanted(&part.sources)))
            && is_decided(&index)
        {
            return Ok(Read { index: Arc::new(index), is_new: false });
        }
        let whole = self.selection.modules.takes(path);
        // Where everything is measured, nobody needs to look for what is not.
        let choice =
            (turn.is_some() || self.selection.is_chosen).then_some(SourceChoice { large: LARGE, wanted: &wanted });
        let read = || {
            if !whole {
                return debuginfo::landmarks(bytes);
            }
            let index = debuginfo::index_in_steps(bytes, choice.as_ref(), &|| bytes.release())?;
            if is_decided(&index) {
                return Ok(index);
            }
            debuginfo::index_in_steps(bytes, None, &|| bytes.release())
        };
        match std::panic::catch_unwind(AssertUnwindSafe(read)) {
            Ok(Ok(index)) => Ok(Read { index: Arc::new(index), is_new: whole }),
            Ok(Err(error)) => Err(Unmeasured::because(WarningKind::ImageNotMeasured, &error.to_string())),
            Err(_) => Err(Unmeasured::because(WarningKind::ImageNotMeasured, "reading its debug info failed")),
        }
    }
}

fn is_of_files(landmark: &Landmark) -> bool {
    matches!(landmark.kind, LandmarkKind::Open(_))
}

/// Whether it is seen which files an image opens: by the GNU C library it is, but Go makes system calls of its own.
fn opens_of(bytes: &[u8], plan: &Plan) -> Opens {
    match debuginfo::opens_files_by(bytes) {
        Some(OpensFilesBy::Itself) => Opens::Unseen,
        Some(OpensFilesBy::GnuLibrary) if plan.landmarks.iter().any(is_of_files) => Opens::Watched,
        Some(OpensFilesBy::GnuLibrary) | None => Opens::None,
    }
}

/// Has the functions watched that are contexts: of an image of which nothing is measured, those that run the tests of others.
fn watch_functions(bytes: &[u8], rule: &FunctionRule, facts: &mut StoredFacts, plan: &mut Plan) {
    let among = match plan.offsets.is_empty() {
        false => Among::All,
        true if rule.has_runners() => Among::Runners,
        true => return,
    };
    let found = std::panic::catch_unwind(AssertUnwindSafe(|| debuginfo::context_functions(bytes, rule, among)));
    let Ok(Ok(ContextFunctions { entries, landmarks, unwatched, nameless })) = found else {
        facts.warn(WarningKind::ContextUnwatched, "its functions could not be read, so none of them is a context");
        return;
    };
    if let Some(first) = unwatched.first() {
        let text = format!(
            "{} functions cannot be contexts, since they begin with an instruction that cov-trace does not do for a \
             thread, such as {first}; at -O0 most begin with another one",
            unwatched.len()
        );
        facts.warn(WarningKind::ContextUnwatched, &text);
    }
    if let Some(framework) = nameless {
        let text = format!(
            "its tests are {framework}'s, whose functions do not have their names, so they are no contexts; the header \
             samples/contexts/cov_trace_context.h has the program tell them itself"
        );
        facts.warn(WarningKind::ContextUnwatched, &text);
    }
    plan.watch(entries, landmarks);
}

/// An image's index, and whether the whole of it was read just now.
struct Read {
    index: Arc<ImageIndex>,
    is_new: bool,
}

struct MappedImage {
    /// What the file was like before.
    before: Metadata,
    bytes: Arc<MappedFile>,
}

/// Why an image is not measured.
#[derive(Clone)]
struct Unmeasured {
    kind: WarningKind,
    text: String,
}

impl Unmeasured {
    fn because(kind: WarningKind, cause: &str) -> Unmeasured {
        Unmeasured { kind, text: format!("followed, not measured: {cause}") }
    }
}

fn map(file: Option<File>) -> Result<MappedImage, Unmeasured> {
    let kind = WarningKind::ImageUnreadable;
    let Some(file) = file else {
        let text = "its file could not be opened, so it is followed but not measured".to_owned();
        return Err(Unmeasured { kind, text });
    };
    let before = file.metadata().map_err(|error| Unmeasured::because(kind, &error.to_string()))?;
    let bytes = MappedFile::map(&file).map_err(|error| Unmeasured::because(kind, &error.to_string()))?;
    Ok(MappedImage { before, bytes: Arc::new(bytes) })
}

/// Whether running this file would give rights that a tracer without CAP_SYS_PTRACE takes away (execve(2)).
fn loses_its_rights(file: &Metadata) -> bool {
    const SET_ID: u32 = 0o6000;
    file.mode() & SET_ID != 0 && !platform::process::is_root()
}
