//! What the front tells people, on stderr only, without keeping a pipe open that others wait for.

use crate::link::{InProject, LetGoBy, Summary};
use crate::recorder::Trouble;
use crate::report::{Ratio, printable, some_of};
use platform::process::WeakStderr;
use std::fmt::Write as _;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;

/// How long a full pipe is waited for.
const PATIENCE_MILLIS: u32 = 200;

/// Standard error, held or merely remembered.
#[derive(Debug)]
pub(super) struct Stderr {
    quiet: bool,
    weak: Option<WeakStderr>,
}

impl Stderr {
    pub fn new(quiet: bool) -> Self {
        Stderr { quiet, weak: None }
    }

    /// Stops holding a pipe, so that its reader is not kept waiting for us.
    pub fn let_go(&mut self) {
        if self.weak.is_none() && WeakStderr::is_awaited() {
            self.weak = WeakStderr::remember();
            platform::process::leave_stderr();
        }
    }

    /// Says something, unless it shall be quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.insist(text);
        }
    }

    /// Whether anything but errors may be shown.
    pub fn shows_progress(&self) -> bool {
        !self.quiet
    }

    /// Says what happens to the data directory.
    pub fn tell_trouble(&self, trouble: &Trouble) {
        match trouble {
            Trouble::Over => self.say(&trouble.to_string()),
            Trouble::Unwritable(_) | Trouble::Removed => self.insist(&format!("warning: {trouble}")),
        }
    }

    /// Says something that must be said.
    pub fn insist(&self, text: &str) {
        let line = format!("cov-trace: {text}\n");
        // Nobody may be there to read it, and nobody shall have to wait for who does not.
        let _unread = match &self.weak {
            None if !platform::takes_more(std::io::stderr().as_fd(), PATIENCE_MILLIS) => Ok(()),
            None => std::io::stderr().write_all(line.as_bytes()),
            Some(weak) => weak.open().map_or(Ok(()), |mut pipe| pipe.write_all(line.as_bytes())),
        };
    }
}

/// What a run came to, in a line.
pub fn summary(summary: &Summary, data: &Path) -> String {
    let mut text = String::new();
    if summary.let_go > 0 {
        let why = match summary.let_go_by {
            Some(LetGoBy::Limit) => "the time of --for is over: ",
            Some(LetGoBy::Command) => "`cov-trace detach`: ",
            Some(LetGoBy::Front) | None => "",
        };
        let (count, go) = (summary.let_go, if summary.let_go == 1 { "goes" } else { "go" });
        text = format!("{why}detached from {}, which {go} on; ", plural(count, "process", "processes"));
    }
    _ = write!(text, "{}, ", plural(summary.processes, "process", "processes"));
    let left_out = summary.in_project.as_ref().filter(|chosen| chosen.left_out > 0);
    if summary.lines == 0 {
        text.push_str(if left_out.is_some() {
            "no line of the project"
        } else {
            "no line information (build with -g)"
        });
    } else {
        let percent = Ratio { ran: summary.ran, lines: summary.lines }.percent(1);
        _ = write!(text, "{} of {} lines ({percent} %)", summary.ran, summary.lines);
    }
    if summary.incomplete > 0 {
        _ = write!(text, ", {} incomplete", summary.incomplete);
    }
    if let Some(InProject { project, left_out, .. }) = left_out {
        let sources = plural(*left_out, "source", "sources");
        _ = write!(text, ", without {sources} outside {} (--all)", printable(project));
    }
    _ = write!(text, "; data in {}", data.display());
    text
}

/// Of which images everything was measured, and why.
pub fn measured_whole(summary: &Summary) -> Option<String> {
    let InProject { project, whole, whole_images, .. } = summary.in_project.as_ref()?;
    let images = some_of(whole.iter().map(|path| printable(path)), *whole_images as usize);
    let project = printable(project);
    let text = format!("measured as a whole, since nothing of {project} ran before: {images} (--include chooses)");
    (*whole_images > 0).then_some(text)
}

/// What is not in its files, why, and whether it is lost.
pub fn unwritten(summary: &Summary, data: &Path) -> Option<String> {
    let cause = summary.cause.as_ref()?;
    let what = plural(summary.unwritten, "process", "processes");
    Some(if summary.recoverable {
        let data = data.display();
        format!(
            "the data of {what} could not be written: {cause}; it stays in {data}, where the next command picks it up"
        )
    } else {
        format!("the data of {what} is lost: {cause}")
    })
}

/// Which processes are still being measured.
pub(super) fn still_measuring(count: u64, first: &[i32]) -> String {
    const SHOWN: usize = 8;
    let shown = some_of(first.iter().take(SHOWN).map(|&pid| with_name(pid)), count as usize);
    let what = plural(count, "process", "processes");
    format!("the program has ended; still measuring {what}: {shown} (Ctrl-C detaches from them)")
}

fn with_name(pid: i32) -> String {
    match platform::procfs::command_name(platform::Pid(pid)) {
        Some(name) => format!("{pid} ({name})"),
        None => pid.to_string(),
    }
}

pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
