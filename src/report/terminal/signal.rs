//! Names of signals (signal(7); the numbers of x86, Arm and RISC-V).

use std::borrow::Cow;

const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
];

/// The first of the real-time signals that the C library leaves to programs.
const SIGRTMIN: i32 = 34;

/// The name of a signal, such as `SIGKILL` or `SIGRTMIN+2`.
pub(crate) fn signal_name(number: i32) -> Cow<'static, str> {
    let name = usize::try_from(number - 1).ok().and_then(|index| NAMES.get(index));
    match (name, number) {
        (Some(name), _) => format!("SIG{name}").into(),
        (None, SIGRTMIN) => "SIGRTMIN".into(),
        (None, 35..=64) => format!("SIGRTMIN+{}", number - SIGRTMIN).into(),
        (None, number) => format!("signal {number}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_names() {
        let expected =
            [(1, "SIGHUP"), (9, "SIGKILL"), (11, "SIGSEGV"), (15, "SIGTERM"), (19, "SIGSTOP"), (31, "SIGSYS")];
        for (number, name) in expected {
            assert_eq!(signal_name(number), name);
        }
        assert_eq!(signal_name(34), "SIGRTMIN");
        assert_eq!(signal_name(36), "SIGRTMIN+2");
        assert_eq!(signal_name(0), "signal 0");
        assert_eq!(signal_name(33), "signal 33");
        assert_eq!(signal_name(65), "signal 65");
    }
}
