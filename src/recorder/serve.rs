//! Hearing the supervisor, the front and commands, and answering them.

use super::control::{ClientId, ControlSocket};
use super::news::{FrontRequest, MOST_IN_ONE, News};
use super::round::Asker;
use super::{FLUSH_EVERY, Recorder, status};
use crate::link::{
    ControlAnswer, ControlRequest, FromSupervisor, Helper, LetGoBy, Port, PortError, RunStatus, Summary, SwitchRequest,
    ToSupervisor,
};
use crate::store::UnixMillis;
use platform::{Pid, wait_ready};
use std::os::fd::{AsFd, BorrowedFd};

impl Recorder {
    /// Waits for messages, or until there is something to write; false when the supervisor is gone.
    pub(super) fn listen(&mut self) -> bool {
        let mut readable: Vec<BorrowedFd<'_>> = vec![self.supervisor.as_fd(), self.disk.as_fd()];
        readable.extend(self.front.as_ref().map(AsFd::as_fd));
        readable.extend(self.control.iter().flat_map(ControlSocket::readable));
        let writable: Vec<BorrowedFd<'_>> = self.control.iter().flat_map(ControlSocket::writable).collect();
        let (ready, _) = wait_ready(&readable, &writable, Some(self.patience()));
        if self.front.is_some() && ready[2] {
            self.hear_front();
        }
        self.hear_commands();
        !ready[0] || self.hear_supervisor()
    }

    /// How many milliseconds nothing needs to be done if nothing comes.
    fn patience(&self) -> u32 {
        if self.round.is_some() || !self.askers.is_empty() {
            return 0;
        }
        let round = FLUSH_EVERY.saturating_sub(self.last_round.elapsed()).as_millis() as u32;
        let until_limit = |until: UnixMillis| (until.0 - platform::unix_millis()).clamp(0, 1000) as u32;
        let limit = self.until().filter(|_| self.let_go_by.is_none()).map_or(u32::MAX, until_limit);
        round.min(limit).max(1)
    }

    fn hear_supervisor(&mut self) -> bool {
        loop {
            match self.supervisor.try_receive() {
                Ok(Some((FromSupervisor::WantImage(image), file))) => {
                    let _later = self.ledger.catch_up();
                    let path = self.ledger.replay.images.get(&image).cloned().unwrap_or_default();
                    self.images_wanted += 1;
                    self.readers.request(image, path, file);
                }
                Ok(Some((FromSupervisor::MarksInMemory, file))) => {
                    if let Some(file) = file {
                        self.ledger.add_memory_marks(file);
                    }
                }
                Ok(Some((FromSupervisor::JournalInMemory, file))) => {
                    if let Some(file) = file {
                        self.ledger.add_memory_journal(file);
                    }
                }
                Ok(Some((FromSupervisor::Switched(outcome), _))) => self.answer_switch(outcome),
                Ok(Some((
                    FromSupervisor::Seized | FromSupervisor::Attached(_) | FromSupervisor::Refused { .. },
                    _,
                )))
                | Err(PortError::Malformed(_)) => {}
                Ok(None) => return true,
                Err(PortError::Closed | PortError::Os(_)) => return false,
            }
        }
    }

    fn hear_front(&mut self) {
        let Some(front) = &mut self.front else { return };
        match front.try_receive() {
            Ok(Some((FrontRequest::WhoRuns, _))) => self.askers.push(Asker::Front),
            Ok(Some((FrontRequest::HowFar, _))) => {
                let (ready, wanted) = (self.images_ready, self.images_wanted);
                let _front_gone = front.send(&News::Reading { ready, wanted }, None);
            }
            Ok(Some((FrontRequest::Flush, _))) => self.askers.push(Asker::Nobody),
            Ok(Some((FrontRequest::LetGo, _))) => self.let_go(LetGoBy::Front),
            Ok(None) | Err(PortError::Malformed(_)) => {}
            Err(PortError::Closed | PortError::Os(_)) => self.front = None,
        }
    }

    fn hear_commands(&mut self) {
        let requests = self.control.as_mut().map(ControlSocket::hear).unwrap_or_default();
        for (client, request) in requests {
            match request {
                ControlRequest::Status => self.answer_status(client),
                ControlRequest::Flush => self.askers.push(Asker::Client(client)),
                ControlRequest::Switch(request) => self.switch(client, request),
                ControlRequest::Detach => {
                    self.detaching.push(client);
                    self.let_go(LetGoBy::Command);
                }
            }
        }
    }

    /// Has the supervisor switch the context of processes.
    fn switch(&mut self, client: ClientId, request: SwitchRequest) {
        let refused = if self.only_new {
            Some("it was begun with --only-new, so what a context ran would not be known".to_owned())
        } else {
            self.supervisor.send_waiting(&ToSupervisor::Switch(request)).err().map(|error| error.to_string())
        };
        match (refused, &mut self.control) {
            (Some(cause), Some(control)) => control.answer(client, [ControlAnswer::Failed(cause)]),
            (_, _) => self.switching.push_back(client),
        }
    }

    /// The supervisor answers in the order in which it was asked.
    fn answer_switch(&mut self, outcome: Result<u64, String>) {
        let answer = outcome.map_or_else(ControlAnswer::Failed, ControlAnswer::Switched);
        if let (Some(client), Some(control)) = (self.switching.pop_front(), &mut self.control) {
            control.answer(client, [answer]);
        }
    }

    fn answer_status(&mut self, client: ClientId) {
        // What cannot be read now is missing here and tried again.
        let _later = self.ledger.catch_up();
        self.ledger.collect(UnixMillis(platform::unix_millis()));
        let (front, recorder) = (Some(self.front_pid), Some(platform::process::own_pid()));
        let (guard, supervisor) = (self.guarded.guard(), self.guarded.supervisor());
        let ours = [("front", front), ("guard", guard), ("supervisor", supervisor), ("recorder", recorder)];
        let helper = |(name, pid): (&str, Option<Pid>)| Some(Helper { name: name.to_owned(), pid: pid? });
        let helpers = ours.into_iter().filter_map(helper).collect();
        let run = RunStatus {
            scope: self.ledger.replay.scope.clone(),
            labels: status::labels(&self.ledger.labels),
            since: self.ledger.replay.begun.map(|(at, _)| at.0),
            attached: self.ledger.replay.begun.is_some_and(|(_, attached)| attached),
            until: self.until().map(|until| until.0),
            helpers,
            marks: self.ledger.size_of_marks(),
            trouble: self.keeping.told(),
            repeats: self.ledger.repeats,
        };
        let processes = status::of_processes(&self.ledger).into_iter().map(ControlAnswer::Process);
        let answers: Vec<_> =
            std::iter::once(ControlAnswer::Run(run)).chain(processes).chain([ControlAnswer::NoMore]).collect();
        if let Some(control) = &mut self.control {
            control.answer(client, answers);
        }
    }

    /// Tells everybody who waited for a round that it is over.
    pub(super) fn answer_round(&mut self, askers: &[Asker], failure: Option<&str>) {
        for asker in askers {
            match asker {
                Asker::Nobody => {}
                Asker::Front => {
                    let mut first: Vec<i32> = self.ledger.living().into_iter().map(|(_, pid)| pid).collect();
                    let count = first.len() as u64;
                    first.truncate(MOST_IN_ONE);
                    let _front_gone =
                        self.front.as_mut().map(|front| front.send(&News::Running { count, first }, None));
                }
                Asker::Client(client) => {
                    let answer = match failure {
                        None => ControlAnswer::Flushed,
                        Some(failure) => ControlAnswer::Failed(failure.to_owned()),
                    };
                    if let Some(control) = &mut self.control {
                        control.answer(*client, [answer]);
                    }
                }
            }
        }
    }
}

/// Tells the front, and the commands that wait for the end, what the run came to.
pub(super) fn tell_the_end(
    front: Option<Port>,
    control: Option<ControlSocket>,
    detaching: &[ClientId],
    let_go: &[(Pid, u64)],
    summary: Summary,
) {
    // A front that is stopped must not keep commands waiting.
    if let Some(mut control) = control {
        detaching.iter().for_each(|client| control.answer(*client, [ControlAnswer::Detached(summary.clone())]));
    }
    if let Some(mut front) = front {
        let lists = let_go.chunks(MOST_IN_ONE).map(|some| News::LetGo(some.to_vec()));
        let _front_gone = lists.chain([News::Finished(summary)]).try_for_each(|news| front.send_waiting(&news));
    }
}
