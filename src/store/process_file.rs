//! Names of data files and of the temporaries that become data files: `{pid}-{run}-{sequence}.sqlite` is the file of one
//! process, `0-{run}-{number}.sqlite` one of several.
//!
//! Invariants: a name says which process of which run it belongs to and is never used for another one, also when a pid
//! comes again; a temporary's name is no data file's name.

use super::{ProcessHead, UnixMillis};
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Which process a data file belongs to, as its name says it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessFile {
    /// Name of the run, as [`run_name`] makes it.
    pub run: String,
    /// Position in the run's order of appearance; the number of a file that may have several processes.
    pub sequence: u32,
    /// Pid of the process; 0 if the file may have several.
    pub pid: i32,
}

impl ProcessFile {
    /// No process's pid: the file may have several.
    const SEVERAL: i32 = 0;

    /// The number of the file of a run whose processes may be in another file of it by now.
    const LIVING: u32 = 0;

    /// Where the data of a process belongs.
    pub fn of(head: &ProcessHead) -> Self {
        ProcessFile { run: head.run.clone(), sequence: head.sequence, pid: head.pid }
    }

    /// Where the data of several processes belongs.
    pub fn of_several(run: String, number: u32) -> Self {
        ProcessFile { run, sequence: number, pid: ProcessFile::SEVERAL }
    }

    /// Where a run under way has the processes that go on and in which nothing was planted.
    pub fn of_living(run: String) -> Self {
        ProcessFile::of_several(run, ProcessFile::LIVING)
    }

    /// Whether it may have several processes.
    pub fn has_several(&self) -> bool {
        self.pid == ProcessFile::SEVERAL
    }

    /// Whether a process of the same run that it has may be in another file too, which then knows more.
    pub fn is_of_living(&self) -> bool {
        self.has_several() && self.sequence == ProcessFile::LIVING
    }

    /// Takes a name apart; `None` if it is no data file's.
    pub fn parse(name: &OsStr) -> Option<Self> {
        let (pid, rest) = name.to_str()?.strip_suffix(".sqlite")?.split_once('-')?;
        let (run, sequence) = rest.rsplit_once('-')?;
        let file = ProcessFile {
            run: is_run_name(run).then(|| run.to_owned())?,
            sequence: number(sequence)?,
            pid: number(pid)?.try_into().ok()?,
        };
        Some(file)
    }

    /// Takes the name of a temporary apart; `None` if it is not one of ours.
    pub fn parse_temporary(name: &OsStr) -> Option<Self> {
        let inner = name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
        let (data_file, random) = inner.rsplit_once('.')?;
        let _canonical = random.parse::<u64>().ok().filter(|number| number.to_string() == random)?;
        ProcessFile::parse(OsStr::new(data_file))
    }
}

impl fmt::Display for ProcessFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}.sqlite", self.pid, self.run, self.sequence)
    }
}

/// The name of a run: when it started (UTC) and a number, such as `20261123T010203.512Z-4711`.
///
/// The number must be random: in containers that start at once on many machines, cov-trace has the same pid.
pub fn run_name(at: UnixMillis, number: u32) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{}-{number}", time.strftime("%Y%m%dT%H%M%S%.3fZ"))
}

/// When a run began, by its name; `None` if it is no run's.
pub fn run_began(run: &str) -> Option<UnixMillis> {
    let time = run.get(.."00000000T000000.000".len()).filter(|_| is_run_name(run))?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.3f", time).ok()?;
    let began = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(UnixMillis(began.timestamp().as_millisecond()))
}

/// A name for the content that will replace the file called `name`; nobody guesses it if nobody guesses the number.
pub(super) fn temporary_of(name: &OsStr, number: u64) -> OsString {
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{number}.tmp"));
    temporary
}

pub(super) fn is_run_name(run: &str) -> bool {
    const SHAPE: &str = "00000000T000000.000Z-";
    let Some((time, of_run)) = run.split_at_checked(SHAPE.len()) else {
        return false;
    };
    let time_fits = time.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        separator => byte == separator,
    });
    time_fits && number(of_run).is_some()
}

/// A number written the one way that we write it.
fn number(text: &str) -> Option<u32> {
    let value: u32 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_it_was() {
        let run = run_name(UnixMillis(1_795_395_723_512), 4711);
        assert_eq!(run, "20261123T010203.512Z-4711");
        assert_eq!(run_began(&run), Some(UnixMillis(1_795_395_723_512)));
        assert_eq!((run_began("20269923T010203.512Z-4711"), run_began("notes")), (None, None));
        let file = ProcessFile { run, sequence: 12, pid: 99 };
        let name = file.to_string();
        assert_eq!(name, "99-20261123T010203.512Z-4711-12.sqlite");
        assert_eq!(ProcessFile::parse(OsStr::new(&name)), Some(file.clone()));

        let temporary = temporary_of(OsStr::new(&name), u64::MAX);
        assert_eq!(ProcessFile::parse(&temporary), None);
        assert_eq!(ProcessFile::parse_temporary(&temporary), Some(file));
        assert_eq!(ProcessFile::parse_temporary(OsStr::new(&name)), None);
    }

    #[test]
    fn names_of_others_are_left_alone() {
        for foreign in [
            "notes.sqlite",
            "12-notes-3.sqlite",
            "99-20261123T010203.512Z-4711-12.sqlite-journal",
            "099-20261123T010203.512Z-4711-12.sqlite",
            "99-20261123T010203.512Z-4711.sqlite",
            "99-20261123t010203.512Z-4711-12.sqlite",
            "99-20261123T010203.512Z--12.sqlite",
            "99-20261123T010203.512Z-4711-99999999999.sqlite",
            "4294967295-20261123T010203.512Z-4711-12.sqlite",
            ".99-notes-12.sqlite.7.tmp",
        ] {
            assert_eq!(ProcessFile::parse(OsStr::new(foreign)), None, "{foreign}");
            assert_eq!(ProcessFile::parse_temporary(OsStr::new(foreign)), None, "{foreign}");
        }
    }
}
