//! `cov-trace doctor [PROGRAM|PID]`: what would work here, what would not, and why.
//!
//! Tracing is tried, not looked up: cov-trace measures a run of itself, in a directory that is removed afterwards.

use super::git::git;
use super::image::bytes_of;
use super::measuring::cache_folder;
use super::output::print;
use super::selection::DataArguments;
use super::{CliError, CommandOutcome};
use crate::cache::Cache;
use crate::debuginfo::{self, ImageIndex};
use crate::front;
use crate::report::{Paths, printable};
use crate::store::DataDir;
use clap::Args;
use platform::affinity::OwnCpu;
use platform::{Pid, Tid, Trust, procfs};
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone, Debug, Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    data: DataArguments,
    /// A program, or the pid of a process
    #[arg(value_name = "PROGRAM|PID")]
    subject: Option<String>,
}

/// What to look at.
#[derive(Clone, Debug)]
pub(super) struct DoctorOptions {
    data: PathBuf,
    trust: Trust,
    subject: Option<String>,
    cwd: PathBuf,
}

impl DoctorArguments {
    pub(super) fn validated(self, cwd: &Path) -> DoctorOptions {
        DoctorOptions {
            trust: self.data.trust(),
            data: self.data.validated(),
            subject: self.subject,
            cwd: cwd.to_owned(),
        }
    }
}

/// What was found.
#[derive(Default)]
struct Findings {
    text: String,
    has_failed: bool,
}

impl Findings {
    fn ok(&mut self, what: &str, text: &str) {
        self.add("ok", what, text);
    }

    /// It works, and less well than it could.
    fn note(&mut self, what: &str, text: &str) {
        self.add("note", what, text);
    }

    fn failed(&mut self, what: &str, text: &str) {
        self.has_failed = true;
        self.add("FAIL", what, text);
    }

    fn add(&mut self, sign: &str, what: &str, text: &str) {
        self.text.push_str(&format!("{sign:<5} {what}: {}\n", printable(text)));
    }
}

pub(super) fn doctor(options: &DoctorOptions) -> Result<CommandOutcome, CliError> {
    let mut found = Findings::default();
    look_at_the_machine(&mut found);
    look_at_folders(options, &mut found);
    if let Some(subject) = &options.subject {
        match subject.parse::<i32>() {
            Ok(pid) if pid > 0 => look_at_process(Pid(pid), options, &mut found),
            Ok(_) | Err(_) => look_at_program(subject, options, &mut found),
        }
    }
    print(&found.text)?;
    Ok(if found.has_failed { CommandOutcome::Failed } else { CommandOutcome::Success })
}

fn look_at_the_machine(found: &mut Findings) {
    /// PTRACE_EVENT_EXIT and what else is relied on (README, Limits).
    const OLDEST: (u32, u32) = (5, 9);
    let release = platform::kernel_release();
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST => {
            found.failed("kernel", &format!("Linux {release} is older than 5.9"));
        }
        (_, _) => found.ok("kernel", &format!("Linux {release}, {}", env::consts::ARCH)),
    }
    match measured_ourselves() {
        Ok(lines) => found.ok("tracing", &format!("works: a run of cov-trace itself was measured, {lines} lines")),
        Err(cause) => found.failed(
            "tracing",
            &format!("{cause}; in a container allow ptrace (docker run --cap-add SYS_PTRACE), and see whether a security module forbids it"),
        ),
    }
    match procfs::yama_scope() {
        None | Some(0) => found.ok("attach", "processes of your own can be attached to"),
        Some(_) if platform::process::is_root() => found.ok("attach", "root may attach to every process"),
        Some(scope) => found.note(
            "attach",
            &format!("only root may (kernel.yama.ptrace_scope is {scope}); programs started with cov-trace -- are measured all the same"),
        ),
    }
    // In a thread of its own, which ends with what it took.
    let real_time = std::thread::spawn(|| OwnCpu::take().is_some()).join().unwrap_or_default();
    if real_time {
        found.ok("speed", "the supervisor gets a real-time priority");
    } else {
        found.note(
            "speed",
            "no right to a real-time priority: a first hit may cost ten times more on virtual machines; run as root, with \
             CAP_SYS_NICE, or with RLIMIT_RTPRIO of 1",
        );
    }
    match git().arg("--version").output() {
        Ok(git) if git.status.success() => {
            found.ok("git", String::from_utf8_lossy(&git.stdout).trim().trim_start_matches("git version "));
        }
        Ok(_) | Err(_) => found.note("git", "not found: `cov-trace diff` needs it"),
    }
}

/// How many lines of one source of cov-trace were seen to run: reading all of its debug info would take seconds.
fn measured_ourselves() -> Result<u64, String> {
    const ONE_OF_OURS: &str = "**/src/main.rs";
    let this = env::current_exe().map_err(|error| format!("find cov-trace's own executable: {error}"))?;
    let folder = tempfile::Builder::new().prefix("cov-trace-doctor-").tempdir();
    let folder = folder.map_err(|error| format!("make a temporary folder: {error}"))?;
    let measured = Command::new(&this)
        .args(["--no-config", "--quiet", "--include", ONE_OF_OURS, "--data"])
        .arg(folder.path())
        .arg("--")
        .arg(&this)
        .arg("--version")
        .output();
    measured.map_err(|error| error.to_string()).and_then(|output| {
        let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let data = DataDir::open_for_reading(folder.path()).map_err(|error| if told.is_empty() { error.to_string() } else { told })?;
        let files = data.process_files().map_err(|error| error.to_string())?;
        let records = files.iter().filter_map(|file| crate::store::read(&data.path_of(file)).ok());
        let lines: u64 = records.flat_map(|record| record.hits).map(|hits| hits.lines.len()).sum();
        if lines > 0 { Ok(lines) } else { Err("a run of cov-trace itself was followed, and none of its lines were seen; it may have been built without line information".to_owned()) }
    })
}

fn look_at_folders(options: &DoctorOptions, found: &mut Findings) {
    let shown = options.data.display().to_string();
    match DataDir::open_trusting(&options.data, options.trust) {
        Ok(data) => {
            let folder = data.folder();
            let probe = folder.create_some_file(|number| format!(".doctor-{number:x}").into(), 0o600);
            match probe.and_then(|(name, _)| folder.remove_file(&name)) {
                Ok(()) => {
                    let files = data.process_files().map_or(0, |files| files.len());
                    let live = data.live_runs().map_or(0, |live| live.len());
                    found.ok("data", &format!("{shown}; data files: {files}, measurements under way: {live}"));
                }
                Err(error) => found
                    .failed("data", &format!("{shown} cannot be written to: {error}; name another with --data DIR")),
            }
        }
        Err(_) if !options.data.exists() => found.ok("data", &format!("{shown} will be made")),
        Err(error) => found.failed("data", &error.to_string()),
    }
    match cache_folder(|name| env::var_os(name)) {
        Some(folder) if Cache::open(&folder).is_some() => found.ok("cache", &folder.display().to_string()),
        Some(folder) => {
            found.note("cache", &format!("{} cannot be used, so debug info is read each time", folder.display()))
        }
        None => found.note("cache", "neither XDG_CACHE_HOME nor HOME is set, so debug info is read each time"),
    }
}

fn look_at_process(pid: Pid, options: &DoctorOptions, found: &mut Findings) {
    match front::refusal(pid) {
        Some(refusal) => found.failed("process", &refusal),
        None => {
            let image = procfs::image_of(Tid(pid.0));
            found.ok("process", &format!("{pid} can be attached to: {}", image.exe));
            look_at_image(Path::new(&image.exe), options, found);
        }
    }
}

fn look_at_program(name: &str, options: &DoctorOptions, found: &mut Findings) {
    let in_path = || {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    let path = if name.contains('/') { Some(PathBuf::from(name)) } else { in_path() };
    match path {
        Some(path) => look_at_image(&path, options, found),
        None => found.failed("program", &format!("{name} is not in PATH; give its path, such as ./{name}")),
    }
}

fn look_at_image(path: &Path, options: &DoctorOptions, found: &mut Findings) {
    let shown = path.display();
    let bytes = match bytes_of(path) {
        Ok(bytes) => bytes,
        Err(cause) => return found.failed("program", &format!("{shown}: {cause}")),
    };
    if bytes.starts_with(b"#!") {
        return found.note("program", &format!("{shown} is a script: what it runs is measured, itself is not"));
    }
    let index = match debuginfo::index(&bytes) {
        Ok(index) => index,
        Err(error) => return found.failed("program", &format!("{shown}: {error}")),
    };
    let ImageIndex { lines, functions, files, warnings, build_id, .. } = &index;
    if lines.is_empty() {
        found.failed("debug info", &format!("{shown} has no line information, so it would be followed and not measured; build with -g and do not strip it"));
    } else {
        found.ok(
            "debug info",
            &format!("lines: {}, functions: {}, sources: {}", lines.len(), functions.len(), files.len()),
        );
    }
    if build_id.is_none() {
        found.note(
            "build-id",
            "none: measurements of other machines are combined by path (gcc and clang: -Wl,--build-id)",
        );
    }
    if debuginfo::has_leak_checker(&bytes) {
        found.note(
            "leak checker",
            "it works under no tracer and ends the program with an error; set ASAN_OPTIONS=detect_leaks=0, or \
             LSAN_OPTIONS=detect_leaks=0, to measure without it",
        );
    }
    for warning in warnings {
        found.note(&warning.slug, &format!("{} ({} places)", warning.text, warning.count));
    }
    let paths = Paths { base: options.cwd.clone(), ..Paths::default() };
    let mut missing: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for file in files {
        let path = PathBuf::from(paths.locate(file));
        if !path.exists() {
            *missing.entry(path.parent().map_or_else(PathBuf::new, Path::to_owned)).or_default() += 1;
        }
    }
    let most = missing.iter().max_by_key(|(_, count)| **count);
    match most {
        None if !files.is_empty() => found.ok("sources", "all are where the debug info says"),
        None => {}
        Some((folder, _)) => found.note(
            "sources",
            &format!(
                "{} of {} are not where the debug info says, most of them below {}; reports take --map FROM=TO",
                missing.values().sum::<usize>(),
                files.len(),
                folder.display()
            ),
        ),
    }
}
