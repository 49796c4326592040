//! The figures that have goals.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::memory;
use crate::timed::{How, Stage};
use testing::bench::median;
use testing::rows::Row;

/// A group of figures that are measured together.
pub type Group = fn(&Stage, usize) -> Result<Vec<Row>, String>;

/// All groups, by name.
pub const ALL: &[(&str, Group)] = &[
    ("trap", trap),
    ("traps per line", traps_per_line),
    ("start", start),
    ("added", added),
    ("steady", steady),
    ("index", crate::indexing::index),
    ("arming", arming),
    ("forks", forks),
    ("memory", peaks),
    ("two at once", two_at_once),
    ("gcov", gcov),
    ("combine", crate::reports::combining),
    ("html", crate::reports::html),
    ("large", crate::reports::large),
];

const LUA: &[&str] = &["truth/lua-O0/lua", "-e", "print('hi')"];
const SQLITE: &[&str] = &["truth/sqlite3-O0/sqlite3", ":memory:"];
const SQL: Option<&str> = Some("tests/bench/speed/subjects/joins.sql");

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|error| format!("{text:?}: {error}"))
}

/// Cost of a trap over the floor measured in the same run, worst of ten.
fn trap(stage: &Stage, _rounds: usize) -> Result<Vec<Row>, String> {
    let mut ratios = Vec::new();
    for _ in 0..10 {
        let floor = number(&stage.output(&How::Bare, &["bench/floor", "20000"], None)?)?;
        ratios.push(number(&stage.output(&How::traced(&[]), &["bench/straight"], None)?)? / floor);
    }
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    let name = "cost of a trap by the wait+CONT floor";
    Ok(vec![
        Row::new(format!("{name}, worst of 10"), worst, 1.5, "x"),
        Row::new(format!("{name}, median of 10"), median(&ratios), 1.5, "x"),
    ])
}

/// How many traps a program meets; its data stays.
fn traps(stage: &Stage, line: &[&str], input: Option<&str>) -> Result<usize, String> {
    let log = stage.target.join("bench/stops.jsonl");
    let log_text = log.to_string_lossy().into_owned();
    stage.output(&How::traced(&["--stop-log", &log_text]), line, input)?;
    let stops = std::fs::read_to_string(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    Ok(stops.lines().filter(|line| line.starts_with("{\"Trap\"")).count())
}

/// Traps for each line that ran.
fn traps_per_line(stage: &Stage, _rounds: usize) -> Result<Vec<Row>, String> {
    let debug = "debug/cov-trace";
    let built = Command::new(env!("CARGO")).args(["build", "--quiet"]).status().map_err(|error| error.to_string())?;
    if !built.success() {
        return Err(format!("cargo build: {built}"));
    }
    let programs: [(&str, &[&str], Option<&str>); 4] = [
        ("Lua -O0", LUA, None),
        ("SQLite -O0", SQLITE, SQL),
        ("SQLite -O2", &["truth/sqlite3-O2/sqlite3", ":memory:"], SQL),
        ("a Rust debug binary", &[debug, "report", "--help"], None),
    ];
    let mut rows = Vec::new();
    for (name, line, input) in programs {
        let traps = traps(stage, line, input)?;
        let output = Command::new(env!("CARGO_BIN_EXE_cov-trace"))
            .args(["lcov", "--absolute-paths", "--data"])
            .arg(stage.data())
            .output()
            .map_err(|error| format!("cov-trace lcov: {error}"))?;
        let lcov = String::from_utf8_lossy(&output.stdout).into_owned();
        let ran = lcov.lines().filter(|line| line.starts_with("DA:") && !line.ends_with(",0")).count();
        rows.push(Row::new(format!("traps per line that ran, {name}"), traps as f64 / ran as f64, 0.75, ""));
    }
    Ok(rows)
}

/// Time added to short runs, without and with an index in the cache.
fn start(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let ways = [How::Bare, How::traced(&["--no-cache"]), How::traced(&[])];
    let mut rows = Vec::new();
    for (name, line, input, cold, warm) in
        [("Lua -O0 print", LUA, None, 40.0, 25.0), ("SQLite -O0 script", SQLITE, SQL, 160.0, 110.0)]
    {
        let seconds = stage.in_turns(&ways, line, input, rounds)?;
        rows.push(Row::new(format!("added to {name}, cold"), (seconds[1] - seconds[0]) * 1e3, cold, "ms"));
        rows.push(Row::new(format!("added to {name}, warm"), (seconds[2] - seconds[0]) * 1e3, warm, "ms"));
    }
    Ok(rows)
}

/// Time added to threads and forks.
fn added(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let ways = [How::Bare, How::traced(&[])];
    let threads = stage.in_turns(&ways, &["bench/threads", "50", "8"], None, rounds)?;
    let forks = stage.in_turns(&ways, &["bench/forks", "100"], None, rounds)?;
    Ok(vec![
        Row::new("added to 50 rounds of 8 threads", (threads[1] - threads[0]) * 1e3, 60.0, "ms"),
        Row::new("added to 100 forks", (forks[1] - forks[0]) * 1e3, 100.0, "ms"),
    ])
}

/// What code costs that was seen: the slope over two lengths of a run.
fn steady(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let programs: [(&str, [&[&str]; 2]); 3] = [
        ("C", [&["bench/spin", "200", "1"], &["bench/spin", "1000", "1"]]),
        ("Rust", [&["bench/spin_rust", "200"], &["bench/spin_rust", "1000"]]),
        ("C with 2 threads", [&["bench/spin", "100", "2"], &["bench/spin", "500", "2"]]),
    ];
    let ways = [How::Bare, How::traced(&[])];
    let mut rows = Vec::new();
    for (name, [short, long]) in programs {
        let short = stage.in_turns(&ways, short, None, rounds)?;
        let long = stage.in_turns(&ways, long, None, rounds)?;
        let slope = |way: usize| long[way] - short[way];
        rows.push(Row::new(format!("steady state by slope, {name}"), (slope(1) / slope(0) - 1.0) * 100.0, 1.0, "%"));
    }
    Ok(rows)
}

/// What planting costs, from runs of programs that differ in little else.
fn arming(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let all = How::traced(&[]);
    let none = How::traced(&["--exclude", "*"]);
    // 500 pages with some breakpoints each; excluded, the same is read and nothing planted.
    let seconds = stage.in_turns(&[all, none], &["bench/pages", "0"], None, rounds)?;
    // Its functions are called once, and what that costs is taken off.
    let trap = number(&stage.output(&How::traced(&[]), &["bench/straight"], None)?)?;
    let traps = traps(stage, &["bench/pages", "0"], None)? as f64;
    let micros = (seconds[0] - seconds[1]) * 1e6 - traps * trap;
    Ok(vec![Row::new("arming a page, its breakpoints included", micros / 500.0, 7.0, "us")])
}

/// Forks and execs.
fn forks(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let rounds = rounds.min(5);
    let ways = [How::Bare, How::traced(&[])];
    let pages = stage.in_turns(&ways, &["bench/pages", "1000"], None, rounds)?;
    let small = stage.target.join("bench/small");
    let script = format!("i=0; while [ $i -lt 2000 ]; do {}; i=$((i+1)); done", small.display());
    let execs = stage.in_turns(&ways, &["sh", "-c", &script], None, rounds.min(3))?;
    Ok(vec![
        Row::new("a fork of a program with 500 armed pages", (pages[1] - pages[0]) * 1e3 / 1000.0, 1.5, "ms"),
        Row::new("a short process of a small program", execs[1] * 1e3 / 2000.0, 4.0, "ms"),
    ])
}

/// Peak memory.
fn peaks(stage: &Stage, _rounds: usize) -> Result<Vec<Row>, String> {
    let own = env!("CARGO_BIN_EXE_cov-trace");
    let mut rows = Vec::new();
    for (name, line, supervisor, recorder) in
        [("Lua", LUA, 8.0, 25.0), ("the release binary", &[own, "report", "--help"], 30.0, 90.0)]
    {
        let peaks = memory::peaks(stage, &How::traced(&["--no-cache"]), line, None)?;
        rows.push(Row::new(
            format!("peak of the supervisor, {name}"),
            peaks.supervisor_kib as f64 / 1024.0,
            supervisor,
            "MiB",
        ));
        rows.push(Row::new(
            format!("peak of the recorder, {name}"),
            peaks.recorder_kib as f64 / 1024.0,
            recorder,
            "MiB",
        ));
    }
    Ok(rows)
}

/// Two programs that trap at once, each under its own cov-trace, against one.
fn two_at_once(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let other = Stage::new(&stage.target.join("bench/other"))?;
    let line = |stage: &Stage| stage.target.join("bench/straight").to_string_lossy().into_owned();
    let line = line(stage);
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        one.push(stage.seconds(&How::traced(&[]), &[&line], None)?);
        let start = Instant::now();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| other.seconds(&How::traced(&[]), &[&line], None));
            stage.seconds(&How::traced(&[]), &[&line], None)?;
            second.join().map_err(|_| "the second run panicked".to_owned())?
        })?;
        two.push(start.elapsed().as_secs_f64());
    }
    Ok(vec![Row::new("two programs trapping at once, by one", median(&two) / median(&one), 2.2, "x")])
}

/// A long run against the same built with gcov's counters.
fn gcov(stage: &Stage, rounds: usize) -> Result<Vec<Row>, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/speed/subjects/long.lua");
    let script = script.to_string_lossy().into_owned();
    let traced = stage.in_turns(&[How::traced(&[])], &["truth/lua-O2/lua", &script], None, rounds.min(3))?;
    let counted = stage.in_turns(&[How::Bare], &["truth/lua-gcov-O2/lua", &script], None, rounds.min(3))?;
    Ok(vec![Row::new("cov-trace by gcov at -O2, Lua for seconds", traced[0] / counted[0], 1.0, "x")])
}
