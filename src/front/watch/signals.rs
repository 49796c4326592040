//! Signals that come to the front while it waits: the program's are passed on, a second Ctrl-C detaches.

use super::{Subject, Watch};
use crate::link::ToSupervisor;
use crate::recorder::FrontRequest;
use platform::process::Arrived;
use platform::{Signal, kill};
use std::time::{Duration, Instant};

/// How long after a signal it is asked whether the program got it too.
const SENT_TO_BOTH: Duration = Duration::from_millis(30);

impl Watch {
    /// Takes the signals that came to us.
    pub(super) fn look_at_signals(&mut self) {
        while let Some(arrived) = self.inbox.take() {
            match arrived.signal {
                Signal::INT => self.interrupted(arrived),
                Signal::TERM | Signal::HUP | Signal::QUIT => self.pass_on(arrived),
                Signal::USR1 => {
                    let _recorder_gone = self.to_recorder.send_waiting(&FrontRequest::Flush);
                }
                // SIGCHLD: the children are looked at in every round.
                _ => {}
            }
        }
    }

    /// A terminal's Ctrl-C reaches the program by itself; a second one means us.
    fn interrupted(&mut self, arrived: Arrived) {
        self.interrupts += 1;
        if self.interrupts > 1 { self.let_go() } else { self.pass_on(arrived) }
    }

    fn pass_on(&mut self, arrived: Arrived) {
        if self.ended.is_some() || self.subject == Subject::Attached {
            self.let_go();
        } else if let Some(sender) = arrived.sender {
            self.to_pass_on.push((Instant::now() + SENT_TO_BOTH, arrived.signal, sender));
        }
    }

    /// A process that sends to a whole process group sends to the program too: the supervisor knows, a moment later, whether
    /// it has got the signal.
    pub(super) fn pass_on_what_is_due(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.to_pass_on).into_iter().partition(|(at, ..)| *at <= now);
        self.to_pass_on = later;
        for (_, signal, sender) in due {
            let asked = self.to_supervisor.send(&ToSupervisor::Forward { signal: signal.0, sender }, None);
            if let Subject::Program { pid, .. } = self.subject
                && asked.is_err()
                && self.ended.is_none()
            {
                let _ended_meanwhile = kill(pid, signal);
            }
        }
    }

    fn let_go(&mut self) {
        self.letting_go = true;
        let _recorder_gone = self.to_recorder.send_waiting(&FrontRequest::LetGo);
    }
}
