//! PostgreSQL with a backend for each transaction (`pgbench -C`), attached to.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::options::Options;
use crate::stage::{COV_TRACE, Stage};
use testing::attached::{self, Attached};
use testing::bench::size;
use testing::rows::Row;
use testing::run::Mark;

/// Connections in all, from so many clients.
const CONNECTIONS: u32 = 10_000;
const CLIENTS: u32 = 4;

/// Seconds of each measurement of the throughput, and how many of them at its begin do not count.
const SECONDS: usize = 30;
const BEGIN: usize = 10;

/// As whom the server runs where the benchmark is root, which it refuses to run as.
const NOBODY: u32 = 65_534;

/// The data of a backend, how far behind it is written, and the throughput with `--once`.
///
/// # Errors
/// When something cannot be run.
pub fn postgres(stage: &Stage, options: &Options) -> Result<Vec<Row>, String> {
    let Some(folder) = &options.postgres else {
        println!("postgres: left out; --postgres FOLDER names one that was built with debug info");
        return Ok(Vec::new());
    };
    let server = Server::start(folder)?;
    let bare = server.throughput()?;
    let data = stage.fresh("once")?;
    let attached = attach(stage, &server, &["--once"], &data)?;
    let once = server.throughput()?;
    attached.detach("INT")?;

    let data = stage.fresh("postgres")?;
    let attached = attach(stage, &server, &[], &data)?;
    let before = size(&data)?;
    server.pgbench(&["-t", &(CONNECTIONS / CLIENTS).to_string()])?;
    let ended = Instant::now();
    let files = || fs::read_dir(&data).map_or(0, |entries| entries.flatten().filter(is_data_file).count());
    while files() < CONNECTIONS as usize {
        if ended.elapsed() > Duration::from_secs(60) {
            return Err(format!("{} data files a minute after {CONNECTIONS} connections", files()));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let behind = ended.elapsed().as_secs_f64();
    let of_each = (size(&data)? - before) as f64 / 1024.0 / f64::from(CONNECTIONS);
    attached.detach("INT")?;
    Ok(vec![
        Row::new("10,000 connections of PostgreSQL: data of each", of_each, 20.0, "KiB"),
        Row::new("10,000 connections of PostgreSQL: last file after the last", behind, 2.0, "s"),
        Row::new("bare throughput by that with --once, after the first 10 s", bare / once, 1.0 / 0.7, "x"),
    ])
}

fn is_data_file(entry: &fs::DirEntry) -> bool {
    entry.path().extension().is_some_and(|extension| extension == "sqlite")
}

fn attach(stage: &Stage, server: &Server, options: &[&str], data: &Path) -> Result<Attached, String> {
    let options = [&["--children", "--all"], options].concat();
    Attached::start(Mark::new(stage.cache()), attached::command(COV_TRACE, &[server.pid], &options, data))
}

/// A server on a socket of its own folder.
struct Server {
    programs: PathBuf,
    folder: tempfile::TempDir,
    pid: u32,
}

impl Server {
    fn start(installed: &Path) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| format!("make a folder: {error}"))?;
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).map_err(|error| format!("make a folder: {error}"))?;
        }
        let mut server = Server { programs: installed.join("bin"), folder, pid: 0 };
        let data = server.folder.path().join("db").display().to_string();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "postgres"])?;
        let socket = server.folder.path().display();
        let settings = format!("listen_addresses = ''\nunix_socket_directories = '{socket}'\nfsync = off\n");
        let path = Path::new(&data).join("postgresql.conf");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        fs::write(&path, text + &settings).map_err(|error| format!("{}: {error}", path.display()))?;
        let log = server.folder.path().join("log").display().to_string();
        server.run("pg_ctl", &["-D", &data, "-l", &log, "-w", "start"])?;
        let pid = fs::read_to_string(Path::new(&data).join("postmaster.pid")).map_err(|error| error.to_string())?;
        server.pid = pid.lines().next().and_then(|pid| pid.parse().ok()).ok_or("no pid of the server")?;
        server.run("pgbench", &["-h", &socket_of(&server), "-U", "postgres", "-i", "postgres"])?;
        Ok(server)
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        // A server holds on to what it inherits, so that goes to files and not to pipes.
        let path = self.folder.path().join("said");
        let said = fs::File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let errors = said.try_clone().map_err(|error| error.to_string())?;
        let mut command = self.command(program, arguments);
        let status = command.stdout(said).stderr(errors).status().map_err(|error| format!("{program}: {error}"))?;
        let said = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if status.success() { Ok(said) } else { Err(format!("{program}: {status}: {said}")) }
    }

    fn pgbench(&self, arguments: &[&str]) -> Result<String, String> {
        let (socket, clients) = (socket_of(self), CLIENTS.to_string());
        let all = ["-h", &socket, "-U", "postgres", "-n", "-C", "-c", &clients, "-j", "2"];
        self.run("pgbench", &[&all, arguments, &["postgres"]].concat())
    }

    /// Transactions a second, of the seconds that count.
    fn throughput(&self) -> Result<f64, String> {
        let said = self.pgbench(&["-T", &SECONDS.to_string(), "-P", "1"])?;
        let each: Vec<f64> = said
            .lines()
            .filter_map(|line| line.strip_prefix("progress: ")?.split(", ").nth(1)?.strip_suffix(" tps")?.parse().ok())
            .skip(BEGIN)
            .collect();
        if each.is_empty() {
            return Err(format!("pgbench tells no progress: {said}"));
        }
        Ok(each.iter().sum::<f64>() / each.len() as f64)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("db").display().to_string();
        if let Err(error) = self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]) {
            eprintln!("scale: the server goes on: {error}");
        }
    }
}

fn socket_of(server: &Server) -> String {
    server.folder.path().display().to_string()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
