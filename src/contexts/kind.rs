//! What opens a context.

use serde::{Deserialize, Serialize};

/// What opened a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextKind {
    /// The run began in it (`--context`).
    Run,
    /// A process that executed a program (`--context-by process`).
    Process,
    /// A function that was entered (`--context-by function` and the test frameworks).
    Function,
    /// Somebody outside of the program (`cov-trace context`, the plugin for pytest).
    Command,
    /// The program itself (the probe `cov_trace:context`).
    Probe,
    /// A file of an earlier version does not say what.
    Unknown,
}

impl ContextKind {
    const ALL: [ContextKind; 6] = [
        ContextKind::Unknown,
        ContextKind::Run,
        ContextKind::Process,
        ContextKind::Function,
        ContextKind::Command,
        ContextKind::Probe,
    ];

    /// Its name, as JSON has it too.
    pub fn name(self) -> &'static str {
        match self {
            ContextKind::Run => "run",
            ContextKind::Process => "process",
            ContextKind::Function => "function",
            ContextKind::Command => "command",
            ContextKind::Probe => "probe",
            ContextKind::Unknown => "unknown",
        }
    }

    /// The number by which it is stored, from 1 on.
    pub(crate) fn number(self) -> i64 {
        (1..).zip(Self::ALL).find(|(_, kind)| *kind == self).map_or(1, |(number, _)| number)
    }

    /// That of a number; one of a later version is of an unknown kind.
    pub(crate) fn of_number(number: i64) -> ContextKind {
        let found = (1..).zip(Self::ALL).find(|(of, _)| *of == number);
        found.map_or(ContextKind::Unknown, |(_, kind)| kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_kind_is_the_same_again_and_has_one_name() {
        for kind in ContextKind::ALL {
            assert_eq!(ContextKind::of_number(kind.number()), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!((ContextKind::Unknown.number(), ContextKind::Probe.number()), (1, 6));
        assert_eq!(ContextKind::of_number(99), ContextKind::Unknown);
    }
}
