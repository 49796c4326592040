//! One kill: the program is started under cov-trace, or first and then attached to; somebody is killed, and it is seen
//! what that cost.

use crate::program::{Pace, Program, folder};
use crate::shared::Shared;
use crate::{Victim, Way};
use cov_trace::store;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Generous: it only ends what hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// The kill comes within this time after the program has begun.
const WITHIN_MICROS: u64 = 40_000;

/// What a kill came to.
pub struct Round {
    /// How the program ended, if not as it should.
    pub died: Option<ExitStatus>,
    /// Lines that the program had reported before the kill and that are not in the data.
    pub hits_lost: usize,
}

/// A measurement under way.
struct Measured {
    /// Whose end is the program's: cov-trace where that started it, else the program itself.
    program: Child,
    /// The pid of cov-trace.
    front: u32,
    /// cov-trace, where it is not `program`.
    attached: Option<Child>,
    /// How many lines the program had reported before it was measured.
    skipped: u64,
}

/// Plays one round; `random` decides the moment.
///
/// # Errors
/// When cov-trace cannot be started or its data not be read.
pub fn play(program: &Program, pace: &Pace, way: Way, victim: Victim, random: u64) -> Result<Round, String> {
    let data = folder().join("data");
    let text = |error: std::io::Error| format!("{}: {error}", folder().display());
    if data.exists() {
        fs::remove_dir_all(&data).map_err(text)?;
    }
    let shared = Shared::create(&folder().join("shared")).map_err(text)?;
    let mut measured = match way {
        Way::Launched => launch(program, pace, &data)?,
        Way::Attached => attach(program, pace, &shared, &data)?,
    };
    let front = &mut measured.program;
    until(front, || shared.progress().done >= 1)?;
    if pace.micros == 0 {
        until(front, || shared.progress().done >= u64::from(pace.lines))?;
    }
    // Not to wait for anything: the moment is to be any.
    thread::sleep(Duration::from_micros(random % WITHIN_MICROS));
    let victim = descendant(measured.front, victim.name()).ok_or_else(|| format!("there is no {}", victim.name()))?;
    let before = shared.progress();
    kill(victim)?;
    let after = shared.progress();
    // Enough new lines to meet every breakpoint that was left nearby.
    let further = if pace.micros == 0 { 0 } else { 20 };
    let goes_on = || {
        let now = shared.progress();
        now.done >= after.done + further && now.beats != after.beats && !exists(victim)
    };
    until(front, goes_on)?;
    shared.leave();
    until(front, || false)?;
    let died = Some(front.wait().map_err(text)?).filter(|status| !status.success());
    if let Some(mut attached) = measured.attached {
        attached.wait().map_err(text)?;
    }
    recover(&data)?;
    let ran = lines_run(&data, &program.source)?;
    let reported = (program.first_line..).take(before.done as usize).skip(measured.skipped as usize);
    Ok(Round { died, hits_lost: reported.filter(|line| !ran.contains(line)).count() })
}

fn launch(program: &Program, pace: &Pace, data: &Path) -> Result<Measured, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    command.args(["-q", "--no-cache", "--data"]).arg(data).arg("--").arg(&program.executable);
    let program = start(command, pace)?;
    Ok(Measured { front: program.id(), program, attached: None, skipped: 0 })
}

fn attach(program: &Program, pace: &Pace, shared: &Shared, data: &Path) -> Result<Measured, String> {
    let mut program = start(Command::new(&program.executable), pace)?;
    until(&mut program, || shared.progress().done >= 1)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    command.args(["attach", "--no-cache", "--data"]).arg(data).arg(program.id().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut attached = command.spawn().map_err(|error| format!("cov-trace: {error}"))?;
    let mut said = BufReader::new(attached.stderr.take().ok_or("no stderr")?);
    let mut line = String::new();
    said.read_line(&mut line).map_err(|error| format!("cov-trace: {error}"))?;
    if !line.contains("attached to") {
        return Err(line);
    }
    // What it says later is of no interest, but must not stop it.
    thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
    // The line under way may have begun before.
    let skipped = shared.progress().done + 1;
    Ok(Measured { program, front: attached.id(), attached: Some(attached), skipped })
}

fn start(mut command: Command, pace: &Pace) -> Result<Child, String> {
    command.arg(folder().join("shared")).args([pace.micros.to_string(), pace.lines.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map_err(|error| format!("{command:?}: {error}"))
}

/// Waits until `reached`, or until the program has ended.
fn until(front: &mut Child, reached: impl Fn() -> bool) -> Result<(), String> {
    let start = Instant::now();
    while !reached() && front.try_wait().map_err(|error| format!("cov-trace: {error}"))?.is_none() {
        if start.elapsed() > LIMIT {
            return Err(format!("nothing happens any more, look at pid {}", front.id()));
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// Any next command picks up what was left.
fn recover(data: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    let status = command.arg("ps").arg("--data").arg(data).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.map(drop).map_err(|error| format!("cov-trace ps: {error}"))
}

fn kill(pid: u32) -> Result<(), String> {
    platform::kill(platform::Pid(pid as i32), platform::Signal::KILL).map_err(|error| error.to_string())
}

fn exists(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// The descendant of `front` that has a name.
fn descendant(front: u32, name: &str) -> Option<u32> {
    let origin =
        |pid: u32| platform::procfs::origin(platform::Pid(pid as i32)).ok().map(|origin| origin.parent.0 as u32);
    let pids = fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| platform::procfs::command_name(platform::Pid(pid as i32)).as_deref() == Some(name))
        .find(|&pid| origin(pid) == Some(front) || origin(pid).and_then(origin) == Some(front))
}

/// The lines of `source` that are in the data as run.
fn lines_run(data: &Path, source: &Path) -> Result<BTreeSet<u32>, String> {
    let mut ran = BTreeSet::new();
    for entry in fs::read_dir(data).map_err(|error| format!("{}: {error}", data.display()))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "sqlite") {
            let records = store::Reader::default().read_all(&path);
            for record in records.map_err(|error| format!("{}: {error}", path.display()))? {
                let of_source =
                    |hits: &&store::Hits| Path::new(&record.images[hits.image].files[hits.file].path) == source;
                ran.extend(record.hits.iter().filter(of_source).flat_map(|hits| hits.lines.iter()));
            }
        }
    }
    Ok(ran)
}
