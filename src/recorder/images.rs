//! Answering image requests: threads of their own read the file, plan its probes and put plan and facts into the run's
//! directory, so that flushing goes on while a large image is being read.

use super::facts::{Facts, Probing, StoredFacts};
use super::known::KnownLines;
use crate::debuginfo;
use crate::filter::{ModuleFilter, SourceFilter};
use crate::link::{ImageId, Plan, Port, RunDir, ToSupervisor};
use platform::{MappedFile, OsError};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Of sources.
    pub sources: SourceFilter,
    /// Of images.
    pub modules: ModuleFilter,
    /// Where breakpoints are planted.
    pub probing: Probing,
    /// Whether to leave out what the data directory has already.
    pub only_new: bool,
}

/// A request that the supervisor sent.
struct Request {
    image: ImageId,
    path: String,
    file: Option<File>,
}

/// The threads that read images.
pub(super) struct ImageReaders {
    requests: Vec<Sender<Request>>,
    done: Receiver<(ImageId, Facts)>,
}

impl ImageReaders {
    /// Starts as many readers as there are CPUs, four at the most.
    pub fn start(
        run: &RunDir,
        selection: &Selection,
        known: Option<Arc<KnownLines>>,
        supervisor: &Port,
    ) -> Result<Self, OsError> {
        let (send_done, done) = channel();
        let count = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let mut requests = Vec::new();
        for _ in 0..count {
            let (sender, receiver) = channel();
            let reader = Reader {
                run: run.clone(),
                selection: selection.clone(),
                known: known.clone(),
                supervisor: supervisor.try_clone()?,
                done: send_done.clone(),
            };
            std::thread::Builder::new()
                .name("images".to_owned())
                .spawn(move || reader.serve(&receiver))
                .map_err(|e| OsError::io("start", "image reader", &e))?;
            requests.push(sender);
        }
        Ok(ImageReaders { requests, done })
    }

    /// Hands a request to a reader.
    pub fn request(&self, image: ImageId, path: String, file: Option<File>) {
        let reader = &self.requests[image.0 as usize % self.requests.len()];
        reader.send(Request { image, path, file }).expect("invariant: readers end when their senders are dropped");
    }

    /// Facts that became ready.
    pub fn ready(&self) -> impl Iterator<Item = (ImageId, Facts)> + '_ {
        self.done.try_iter()
    }

    /// Lets the readers finish what they were asked, and takes the rest.
    pub fn finish(self) -> Vec<(ImageId, Facts)> {
        drop(self.requests);
        self.done.iter().collect()
    }
}

struct Reader {
    run: RunDir,
    selection: Selection,
    known: Option<Arc<KnownLines>>,
    supervisor: Port,
    done: Sender<(ImageId, Facts)>,
}

impl Reader {
    fn serve(mut self, requests: &Receiver<Request>) {
        for Request { image, path, file } in requests {
            let (mut facts, mut plan) = read(&path, file, &self.selection);
            if let Some(known) = &self.known {
                facts.leave_out(&mut plan, known);
            }
            // Without the facts on disk the marks of this image could not be recovered; the plan is what counts now.
            let facts_kept = std::fs::write(self.run.facts(image), facts.encode());
            let planned = std::fs::write(self.run.plan(image), plan.encode());
            let _disk_full: (std::io::Result<()>, std::io::Result<()>) = (facts_kept, planned);
            let _supervisor_gone = self.supervisor.send_waiting(&ToSupervisor::Plan(image));
            let _recorder_ends = self.done.send((image, facts.into_facts()));
        }
    }
}

fn read(path: &str, file: Option<File>, selection: &Selection) -> (StoredFacts, Plan) {
    let unmeasured = |slug, text: String| (StoredFacts::unmeasured(path, slug, text), Plan::default());
    let Some(file) = file else {
        return unmeasured(
            "image-unreadable",
            "its file could not be opened, so it is followed but not measured".to_owned(),
        );
    };
    let bytes = match MappedFile::map(&file) {
        Ok(bytes) => bytes,
        Err(error) => return unmeasured("image-unreadable", format!("followed, not measured: {error}")),
    };
    let (mut facts, plan) = index(path, &bytes, selection);
    if loses_its_rights(&file) {
        facts.warn(
            "set-user-id",
            "a traced program does not get the rights of its file's owner unless the tracer is root, so it ran without them",
        );
    }
    (facts, plan)
}

/// Whether running this file would give rights that a tracer without CAP_SYS_PTRACE takes away (execve(2)).
fn loses_its_rights(file: &File) -> bool {
    const SET_ID: u32 = 0o6000;
    file.metadata().is_ok_and(|meta| meta.mode() & SET_ID != 0) && !platform::process::is_root()
}

fn index(path: &str, bytes: &MappedFile, selection: &Selection) -> (StoredFacts, Plan) {
    let unmeasured = |slug, text: String| (StoredFacts::unmeasured(path, slug, text), Plan::default());
    let indexed = std::panic::catch_unwind(|| debuginfo::index(bytes));
    match indexed {
        Ok(Ok(index)) => StoredFacts::of(path, index, selection),
        Ok(Err(error)) => unmeasured("image-not-measured", format!("followed, not measured: {error}")),
        Err(_) => unmeasured("image-not-measured", "followed, not measured: reading its debug info failed".to_owned()),
    }
}
