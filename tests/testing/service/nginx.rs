//! nginx: a master whose workers serve, and are others after each reload of the configuration.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::footprint::family;
use super::{Client, PATIENCE, Service};
use crate::run::signal;

const CONFIGURATION: &str = "
daemon off;
worker_processes 2;
error_log log;
pid pid;
events { worker_connections 512; }
http {
    access_log off;
    keepalive_requests 1000;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen unix:SOCKET;
        root html;
    }
}
";

/// An nginx with its files in a folder of its own.
pub struct Nginx {
    child: Child,
    socket: PathBuf,
}

impl Nginx {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(built: &Path, folder: &Path) -> Result<Self, String> {
        let text = |error: std::io::Error| format!("start nginx: {error}");
        let socket = folder.join("socket");
        fs::create_dir(folder.join("html")).map_err(text)?;
        for number in 0..FILES {
            fs::write(folder.join("html").join(number.to_string()), body(number)).map_err(text)?;
        }
        // As root it would change to a user who cannot read the folder.
        let user = if fs::metadata(folder).is_ok_and(|facts| std::os::unix::fs::MetadataExt::uid(&facts) == 0) {
            "user root;"
        } else {
            ""
        };
        let configuration = CONFIGURATION.replace("SOCKET", &socket.to_string_lossy());
        fs::write(folder.join("configuration"), format!("{user}{configuration}")).map_err(text)?;
        let log = File::create(folder.join("log")).map_err(text)?;
        let child = Command::new(built.join("nginx"))
            .arg("-p")
            .arg(folder)
            .args(["-e", "log", "-c", "configuration"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(text)?)
            .stderr(log)
            .spawn()
            .map_err(text)?;
        let nginx = Self { child, socket };
        let start = Instant::now();
        while nginx.connect(0).and_then(|mut client| client.exchange()).is_err() {
            if start.elapsed() > PATIENCE {
                return Err(format!("nginx does not come up, see {}", folder.join("log").display()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(nginx)
    }
}

impl Service for Nginx {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn attach_options(&self) -> &'static [&'static str] {
        &["--children"]
    }

    fn keeps_its_size(&self) -> bool {
        false
    }

    fn connect(&self, number: usize) -> Result<Box<dyn Client>, String> {
        let stays = number % 2 == 1;
        Ok(Box::new(Visitor { socket: self.socket.clone(), stays, stream: None, asked: number }))
    }

    fn event(&self) -> Result<(), String> {
        signal(self.pid(), "HUP");
        Ok(())
    }

    fn settle(&self) -> Result<(), String> {
        let start = Instant::now();
        while family(self.pid()).len() != 3 {
            if start.elapsed() > PATIENCE {
                return Err("workers of nginx do not end".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let all = family(self.pid());
        signal(self.pid(), "TERM");
        let start = Instant::now();
        while start.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            all.into_iter().for_each(|pid| signal(pid, "KILL"));
            // Whatever it was, it has been killed.
            let _ = self.child.wait();
        }
    }
}

/// Files that are served.
const FILES: usize = 8;

/// What one file holds: from a line to 64 KiB.
fn body(number: usize) -> Vec<u8> {
    format!("file {number}\n").repeat(1 << (2 * number)).into_bytes()
}

struct Visitor {
    socket: PathBuf,
    /// Whether it asks again on the same connection.
    stays: bool,
    stream: Option<BufReader<UnixStream>>,
    asked: usize,
}

impl Visitor {
    fn open(&self) -> Result<BufReader<UnixStream>, String> {
        let text = |error: std::io::Error| format!("connect to nginx: {error}");
        let stream = UnixStream::connect(&self.socket).map_err(text)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
        Ok(BufReader::new(stream))
    }

    /// Asks for a file; `None` when the connection was closed instead of an answer.
    fn ask(&self, stream: &mut BufReader<UnixStream>, number: usize) -> Result<Option<Vec<u8>>, String> {
        let text = |error: std::io::Error| format!("nginx: {error}");
        let connection = if self.stays { "keep-alive" } else { "close" };
        let request = format!("GET /{number} HTTP/1.1\r\nHost: localhost\r\nConnection: {connection}\r\n\r\n");
        let closed =
            |error: &std::io::Error| matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        match stream.get_mut().write_all(request.as_bytes()) {
            Err(error) if closed(&error) => return Ok(None),
            done => done.map_err(text)?,
        }
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(0) => return Ok(None),
            Err(error) if closed(&error) => return Ok(None),
            done => done.map_err(text)?,
        };
        if !line.starts_with("HTTP/1.1 200 ") {
            return Err(format!("nginx answered {line:?}"));
        }
        let mut length = None;
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).map_err(text)? == 0 {
                return Err("nginx ended in the middle of a header".to_owned());
            }
            length = line.strip_prefix("Content-Length: ").map_or(length, |text| text.trim_end().parse().ok());
        }
        let mut body = vec![0; length.ok_or("nginx gave no length")?];
        stream.read_exact(&mut body).map_err(text)?;
        Ok(Some(body))
    }
}

impl Client for Visitor {
    fn exchange(&mut self) -> Result<u64, String> {
        let number = self.asked % FILES;
        self.asked += 1;
        let (mut stream, is_fresh) = match self.stream.take() {
            Some(stream) => (stream, false),
            None => (self.open()?, true),
        };
        let mut answer = self.ask(&mut stream, number)?;
        // RFC 9112, 9.3.1: a server may close a connection that waits for the next request; one asks again.
        if answer.is_none() && !is_fresh {
            stream = self.open()?;
            answer = self.ask(&mut stream, number)?;
        }
        let answer = answer.ok_or("nginx closed a fresh connection without an answer")?;
        if answer != body(number) {
            return Err(format!("nginx gave {} wrong bytes as file {number}", answer.len()));
        }
        if self.stays {
            self.stream = Some(stream);
        }
        Ok(1)
    }
}
