//! What the journal records of processes, and what makes their data incomplete.

use super::apply::Performer;
use crate::link::{EndOfProcess, FromSupervisor, ImageId, ProcessNo, Record};
use crate::supervisor::decide::planted_text::COPY_ADVICE;
use crate::warning::WarningKind;
use platform::{OsError, Pid, procfs};

impl Performer {
    /// Tells of a request on a stopped thread that failed, unless SIGKILL took the thread: its end is reported then.
    pub(super) fn note(&mut self, result: Result<(), OsError>) {
        if let Err(error) = result
            && !error.is_gone()
        {
            let text = format!("a thread went on without what cov-trace had to do for it: {error}");
            self.warn(None, WarningKind::StopNotServed, text, 1);
        }
    }

    /// Has a warning stored, of one process or of the whole measurement.
    pub(super) fn warn(&mut self, process: Option<ProcessNo>, kind: WarningKind, text: String, count: u64) {
        self.tell(&Record::Warning { process, slug: kind.slug().to_owned(), text, count });
    }

    pub(super) fn tell(&mut self, record: &Record) {
        if self.journal.append(record).is_err() {
            self.go_on_in_memory();
        }
    }

    /// The disk takes no more: the journal goes on in memory, where the recorder still reads it.
    fn go_on_in_memory(&mut self) {
        let Ok(memory) = platform::memory_file() else { return };
        let Ok(other) = memory.try_clone() else { return };
        if self.journal.go_on_in(memory).is_ok() {
            let _recorder_gone = self.recorder.send(&FromSupervisor::JournalInMemory, Some(other));
        }
    }

    /// A process ended or was let go.
    pub(super) fn ended(&mut self, process: ProcessNo, how: EndOfProcess) {
        if let Some(pid) = self.pids.remove(&process) {
            self.guard.remove(pid);
        }
        self.sigtrap.process_gone(process);
        self.opened.forget(process);
        if self.lost > 0 {
            let text = "no memory was available to record hits, so these are lost".to_owned();
            let count = std::mem::take(&mut self.lost);
            self.warn(Some(process), WarningKind::HitsLost, text, count);
        }
        self.tell(&Record::End { process, at: platform::unix_millis(), how });
    }

    /// A process is measured from here on; `attached`: it ran before.
    pub(super) fn tell_began(
        &mut self,
        process: ProcessNo,
        pid: Pid,
        maker: Option<ProcessNo>,
        parent: Pid,
        attached: bool,
    ) {
        let start_ticks = procfs::origin(pid).map_or(0, |origin| origin.start_ticks);
        let now = platform::unix_millis();
        let started = if attached { platform::unix_millis_at(start_ticks) } else { now };
        let attached = attached.then_some(now);
        self.tell(&Record::Process { process, pid, start_ticks, maker, parent, started, attached });
    }

    /// Tells of copies of breakpoints that stay in a program that is detached from.
    pub(super) fn leave_copies(&mut self, count: usize) {
        let text = format!("a copy of a breakpoint could not be taken out of shared memory; {COPY_ADVICE}");
        self.warn(None, WarningKind::CopyNotRestored, text, count as u64);
    }

    /// Tells that a plan could not be read.
    pub fn plan_unreadable(&mut self, image: ImageId) {
        let text = format!("the plan of image {} could not be read, so it is not measured", image.0);
        self.warn(None, WarningKind::PlanUnreadable, text, 1);
    }
}
