//! The two checks that every sample passes: it behaves well bare, and traced it behaves the same and tells the truth,
//! with breakpoints at few places as with breakpoints everywhere.

use super::command::mark;
use super::measured::{self, Process};
use super::sample::{self, Build, End, Sample};
use super::{both, build, marks};
use cov_trace::store::EndReason;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;
use testing::run::{Mark, Outcome, described, to_end};

/// The command under test.
pub const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// `program` under cov-trace, which writes to `data` and says nothing.
pub fn under_cov_trace(data: &Path, program: &Path) -> Command {
    let mut command = Command::new(COV_TRACE);
    command.arg("-q").arg("--data").arg(data).arg("--").arg(program);
    command
}

/// Every build of the sample ends as its header says, the same way twice.
pub fn bare(name: &str) {
    let sample = Sample::load(name);
    for build in &sample.builds {
        let program = build::program(&sample, build);
        let mark = mark();
        let [first, second] = [(), ()].map(|()| in_new_folder(&mark, &mut Command::new(&program)));
        assert_eq!(first, second, "{name} {}: two bare runs differ", build.variant);
        let end = match (first.status.code(), first.status.signal()) {
            (Some(status), _) => End::Exit(status),
            (None, signal) => End::Signal(signal.unwrap()),
        };
        assert_eq!(end, sample.end(), "{name} {}: {first:?}", build.variant);
    }
    let roles: Vec<&str> = sample.roles.iter().map(|role| role.name.as_str()).collect();
    for named in marks::named_roles(&sample) {
        assert!(roles.contains(&named.as_str()), "{name}: a mark names @{named}, its header does not");
    }
}

/// Every build of the sample behaves traced as it does bare, and what was measured agrees with its marks and roles.
pub fn traced(name: &str) {
    let sample = Sample::load(name);
    let failures: Vec<String> = sample.builds.iter().flat_map(|build| failures(&sample, build)).collect();
    assert!(failures.is_empty(), "{name}:\n  {}", failures.join("\n  "));
}

fn failures(sample: &Sample, build: &Build) -> Vec<String> {
    let program = build::program(sample, build);
    let mark = mark();
    let data = tempfile::tempdir_in(build::output()).unwrap();
    let bare = in_new_folder(&mark, &mut Command::new(&program));
    let mut command = under_cov_trace(data.path(), &program);
    let traced = in_new_folder(&mark, &mut command);
    let mut failures = Vec::new();
    if traced != bare {
        failures.push(format!("it behaves differently\n    bare:   {bare:?}\n    traced: {traced:?}"));
    }
    failures.extend(measured(sample, data.path()));
    let plain = tempfile::tempdir_in(build::output()).unwrap();
    let traced = in_new_folder(&mark, &mut both::plainly(&program, plain.path()));
    if traced != bare {
        failures.push(format!("--probe=all: it behaves differently\n    bare:   {bare:?}\n    traced: {traced:?}"));
    }
    failures.extend(both::differences(data.path(), plain.path(), &sample::folder(), &marks::left_open(sample)));
    let left = mark.left_behind();
    if !left.is_empty() {
        failures.push(format!("processes were left behind: {}", described(&left)));
    }
    let build = match build.variant.is_empty() {
        true => "usual build",
        false => &build.variant,
    };
    failures.iter().map(|failure| format!("[{build}] {failure}")).collect()
}

/// Disagreements of a data directory with the sample's roles and marks.
pub fn measured(sample: &Sample, data: &Path) -> Vec<String> {
    let processes = measured::processes(data);
    let mut failures = Vec::new();
    let roles: Vec<&str> = processes
        .iter()
        .map(|process| {
            role(sample, process).unwrap_or_else(|unknown| {
                failures.push(unknown);
                ""
            })
        })
        .collect();
    for role in &sample.roles {
        let count = roles.iter().filter(|name| **name == role.name).count();
        if count != role.count {
            failures.push(format!("{count} files of {}, not {}", role.name, role.count));
        }
    }
    for (process, name) in processes.iter().zip(&roles) {
        if !process.complete {
            failures.push(format!("{name}'s file is not complete"));
        }
        let Some(wanted) = sample.roles.iter().find(|role| role.name == *name).and_then(|role| role.parent.as_ref())
        else {
            continue;
        };
        let is_parent = |(other, role): (&Process, &&str)| Some(other.pid) == process.parent && *role == wanted;
        if !processes.iter().zip(&roles).any(is_parent) {
            failures.push(format!("{name}'s parent is {:?}, not {wanted}", process.parent));
        }
    }
    failures.extend(marks::disagreements(sample, &processes, &roles));
    failures.sort();
    failures.dedup();
    failures
}

/// The role that a process had in a run of the sample, by its end.
pub fn role<'a>(sample: &'a Sample, process: &Process) -> Result<&'a str, String> {
    let end = match process.end {
        Some(EndReason::Exited(status)) => End::Exit(status),
        Some(EndReason::Signaled { signal, core: _ }) => End::Signal(signal),
        Some(EndReason::Detached) => return Err(format!("pid {} was detached", process.pid)),
        None => return Err(format!("pid {} has no end", process.pid)),
    };
    let role = sample.roles.iter().find(|role| role.end == end);
    role.map(|role| role.name.as_str()).ok_or_else(|| format!("pid {} has an end of no role: {end:?}", process.pid))
}

/// Runs a command in a working directory that is empty and, for one mark, always at the same path.
pub fn in_new_folder(mark: &Mark, command: &mut Command) -> Outcome {
    let folder = build::output().join("run").join(mark.text());
    std::fs::create_dir_all(&folder).unwrap();
    let outcome = to_end(mark, &folder, command);
    std::fs::remove_dir_all(&folder).unwrap();
    outcome
}
