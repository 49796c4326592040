//! What the front says of a measurement at its end, and of what runs on after the program.

use super::{Ending, Recording, Subject, Watch};
use crate::front::stderr;
use crate::recorder::{self, News};
use crate::store::DataDir;
use platform::process::ChildNews;
use platform::{OnTracerDeath, Signal};

impl Watch {
    /// Says which processes go on being measured after the program's end.
    pub(super) fn tell_who_runs(&mut self, count: u64, first: &[i32]) {
        if count > 0 && self.subject.waits() {
            self.stderr.say(&stderr::still_measuring(count, first));
            self.stderr.let_go();
        }
    }

    /// What came of the program when the supervisor had ended before it.
    fn without_supervisor(&self) -> &'static str {
        match (self.subject, &self.ended) {
            (Subject::Program { on_supervisor_death: OnTracerDeath::Kill, .. }, _) => {
                "the supervisor was killed and the program with it (--kill-on-exit); its data is incomplete"
            }
            (Subject::Program { .. }, Some((Ending::DieOf(Signal::TRAP), _))) => {
                "the supervisor was killed, and the program by a breakpoint that it met at that moment; its data is incomplete"
            }
            (Subject::Program { .. }, _) => {
                "the supervisor was killed before the program ended; the program went on unmeasured, its data is incomplete"
            }
            (Subject::Attached, _) => {
                "the supervisor was killed; what it measured went on unmeasured, its data is incomplete"
            }
        }
    }

    /// Says once what came of the measurement.
    pub(super) fn tell_the_end(&mut self, data: &DataDir) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        self.guarded.rank_as_usual();
        match &self.recording {
            Recording::Running if self.subject == Subject::Attached => {
                self.stderr.insist("still letting go, in the background; `cov-trace status` tells how far it is");
            }
            Recording::Running => {}
            Recording::Over(News::Finished(summary)) => {
                if let Some(text) = stderr::unwritten(summary, data.path()) {
                    self.stderr.insist(&text);
                }
                if summary.incomplete > 0 {
                    self.stderr.insist(self.without_supervisor());
                }
                if let Some(advice) = &summary.advice {
                    self.stderr.say(&format!("warning: {advice}"));
                }
                if summary.processes == 0 && self.subject == Subject::Attached {
                    self.stderr.say("detached before anything was measured");
                } else if summary.processes > 0 || summary.unwritten == 0 {
                    if let Some(note) = stderr::measured_whole(summary) {
                        self.stderr.say(&note);
                    }
                    self.stderr.say(&stderr::summary(summary, data.path()));
                    if let Some(hint) = summary.repeats.hint() {
                        self.stderr.say(&format!("hint: {hint}"));
                    }
                }
            }
            Recording::Over(News::Failed(error)) => self.stderr.insist(&format!("recording failed: {error}")),
            Recording::Over(News::Running { .. } | News::Reading { .. } | News::Trouble(_) | News::LetGo(_)) => {}
            Recording::Died => {
                self.stderr.insist(match self.guarded.supervisor_ended() {
                    Some(ChildNews::Killed(_)) => "recorder and supervisor were killed; what ran since is not measured",
                    Some(_) | None => "the recorder was killed; the program was released and went on unmeasured",
                });
                match recorder::recover(data) {
                    Ok(runs) => runs.iter().for_each(|run| match run {
                        Ok(run) => self.stderr.say(&run.to_string()),
                        Err(error) => self.stderr.insist(&error.to_string()),
                    }),
                    Err(error) => self.stderr.insist(&error.to_string()),
                }
            }
        }
    }
}
