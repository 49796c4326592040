//! The table of what kills cost a real server: nginx with its forked workers under load is attached to, and at a moment
//! of a phase one or two of cov-trace's processes are killed.

use crate::next;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};
use testing::bench;
use testing::run::{Mark, signal};
use testing::service::footprint::family;
use testing::service::nginx::Nginx;
use testing::service::timeline::Timeline;
use testing::service::{Events, Service, under_load};
use testing::text;

/// Where Cargo lets benches write.
const OUTPUT: &str = env!("CARGO_TARGET_TMPDIR");

/// Generous: it only ends what hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// So many servers are tried side by side, for a round sleeps most of the time.
const SIDE_BY_SIDE: u64 = 3;

/// After this nginx meets hardly a new line any more.
const SETTLED: Duration = Duration::from_millis(2500);

/// cov-trace's processes.
const OURS: [&str; 4] = ["supervisor", "recorder", "front", "guard"];

/// When the kill comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Between the first thread that is traced and the word that all are measured.
    Attaching,
    /// In the two seconds after that word.
    First,
    /// Once it has settled.
    Steady,
}

impl Phase {
    const ALL: [Phase; 3] = [Phase::Attaching, Phase::First, Phase::Steady];

    fn name(self) -> &'static str {
        match self {
            Phase::Attaching => "attaching",
            Phase::First => "first 2 s",
            Phase::Steady => "steady",
        }
    }
}

/// What kills came to.
#[derive(Clone, Copy, Debug, Default)]
struct Came {
    kills: u32,
    /// Kills that came after the attach was over, although meant to come before.
    late: u32,
    /// Somebody of the server was stopped for good.
    frozen: u32,
    /// Somebody of the server died.
    lost: u32,
    /// Breakpoints were left in the text.
    left: u32,
    /// cov-trace said something that is not so, or nothing.
    wrong: u32,
}

/// One cell of the table.
struct Cell {
    phase: Phase,
    victims: Vec<&'static str>,
    came: Came,
}

/// Prints the table; `each` is the number of kills of a cell.
///
/// # Errors
/// When the server cannot be built or started.
pub fn table(each: u32, seed: u64, only: &str) -> Result<(), String> {
    let built = Path::new(OUTPUT).join("../services");
    let built = bench::build("tests/bench/services/build", &built, &["nginx"])?;
    let singles = OURS.iter().map(|&one| vec![one]);
    let pairs = (0..OURS.len()).flat_map(|one| (one + 1..OURS.len()).map(move |other| vec![OURS[one], OURS[other]]));
    let whom: Vec<Vec<&str>> = singles.chain(pairs).collect();
    let cells = Phase::ALL.into_iter().flat_map(|phase| whom.iter().map(move |whom| (phase, whom.clone())));
    let chosen = cells.filter(|(phase, whom)| format!("{} {}", phase.name(), whom.join("+")).contains(only));
    let cells: Vec<Cell> = chosen.map(|(phase, victims)| Cell { phase, victims, came: Came::default() }).collect();
    let rounds: Vec<usize> = (0..each).flat_map(|_| 0..cells.len()).collect();
    let shared = Mutex::new((cells, rounds, None));
    thread::scope(|scope| {
        for number in 0..SIDE_BY_SIDE {
            let (shared, built) = (&shared, &built);
            scope.spawn(move || {
                if let Err(error) = rounds_of(shared, built, seed.wrapping_add((number << 32) | number)) {
                    lock(shared).2 = Some(error);
                }
            });
        }
    });
    let (cells, _, failure) = shared.into_inner().map_err(|_| "a thread panicked")?;
    println!("{}", print(&cells));
    failure.map_or(Ok(()), Err)
}

/// The cells, those that are still to be played by number, and what went wrong.
type Shared = Mutex<(Vec<Cell>, Vec<usize>, Option<String>)>;

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, (Vec<Cell>, Vec<usize>, Option<String>)> {
    shared.lock().expect("invariant: nobody panics with it")
}

/// Plays rounds until there are none, on servers of its own.
fn rounds_of(shared: &Shared, built: &Path, mut random: u64) -> Result<(), String> {
    random = next(random.max(1));
    loop {
        let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
        let server = Nginx::start(built, folder.path())?;
        let (timeline, events) = (Timeline::start(), Events::new(None));
        let over = under_load(&server, &timeline, &events, || {
            sleep(Duration::from_millis(300));
            loop {
                let round = {
                    let mut shared = lock(shared);
                    let Some(number) = (if shared.2.is_some() { None } else { shared.1.pop() }) else {
                        return Ok(true);
                    };
                    let cell = &shared.0[number];
                    (number, cell.phase, cell.victims.clone())
                };
                random = next(random);
                let before = timeline.answers();
                let came = play(&server, &folder.path().join("data"), round.1, round.2, random)?;
                let answers = || timeline.answers() > before + 50;
                let hangs = !until(answers);
                let cell = &mut lock(shared).0[round.0];
                cell.came.add(came, hangs);
                if hangs || came.lost + came.frozen + came.left + came.wrong > 0 {
                    eprintln!("{}, {}: {came:?}, answers: {}", cell.phase.name(), cell.victims.join("+"), !hangs);
                }
                if hangs || came.lost + came.frozen + came.left > 0 {
                    // What is left of it goes, and the next round has a server of its own.
                    family(server.pid()).into_iter().for_each(|pid| signal(pid, "KILL"));
                    return Ok(false);
                }
            }
        })?;
        if over {
            return Ok(());
        }
    }
}

impl Came {
    fn add(&mut self, other: Came, hangs: bool) {
        self.kills += 1;
        self.late += other.late;
        self.frozen += other.frozen.max(u32::from(hangs && other.lost == 0));
        self.lost += other.lost;
        self.left += other.left;
        self.wrong += other.wrong;
    }
}

/// Attaches to the server, kills at a moment of the phase, and looks what that cost.
fn play(server: &Nginx, data: &Path, phase: Phase, mut victims: Vec<&str>, random: u64) -> Result<Came, String> {
    let text = |error: std::io::Error| format!("{}: {error}", data.display());
    if data.exists() {
        fs::remove_dir_all(data).map_err(text)?;
    }
    let said = data.with_extension("said");
    let before: BTreeSet<u32> = family(server.pid()).into_iter().collect();
    let mark = Mark::new(Path::new(OUTPUT).join("cache"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    command.args(["attach", "--children", "--data"]).arg(data).arg(server.pid().to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&said).map_err(text)?);
    let mut front = mark.put(&mut command).spawn().map_err(|error| format!("cov-trace: {error}"))?;
    let heard = || fs::read_to_string(&said).unwrap_or_default();
    let is_attached = || heard().contains("attached to");
    match phase {
        Phase::Attaching => {
            until(|| is_traced(server.pid()) || is_attached());
            sleep(Duration::from_micros(random % 60_000));
        }
        Phase::First => {
            until(is_attached);
            sleep(Duration::from_micros(random % 2_000_000));
        }
        Phase::Steady => {
            until(is_attached);
            sleep(SETTLED + Duration::from_micros(random % 500_000));
        }
    }
    let late = u32::from(phase == Phase::Attaching && is_attached());
    if random & (1 << 40) != 0 {
        victims.reverse();
    }
    let pids: Vec<u32> = victims.iter().filter_map(|victim| process(&mark, front.id(), victim)).collect();
    let killed = pids.len() == victims.len();
    // One command, so that they die together.
    Command::new("kill")
        .args(["-s", "KILL"])
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status()
        .map_err(text)?;
    let came = cost(server.pid(), &before);
    let is_over = end_measurement(&mut front, &mark, data)?;
    let left = before.iter().any(|&pid| text::compare(pid).is_ok_and(|found| !found.differences.is_empty()));
    let is_told = victims.contains(&"front") || !victims.contains(&"supervisor") || heard().contains("killed");
    let is_so = is_told && !heard().contains("was not started");
    Ok(Came { left: u32::from(left), late, wrong: u32::from(killed && !(is_so && is_over)), ..came })
}

/// Whether somebody of the server is stopped for good or has died.
fn cost(server: u32, before: &BTreeSet<u32>) -> Came {
    let is_stopped = |&pid: &u32| matches!(state(pid), Some('T' | 't'));
    let goes_on = || !before.iter().any(is_stopped);
    sleep(Duration::from_millis(100));
    let frozen = u32::from(!until(goes_on));
    let now: BTreeSet<u32> = family(server).into_iter().collect();
    let lost = u32::from(before.iter().any(|pid| !now.contains(pid)));
    Came { frozen, lost, ..Came::default() }
}

/// Ends what is left of the measurement; false if it does not end.
fn end_measurement(front: &mut Child, mark: &Mark, data: &Path) -> Result<bool, String> {
    let mut detach = Command::new(env!("CARGO_BIN_EXE_cov-trace"));
    detach.arg("detach").arg("--data").arg(data).stdout(Stdio::null()).stderr(Stdio::null());
    // Mostly there is nothing under way any more.
    detach.status().map_err(|error| format!("cov-trace detach: {error}"))?;
    let is_over = mark.left_behind().is_empty();
    front.wait().map_err(|error| format!("cov-trace: {error}"))?;
    Ok(is_over)
}

fn process(mark: &Mark, front: u32, name: &str) -> Option<u32> {
    if name == "front" {
        return Some(front);
    }
    let is_named = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == format!("cov-{name}"))
    };
    mark.processes().into_iter().find(is_named)
}

fn is_traced(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| !status.contains("TracerPid:\t0\n"))
}

fn state(pid: u32) -> Option<char> {
    fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.rsplit(") ").next()?.chars().next()
}

/// Waits until something is so; false if that takes too long.
fn until(is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > LIMIT {
            return false;
        }
        sleep(Duration::from_micros(300));
    }
    true
}

fn print(cells: &[Cell]) -> String {
    let mut text = format!(
        "{:10}  {:22}  {:>5}  {:>6}  {:>4}  {:>16}  {:>14}  {:>4}\n",
        "phase", "killed", "kills", "frozen", "lost", "breakpoints left", "wrong messages", "late"
    );
    for Cell { phase, victims, came } in cells {
        let Came { kills, late, frozen, lost, left, wrong } = came;
        let (phase, victims) = (phase.name(), victims.join("+"));
        _ = writeln!(
            text,
            "{phase:10}  {victims:22}  {kills:>5}  {frozen:>6}  {lost:>4}  {left:>16}  {wrong:>14}  {late:>4}"
        );
    }
    text
}
