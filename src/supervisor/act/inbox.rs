//! The supervisor's messages: a thread of its own reads them and rings until the tracing thread looks.
//!
//! Invariant: the end of the recorder's side is a message like any other, so it is never missed.

use crate::link::{ImageId, Port, ToSupervisor};
use platform::{Bell, OsError, wait_readable};
use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A message, or the end of the one who sends them.
#[derive(Debug)]
pub(crate) enum Mail {
    /// From front or recorder.
    Message(ToSupervisor),
    /// A plan that is in a memory file.
    PlanInMemory(ImageId, File),
    /// The recorder has ended.
    RecorderGone,
    /// The front has ended, or left its link since everything is under way.
    FrontGone,
    /// The time that [`Inbox::remind_after`] was given is over.
    Reminder,
}

/// Messages that came.
#[derive(Debug)]
pub(crate) struct Inbox {
    mail: Arc<(Mutex<VecDeque<Mail>>, Condvar)>,
    bell: Bell,
}

/// How long a pause is at the most when no mail comes.
const PAUSE: Duration = Duration::from_millis(10);

impl Inbox {
    /// Reads `recorder` and `front` from now on, for the calling thread.
    pub fn open(recorder: Port, front: Port) -> Result<Self, OsError> {
        let bell = Bell::for_this_thread()?;
        let mail: Arc<(Mutex<VecDeque<Mail>>, Condvar)> = Arc::default();
        let inbox = Inbox { mail: mail.clone(), bell: bell.clone() };
        std::thread::Builder::new()
            .name("inbox".to_owned())
            .stack_size(128 * 1024)
            .spawn(move || read(&recorder, front, &mail, &bell))
            .map_err(|e| OsError::io("start", "inbox thread", &e))?;
        Ok(inbox)
    }

    /// All that came since the last time.
    pub fn take(&self) -> VecDeque<Mail> {
        self.bell.hear();
        std::mem::take(&mut *self.mail.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a reminder once `time` is over.
    pub fn remind_after(&self, time: Duration) {
        let (mail, bell) = (self.mail.clone(), self.bell.clone());
        let remind = move || {
            std::thread::sleep(time);
            deliver(VecDeque::from([Mail::Reminder]), &mail, &bell);
        };
        // Without the thread there is no reminder; what is detached from reports, as a rule.
        let _started = std::thread::Builder::new().name("reminder".to_owned()).stack_size(64 * 1024).spawn(remind);
    }

    /// Waits for mail, or a moment, where there is no tracee whose reports could be waited for.
    pub fn pause(&self) {
        self.bell.hear();
        let mail = self.mail.0.lock().unwrap_or_else(PoisonError::into_inner);
        if mail.is_empty() {
            drop(self.mail.1.wait_timeout(mail, PAUSE));
        }
    }
}

/// Puts mail into the box and has the tracing thread look at it.
fn deliver(came: VecDeque<Mail>, (mail, came_in): &(Mutex<VecDeque<Mail>>, Condvar), bell: &Bell) {
    mail.lock().unwrap_or_else(PoisonError::into_inner).extend(came);
    came_in.notify_all();
    bell.ring();
}

fn read(recorder: &Port, front: Port, mail: &(Mutex<VecDeque<Mail>>, Condvar), bell: &Bell) {
    let mut front = Some(front);
    loop {
        let mut came = VecDeque::new();
        let mut recorder_gone = false;
        let fds = std::iter::once(recorder.as_fd()).chain(front.as_ref().map(AsFd::as_fd));
        let ready = wait_readable(&fds.collect::<Vec<_>>(), None);
        if ready.first() == Some(&true) {
            recorder_gone = !drain(recorder, &mut came);
        }
        if ready.get(1) == Some(&true) && !front.as_ref().is_some_and(|front| drain(front, &mut came)) {
            front = None;
            came.push_back(Mail::FrontGone);
        }
        came.extend(recorder_gone.then_some(Mail::RecorderGone));
        if !came.is_empty() {
            deliver(came, mail, bell);
        }
        if recorder_gone {
            return;
        }
    }
}

/// Takes what is there; false where the other side is gone or speaks nonsense.
fn drain(port: &Port, came: &mut VecDeque<Mail>) -> bool {
    loop {
        match port.try_receive() {
            Ok(Some((ToSupervisor::Plan(image), Some(file)))) => came.push_back(Mail::PlanInMemory(image, file)),
            Ok(Some((message, _))) => came.push_back(Mail::Message(message)),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
