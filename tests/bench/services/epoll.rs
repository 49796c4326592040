//! A small service whose threads sleep in `epoll_wait` without a timeout and count what wakes them for nothing.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use testing::service::{Client, PATIENCE, Service};

/// `samples/attach/epoll_service.c` on a socket in a folder of its own.
pub struct Epoll {
    child: Child,
    socket: PathBuf,
}

impl Epoll {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start(built: &Path, folder: &Path) -> Result<Self, String> {
        let socket = folder.join("socket");
        let child = Command::new(built.join("epoll_service"))
            .arg(&socket)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("start epoll_service: {error}"))?;
        let epoll = Self { child, socket };
        let start = Instant::now();
        while epoll.connect(0).is_err() {
            if start.elapsed() > PATIENCE {
                return Err("epoll_service does not come up".to_owned());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(epoll)
    }
}

impl Service for Epoll {
    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn end(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn connect(&self, number: usize) -> Result<Box<dyn Client>, String> {
        let text = |error: std::io::Error| format!("connect to epoll_service: {error}");
        let stream = UnixStream::connect(&self.socket).map_err(text)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        // Most clients are slow, so that most threads of the service sleep most of the time.
        let rest = Duration::from_millis(if number == 0 { 0 } else { 5 });
        Ok(Box::new(Caller { stream, rest, asked: 0 }))
    }

    fn event(&self) -> Result<(), String> {
        let mut answer = [0; 8];
        let mut stream = UnixStream::connect(&self.socket).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
        stream.write_all(b"????????").map_err(|error| error.to_string())?;
        stream.read_exact(&mut answer).map_err(|error| error.to_string())?;
        match &answer {
            b"00000000" => Ok(()),
            counts => Err(format!("interrupted and spurious: {}", String::from_utf8_lossy(counts))),
        }
    }

    fn settle(&self) -> Result<(), String> {
        self.event()
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Caller {
    stream: UnixStream,
    rest: Duration,
    asked: u64,
}

impl Client for Caller {
    fn exchange(&mut self) -> Result<u64, String> {
        thread::sleep(self.rest);
        let (request, mut answer) = (format!("{:08}", self.asked % 100_000_000), [0; 8]);
        self.asked += 1;
        self.stream.write_all(request.as_bytes()).map_err(|error| format!("send to epoll_service: {error}"))?;
        self.stream.read_exact(&mut answer).map_err(|error| format!("answer of epoll_service: {error}"))?;
        if answer == request.as_bytes() {
            return Ok(1);
        }
        Err(format!("epoll_service answered {:?} to {request}", String::from_utf8_lossy(&answer)))
    }
}
