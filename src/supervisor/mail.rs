//! What recorder and front have to say to the supervisor, and what it does about that.

use super::act::apply::Performer;
use super::act::attach::AttachState;
use super::act::inbox::Mail;
use super::decide::input::Input;
use super::{PATIENCE, Supervisor};
use crate::link::{ImageId, ToSupervisor};
use crate::plan::Plan;
use platform::{Pid, Signal, procfs};
use std::rc::Rc;
use std::time::Instant;

impl Supervisor {
    /// Passes a signal on to the launched program, unless its sender sent it there too.
    fn forward(&self, signal: Signal, sender: Pid) {
        if let Some(pid) = self.state.launched_pid()
            && !self.performer.was_sent(signal, sender)
            && !procfs::is_pending(pid, signal)
        {
            let _ended_meanwhile = platform::kill(pid, signal);
        }
    }

    /// Does what a message asks for.
    pub(super) fn read(&mut self, mail: Mail) {
        match mail {
            Mail::Message(ToSupervisor::Launch(pid)) => {
                self.performer.take_cpu();
                let seized = self.performer.tracer.seize(pid.leader());
                if seized.is_ok() {
                    self.began = true;
                    self.inputs.push_back(Input::Launched { pid, parent: self.front_pid });
                    self.settle();
                }
                Performer::answer_launch(&mut self.front, seized);
            }
            Mail::Message(ToSupervisor::Attach { pids, children }) => {
                self.attach = Some(AttachState::begin(pids, children, &mut self.inputs));
            }
            Mail::Message(ToSupervisor::Plan(image)) => {
                self.planned(image, self.run.read_plan(image));
                // It has done its work, and the disk may be small.
                let _left_behind = self.run.remove_plan(image);
            }
            Mail::PlanInMemory(image, file) => self.planned(image, platform::read_memory_file(&file)),
            Mail::Message(ToSupervisor::Free(process)) => self.performer.free(process),
            Mail::Message(ToSupervisor::Forward { signal, sender }) => self.forward(Signal(signal), sender),
            Mail::Message(ToSupervisor::Switch(request)) => self.switches.ask(request),
            // Nobody is left who could ask for anything.
            Mail::FrontGone if !self.began && self.attach.is_none() => self.leave(),
            Mail::FrontGone | Mail::Reminder => {}
            Mail::Message(ToSupervisor::LetGo) | Mail::RecorderGone => self.leave(),
        }
    }

    fn planned(&mut self, image: ImageId, bytes: std::io::Result<Vec<u8>>) {
        let plan = bytes.ok().and_then(|bytes| Plan::decode(&bytes).ok());
        if plan.is_none() {
            self.performer.plan_unreadable(image);
        }
        self.performer.leave_originals(image, plan.as_ref());
        self.inputs.push_back(Input::Planned { image, plan: Rc::new(plan.unwrap_or_default()) });
    }

    /// Has every text restored and every tracee detached from.
    pub(super) fn leave(&mut self) {
        if self.leaving_since.is_none() {
            self.leaving_since = Some(Instant::now());
            self.attach = None;
            self.inbox.remind_after(PATIENCE);
            self.inputs.push_back(Input::LetGo);
        }
    }
}
