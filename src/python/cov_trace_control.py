"""Switches the context of this process where cov-trace measures it, as `cov-trace context` does, but in less time.

It asks the recorder over the socket `control` in the directory of the run, with the messages of src/link/control.rs.
These may change with each version of cov-trace: this file belongs to the one that VERSION names.

Invariants: no descriptor is left open, since the program that is measured may count them; what comes is checked.
"""

# Names are bound here, since tests replace them in their modules.
import json
import os
from hashlib import sha256
from os import geteuid, getpid
from socket import AF_UNIX, SO_PEERCRED, SOCK_SEQPACKET, SOL_SOCKET, socket
from socket import timeout as SocketTimeout
from struct import calcsize, unpack

VERSION = "0.1.0"

# The longest label that cov-trace keeps, in bytes.
LONGEST_LABEL = 4096

# The largest message, in bytes.
LARGEST_MESSAGE = 64 * 1024

# The longest path of a socket's address, in bytes (unix(7)).
LONGEST_ADDRESS = 107

# How long an answer is awaited, in seconds; a switch takes far less, also where many processes wait for theirs.
PATIENCE = 60

# What SO_PEERCRED gives: pid, uid and gid of who made the socket.
CREDENTIALS = "3i"


class ControlError(Exception):
    """What was asked for was not done; says why."""


class NoRecorder(ControlError):
    """Nobody listens: the measurement is over."""


class Silent(ControlError):
    """There is no answer: what was asked for may be done at any time later."""


class Run:
    """One measurement."""

    def __init__(self, path):
        self.path = path

    def measures(self, pid):
        """Whether a process is being measured."""
        with self.connect() as channel:
            send(channel, "Status")
            measured = False
            while True:
                kind, answer = receive(channel)
                if kind == "NoMore":
                    return measured
                if kind == "Process" and isinstance(answer, dict) and isinstance(answer.get("pid"), int):
                    measured |= answer["pid"] == pid
                elif kind != "Run":
                    raise strange(kind)

    def enter(self, label):
        """Has this process, and the children that it makes from now on, in the context of that label."""
        self.switch({"To": label})

    def leave(self):
        """Has this process in the context before the last switch."""
        self.switch("Back")

    def switch(self, change):
        """When it returns, what ran before is in the old context, and what runs is in the new one."""
        with self.connect() as channel:
            send(channel, {"Switch": {"change": change, "pids": [getpid()]}})
            kind, answer = receive(channel)
        if kind != "Switched" or not isinstance(answer, int):
            raise strange(kind)

    def connect(self):
        """A new connection: one that is kept would take a place that others wait for."""
        channel = None
        try:
            channel = socket(AF_UNIX, SOCK_SEQPACKET)
            channel.settimeout(PATIENCE)
            connect(channel, self.path)
            pid, uid, _ = unpack(CREDENTIALS, channel.getsockopt(SOL_SOCKET, SO_PEERCRED, calcsize(CREDENTIALS)))
            if uid not in (0, geteuid()):
                raise ControlError(f"it is a measurement of another user (uid {uid})")
            if pid == 0:
                raise ControlError("it is measured from another pid namespace, in which this process has another pid")
            return channel
        except BaseException as error:
            if channel is not None:
                channel.close()
            if isinstance(error, OSError):
                raise failure(error) from None
            raise


def find(data):
    """The measurement in a data directory that has this process."""
    try:
        names = sorted(os.listdir(data))
    except OSError as error:
        raise ControlError(f"nothing is being measured in {data!r} ({error.strerror})") from None
    failures, under_way = [], False
    for name in names:
        if not name.startswith("run-"):
            continue
        run = Run(os.path.join(os.path.abspath(data), name))
        try:
            if run.measures(getpid()):
                return run
            under_way = True
        except NoRecorder:
            # It was cut short, or is just ending.
            continue
        except ControlError as error:
            failures.append(f"{name}: {error}")
    if failures:
        raise ControlError("; ".join(failures))
    if under_way:
        raise ControlError(f"what is being measured in {data!r} does not have this process ({getpid()})")
    raise ControlError(f"nothing is being measured in {data!r}")


def label_of(text):
    """A label that stands for a text and can be asked for: UTF-8 without NUL; a long one is told apart by a digest."""
    encoded = text.replace("\0", "\\x00").encode("utf-8", "backslashreplace")
    if len(encoded) > LONGEST_LABEL:
        end = "... " + sha256(encoded).hexdigest()[:16]
        return encoded[: LONGEST_LABEL - len(end)].decode("utf-8", "ignore") + end
    return encoded.decode("utf-8")


def connect(channel, folder):
    """Connects to the recorder of the run whose directory that is."""
    path = os.path.join(folder, "control")
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        channel.connect(path)
        return
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        channel.connect(f"/proc/self/fd/{opened}/control")
    finally:
        os.close(opened)


def send(channel, request):
    """Asks for something."""
    try:
        channel.send(json.dumps(request).encode("ascii"))
    except OSError as error:
        raise failure(error) from None


def receive(channel):
    """The next answer: its kind, and what belongs to it."""
    try:
        message = channel.recv(LARGEST_MESSAGE)
    except OSError as error:
        raise failure(error) from None
    if not message:
        # A recorder drops who asks for what it does not know.
        raise ControlError(f"its recorder has ended, or is of another version of cov-trace than {VERSION}")
    try:
        answer = json.loads(message.decode("utf-8"))
    except ValueError:
        raise strange(message) from None
    if isinstance(answer, str):
        return answer, None
    if isinstance(answer, dict) and len(answer) == 1:
        [(kind, content)] = answer.items()
        if kind == "Failed":
            raise ControlError(str(content))
        return kind, content
    raise strange(answer)


def failure(error):
    """What is said of a failure of the socket."""
    if isinstance(error, SocketTimeout):
        return Silent("its recorder does not answer; is it stopped?")
    if isinstance(error, (FileNotFoundError, NotADirectoryError, ConnectionError)):
        return NoRecorder("its recorder has ended")
    if isinstance(error, PermissionError):
        return ControlError(f"{error.strerror}; only the user who measures, and root, may ask")
    return ControlError(f"its recorder cannot be reached: {error}")


def strange(answer):
    """What is said of an answer that is none."""
    return ControlError(
        f"its recorder answers what is not understood ({str(answer)[:80]}); this plugin needs cov-trace {VERSION}"
    )
