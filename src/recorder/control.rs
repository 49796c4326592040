//! The recorder's end of the control socket: commands come, ask, and are answered.
//!
//! Invariants: nothing waits for a client; a client has one request at a time, is read from only when it has taken its
//! answer, and is dropped for the first message that is none; there are never more than [`MOST`].

use crate::link::{ControlAnswer, ControlRequest, Port, PortError};
use platform::Listener;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How many clients there are at most.
const MOST: usize = 32;

/// How long a client may be connected without asking for anything, once others have to wait for its place.
const IDLE: Duration = Duration::from_secs(1);

/// A client, by the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClientId(u64);

/// The socket and who is connected.
#[derive(Debug)]
pub(super) struct ControlSocket {
    listener: Listener,
    clients: Vec<Client>,
    next: u64,
    /// The kernel has no descriptor for one more client; it is asked again after a while.
    deaf_since: Option<Instant>,
}

#[derive(Debug)]
struct Client {
    id: ClientId,
    port: Port,
    came: Instant,
    state: ClientState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClientState {
    /// It may ask.
    Idle,
    /// It asked and is to be answered.
    Asked,
    /// It has been answered and has not taken all of it.
    Answered,
}

impl ControlSocket {
    pub fn new(listener: Listener) -> Self {
        ControlSocket { listener, clients: Vec::new(), next: 0, deaf_since: None }
    }

    /// What to read from.
    pub fn readable(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let listener = (!self.is_full() && self.deaf_since.is_none()).then(|| self.listener.as_fd());
        let idle = self.clients.iter().filter(|client| client.state == ClientState::Idle);
        listener.into_iter().chain(idle.map(|client| client.port.as_fd()))
    }

    /// What to write to.
    pub fn writable(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.clients.iter().filter(|client| client.state == ClientState::Answered).map(|client| client.port.as_fd())
    }

    /// Takes new clients and requests.
    pub fn hear(&mut self) -> Vec<(ClientId, ControlRequest)> {
        self.welcome();
        let mut requests = Vec::new();
        self.clients.retain_mut(|client| match client.state {
            ClientState::Idle => match client.port.try_receive() {
                Ok(Some((request, _))) => {
                    client.state = ClientState::Asked;
                    requests.push((client.id, request));
                    true
                }
                Ok(None) => true,
                Err(PortError::Closed | PortError::Malformed(_) | PortError::Os(_)) => false,
            },
            ClientState::Asked => true,
            ClientState::Answered => client.go_on(),
        });
        requests
    }

    /// Answers a client, if it is still there.
    pub fn answer(&mut self, id: ClientId, answers: impl IntoIterator<Item = ControlAnswer>) {
        let Some(index) = self.clients.iter().position(|client| client.id == id) else { return };
        let client = &mut self.clients[index];
        let sent = answers.into_iter().try_for_each(|answer| client.port.send(&answer, None));
        client.state = ClientState::Answered;
        if sent.is_err() || !client.go_on() {
            self.clients.swap_remove(index);
        }
    }

    fn welcome(&mut self) {
        if self.deaf_since.is_some_and(|since| since.elapsed() >= IDLE) {
            self.deaf_since = None;
        }
        while self.deaf_since.is_none() && !self.is_full() {
            match self.listener.accept() {
                Ok(Some(channel)) => {
                    self.make_room();
                    let id = ClientId(self.next);
                    self.next += 1;
                    let state = ClientState::Idle;
                    self.clients.push(Client { id, port: Port::new(channel), came: Instant::now(), state });
                }
                Ok(None) => return,
                Err(_) => self.deaf_since = Some(Instant::now()),
            }
        }
    }

    /// Whether there is no place, and nobody who could be sent away for one who waits.
    fn is_full(&self) -> bool {
        self.clients.len() >= MOST && !self.clients.iter().any(Client::is_in_the_way)
    }

    fn make_room(&mut self) {
        if self.clients.len() >= MOST
            && let Some(index) = self.clients.iter().position(Client::is_in_the_way)
        {
            self.clients.remove(index);
        }
    }
}

impl Client {
    fn is_in_the_way(&self) -> bool {
        self.state != ClientState::Asked && self.came.elapsed() >= IDLE
    }

    /// Sends what is left of an answer; false if the client is gone.
    fn go_on(&mut self) -> bool {
        match self.port.flush() {
            Ok(true) => {
                self.state = ClientState::Idle;
                self.came = Instant::now();
                true
            }
            Ok(false) => true,
            Err(_) => false,
        }
    }
}
