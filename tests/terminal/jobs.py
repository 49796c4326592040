"""Runs a command as the foreground job of a small shell in a new terminal, and plays a scenario.

Usage: jobs.py SCENARIO COMMAND [ARGUMENT...]
Words of a scenario: `see:TEXT` waits for output (~ is a space), ^C ^Z ^\\ ^D are keys, `^C-until:TEXT` presses it until
the output that follows has TEXT, `fg` continues a stopped job,
`hang-up` closes the terminal, `gone` waits until nobody has it open, anything else is typed with a newline.
"""

import os
import pty
import select
import signal
import sys
import termios

LIMIT = 50  # Seconds that nothing has to take.
KEYS = {"^C": b"\x03", "^Z": b"\x1a", "^\\": b"\x1c", "^D": b"\x04"}


def say(text):
    os.write(1, text.encode())


def shell(command, orders):
    """The small shell: one job in the foreground; it keeps the terminal with the job once that has ended."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    attributes = termios.tcgetattr(0)
    attributes[3] &= ~termios.ECHO
    attributes[3] |= termios.NOFLSH  # Or a key that signals would discard output that nobody has read yet.
    attributes[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, attributes)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpgrp())
        for number in (signal.SIGTTOU, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.tcsetpgrp(0, os.getpgrp())
            say(f"[stopped by {os.WSTOPSIG(status)}]\n")
            if os.read(orders, 1) != b"f":
                return
            os.tcsetpgrp(0, job)
            os.killpg(job, signal.SIGCONT)
            continue
        try:
            if os.WIFEXITED(status):
                say(f"[exit {os.WEXITSTATUS(status)}]\n")
            else:
                say(f"[signal {os.WTERMSIG(status)}]\n")
        except OSError:
            pass  # The terminal has been hung up.
        os.read(orders, 1)
        return


def readable(terminal):
    if not select.select([terminal], [], [], LIMIT)[0]:
        sys.exit("nothing more came from the terminal")
    try:
        return os.read(terminal, 4096).decode()
    except OSError:
        return ""  # EIO: nobody has the terminal open.


def main():
    scenario, command = sys.argv[1].split(), sys.argv[2:]
    orders_out, orders_in = os.pipe()
    os.set_inheritable(orders_out, False)
    child, terminal = pty.fork()
    if child == 0:
        os.close(orders_in)
        shell(command, orders_out)
        os._exit(0)
    os.close(orders_out)
    seen, start = "", 0
    for word in scenario:
        if word.startswith("see:"):
            wanted = word[4:].replace("~", " ")
            while wanted not in seen[start:]:
                more = readable(terminal)
                seen += more
                if not more:
                    sys.exit(f"the terminal was closed before {wanted!r}: {seen!r}")
            start = seen.index(wanted, start) + len(wanted)
        elif word.startswith("^C-until:"):
            # One at a time: two that are pending together count as one.
            while word[9:] not in seen[start:]:
                start = len(seen)
                os.write(terminal, KEYS["^C"])
                while "\n" not in seen[start:]:
                    seen += readable(terminal)
        elif word in KEYS:
            os.write(terminal, KEYS[word])
        elif word == "fg":
            os.write(orders_in, b"f")
        elif word == "hang-up":
            os.close(terminal)
            os.close(orders_in)
        elif word == "gone":
            os.close(orders_in)
            while more := readable(terminal):
                seen += more
        else:
            os.write(terminal, word.encode() + b"\n")
    try:
        os.close(orders_in)
    except OSError:
        pass  # Closed by the scenario.
    os.waitpid(child, 0)
    print(seen, end="")


main()
