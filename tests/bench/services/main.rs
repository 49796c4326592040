//! Real services while cov-trace is attached to them:
//! `cargo bench --bench services [-- --only redis|nginx|epoll] [--seconds N] [--every N] [--rounds N]
//! [--cycles N] [--switches N] [--json FILE]`.
//!
//! Builds Redis and nginx from Debian's sources, and a small service of threads in epoll_wait. Starts them on a socket in
//! a folder of their own, keeps them busy, checks every answer, and prints what being attached costs: throughput bare and
//! attached in turns, pauses, failed requests, memory, and how soon a report knows what runs. With `--cycles` it attaches
//! and detaches that often instead and looks for what is left behind, with `--switches` it switches the context that often. `--every` says how many seconds lie between two
//! saves or reloads, 0 for none. Fails when a request fails, or text, threads or descriptors are not as before.
#![forbid(unsafe_code)]

mod cycles;
mod epoll;
mod live;
mod options;
mod print;
mod redis;
mod rounds;
mod switches;

use std::path::Path;
use std::process::ExitCode;

use epoll::Epoll;
use options::Options;
use redis::Redis;
use testing::attached::{self, Attached};
use testing::bench;
use testing::run::Mark;
use testing::service::Service;
use testing::service::nginx::Nginx;

/// The command under test.
const COV_TRACE: &str = env!("CARGO_BIN_EXE_cov-trace");

/// Where Cargo lets benches write.
const OUTPUT: &str = env!("CARGO_TARGET_TMPDIR");

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("services: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing was wrong.
fn run() -> Result<bool, String> {
    let options = Options::parse(std::env::args().skip(1))?;
    let built = bench::build("tests/bench/services/build", &Path::new(OUTPUT).join("../services"), &[])?;
    let mut results = Vec::new();
    let mut is_well = true;
    for name in ["redis", "nginx", "epoll"].into_iter().filter(|name| options.chosen(name)) {
        // A path of a socket must be short, which one below the target directory may not be.
        let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
        let mut service = start(name, &built, folder.path())?;
        let data = folder.path().join("data");
        let (text, json, wrong) = match (options.cycles, options.switches) {
            (_, Some(count)) => switches::repeat(&*service, name, count, &options, &data)
                .map(|result| (print::switches(&result), serde_json::to_value(&result), result.wrong)),
            (Some(count), None) => cycles::repeat(&*service, name, count, &options, &data)
                .map(|result| (print::cycles(&result), serde_json::to_value(&result), result.wrong)),
            (None, None) => rounds::measure(&*service, name, &options, &data)
                .map(|result| (print::rounds(&result), serde_json::to_value(&result), result.wrong)),
        }
        .map_err(|error| error + &obituary(&mut *service, folder.path()))?;
        if !wrong.is_empty() {
            eprint!("{}", obituary(&mut *service, folder.path()));
        }
        println!("{text}");
        is_well &= wrong.is_empty();
        results.push(json.map_err(|error| error.to_string())?);
    }
    if let Some(path) = &options.json {
        bench::write_json(path, &results)?;
    }
    Ok(is_well)
}

/// Attaches to a service.
fn attach(service: &dyn Service, data: &Path) -> Result<Attached, String> {
    let mark = Mark::new(Path::new(OUTPUT).join("cache"));
    Attached::start(mark, attached::command(COV_TRACE, &[service.pid()], service.attach_options(), data))
}

/// How a service ended, if it has, and the last that it wrote.
fn obituary(service: &mut dyn Service, folder: &Path) -> String {
    let Some(end) = service.end() else { return String::new() };
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    format!("\nthe service has ended: {end}; its last words:\n{}\n", lines[lines.len().saturating_sub(30)..].join("\n"))
}

fn start(name: &str, built: &Path, folder: &Path) -> Result<Box<dyn Service>, String> {
    Ok(match name {
        "redis" => Box::new(Redis::start(built, folder)?),
        "nginx" => Box::new(Nginx::start(built, folder)?),
        _ => Box::new(Epoll::start(built, folder)?),
    })
}
