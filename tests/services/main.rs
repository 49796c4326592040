//! Real services while cov-trace is attached to them:
//! `cargo bench --bench services [-- --only redis|nginx|epoll] [--seconds N] [--every N] [--rounds N]
//! [--cycles N] [--json FILE]`.
//!
//! Builds Redis and nginx from Debian's sources, and a small service of threads in epoll_wait. Starts them on a socket in
//! a folder of their own, keeps them busy, checks every answer, and prints what being attached costs: throughput bare and
//! attached in turns, pauses, failed requests, memory, and how soon a report knows what runs. With `--cycles` it attaches
//! and lets go that often instead and looks for what is left behind. `--every` says how many seconds lie between two
//! saves or reloads, 0 for none. Fails when a request fails, or text, threads or descriptors are not as before.
#![forbid(unsafe_code)]

mod cycles;
mod epoll;
mod footprint;
mod live;
mod nginx;
mod options;
mod print;
mod redis;
mod rounds;
mod service;
mod timeline;

#[path = "../harness/attached.rs"]
#[expect(dead_code, reason = "the suite uses more of it")]
mod attached;
#[path = "../harness/run.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the suite uses more of it, and fails by panicking")]
mod run;
#[path = "../harness/text.rs"]
mod text;

use std::path::Path;
use std::process::{Command, ExitCode};

use epoll::Epoll;
use nginx::Nginx;
use options::Options;
use redis::Redis;
use service::Service;

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
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../services");
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/build");
    let status = Command::new(&build).arg(&built).status().map_err(|error| format!("{}: {error}", build.display()))?;
    if !status.success() {
        return Err(format!("{}: {status}", build.display()));
    }
    let mut results = Vec::new();
    let mut is_well = true;
    for name in ["redis", "nginx", "epoll"].into_iter().filter(|name| options.chosen(name)) {
        // A path of a socket must be short, which one below the target directory may not be.
        let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
        let service = start(name, &built, folder.path())?;
        let data = folder.path().join("data");
        let (text, json, wrong) = match options.cycles {
            Some(count) => {
                let result = cycles::repeat(&*service, name, count, &options, &data)?;
                (print::cycles(&result), serde_json::to_value(&result), result.wrong)
            }
            None => {
                let result = rounds::measure(&*service, name, &options, &data)?;
                (print::rounds(&result), serde_json::to_value(&result), result.wrong)
            }
        };
        println!("{text}");
        is_well &= wrong.is_empty();
        results.push(json.map_err(|error| error.to_string())?);
    }
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&results).map_err(|error| error.to_string())?;
        std::fs::write(path, json + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(is_well)
}

fn start(name: &str, built: &Path, folder: &Path) -> Result<Box<dyn Service>, String> {
    Ok(match name {
        "redis" => Box::new(Redis::start(built, folder)?),
        "nginx" => Box::new(Nginx::start(built, folder)?),
        _ => Box::new(Epoll::start(built, folder)?),
    })
}
