//! Redis: a main thread that serves, threads in the background, and children that save.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use testing::service::{Client, PATIENCE, Service};

/// Requests that a client with a pipeline sends at once.
const PIPELINE: u64 = 16;

/// Keys of each client.
const KEYS: u64 = 1000;

/// Elements of a list before it is removed.
const LIST: u64 = 20_000;

/// Source files that no other request needs, and the commands that do.
const UNUSED: [(&str, &str); 3] = [
    ("lolwut5.c", "*3\r\n$6\r\nLOLWUT\r\n$7\r\nVERSION\r\n$1\r\n5\r\n"),
    ("lolwut6.c", "*3\r\n$6\r\nLOLWUT\r\n$7\r\nVERSION\r\n$1\r\n6\r\n"),
    ("latency.c", "*2\r\n$7\r\nLATENCY\r\n$6\r\nDOCTOR\r\n"),
];

/// A Redis server on a socket in a folder of its own.
pub struct Redis {
    child: Child,
    socket: PathBuf,
    connections: AtomicU64,
}

impl Redis {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(built: &Path, folder: &Path) -> Result<Self, String> {
        let text = |error: std::io::Error| format!("start redis: {error}");
        let socket = folder.join("socket");
        let log = File::create(folder.join("log")).map_err(text)?;
        let child = Command::new(built.join("redis-server"))
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(text)?)
            .stderr(log)
            .spawn()
            .map_err(text)?;
        let redis = Self { child, socket, connections: AtomicU64::new(0) };
        let start = Instant::now();
        while redis.ask("*1\r\n$4\r\nPING\r\n").as_deref() != Ok("+PONG") {
            if start.elapsed() > PATIENCE {
                return Err(format!("redis does not come up, see {}", folder.join("log").display()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(redis)
    }

    /// Sends one command on a connection of its own and returns the answer, without waiting for the end of the
    /// connection: a child that saves keeps that open.
    fn ask(&self, command: &str) -> Result<String, String> {
        let text = |error: std::io::Error| format!("redis, {command:?}: {error}");
        let mut stream = BufReader::new(open(&self.socket).map_err(text)?);
        stream.get_mut().write_all(command.as_bytes()).map_err(text)?;
        let mut answer = String::new();
        stream.read_line(&mut answer).map_err(text)?;
        if let Some(length) = answer.strip_prefix('$') {
            let length =
                length.trim_end().parse().map_err(|error| format!("redis, {command:?}: {answer:?}: {error}"))?;
            let mut bytes = vec![0; length];
            stream.read_exact(&mut bytes).map_err(text)?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        Ok(answer.trim_end().to_owned())
    }

    fn info(&self) -> Result<String, String> {
        self.ask("*2\r\n$4\r\nINFO\r\n$11\r\npersistence\r\n")
    }
}

impl Service for Redis {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn connect(&self, number: usize) -> Result<Box<dyn Client>, String> {
        let stream = open(&self.socket).map_err(|error| format!("connect to redis: {error}"))?;
        let name = format!("{number}.{}", self.connections.fetch_add(1, Relaxed));
        let at_once = if number.is_multiple_of(2) { 1 } else { PIPELINE };
        Ok(Box::new(Connection { stream, name, at_once, asked: 0, pushed: 0, got: Vec::new() }))
    }

    fn event(&self) -> Result<(), String> {
        // The children of the save before have to be well, too.
        if !self.info()?.contains("rdb_last_bgsave_status:ok") {
            return Err("a save of redis failed".to_owned());
        }
        let answer = self.ask("*1\r\n$6\r\nBGSAVE\r\n")?;
        let started = answer == "+Background saving started" || answer.contains("already in progress");
        if started { Ok(()) } else { Err(format!("BGSAVE: {answer}")) }
    }

    fn source_not_run(&self, number: usize) -> Option<&'static str> {
        UNUSED.get(number).map(|(file, _)| *file)
    }

    fn run_source(&self, number: usize) -> Result<(), String> {
        self.ask(UNUSED[number].1).map(drop)
    }

    fn settle(&self) -> Result<(), String> {
        let start = Instant::now();
        while !self.info()?.contains("rdb_bgsave_in_progress:0") {
            if start.elapsed() > PATIENCE {
                return Err("redis saves without end".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open(socket: &Path) -> std::io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

struct Connection {
    stream: UnixStream,
    /// Nobody else uses keys with it, so every answer is known beforehand.
    name: String,
    at_once: u64,
    asked: u64,
    pushed: u64,
    got: Vec<u8>,
}

impl Connection {
    /// Adds the next command and the answer it must get.
    fn next(&mut self, commands: &mut Vec<u8>, answers: &mut Vec<u8>) {
        let turn = self.asked / 4;
        let (key, counter, list) =
            (format!("k{}:{}", self.name, turn % KEYS), format!("n{}", self.name), format!("l{}", self.name));
        let value = format!("{turn}-").repeat(1 + (turn % 20) as usize);
        match self.asked % 4 {
            0 => {
                add(commands, &["SET", &key, &value]);
                answers.extend(b"+OK\r\n");
            }
            1 => {
                add(commands, &["GET", &key]);
                answers.extend(format!("${}\r\n{value}\r\n", value.len()).bytes());
            }
            2 => {
                add(commands, &["INCR", &counter]);
                answers.extend(format!(":{}\r\n", turn + 1).bytes());
            }
            // A list of more than 64 pages of 8 KiB that is unlinked is freed by a thread in the background.
            _ if self.pushed == LIST => {
                add(commands, &["UNLINK", &list]);
                answers.extend(b":1\r\n");
                self.pushed = 0;
            }
            _ => {
                add(commands, &["LPUSH", &list, &value]);
                self.pushed += 1;
                answers.extend(format!(":{}\r\n", self.pushed).bytes());
            }
        }
        self.asked += 1;
    }
}

impl Client for Connection {
    fn exchange(&mut self) -> Result<u64, String> {
        let (mut commands, mut answers) = (Vec::new(), Vec::new());
        (0..self.at_once).for_each(|_| self.next(&mut commands, &mut answers));
        self.stream.write_all(&commands).map_err(|error| format!("send to redis: {error}"))?;
        self.got.resize(answers.len(), 0);
        self.stream.read_exact(&mut self.got).map_err(|error| format!("answer of redis: {error}"))?;
        if self.got == answers {
            return Ok(self.at_once);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        Err(format!("redis answered {:?} and not {:?}", text(&self.got), text(&answers)))
    }
}

/// Adds a command as Redis' protocol writes it.
fn add(commands: &mut Vec<u8>, words: &[&str]) {
    commands.extend(format!("*{}\r\n", words.len()).bytes());
    for word in words {
        commands.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
}
