//! The text of every error with which a command can end, made with fixed values, so that a review sees how it reads as a
//! whole.
//!
//! Invariant: an error without an example does not compile.

use crate::harness::golden;
use cov_trace::cli::{self, CliError, ConfigError};
use cov_trace::debuginfo::IndexError;
use cov_trace::filter::{Pattern, PatternError};
use cov_trace::fleet::FleetError;
use cov_trace::front::{AttachError, ControlError, ControlFailure, RunError, measured_whole, summary, unwritten};
use cov_trace::link::{InProject, LetGoBy, PortError, Repeats, Summary};
use cov_trace::plan::PlanError;
use cov_trace::recorder::{LedgerError, Trouble};
use cov_trace::report::{PathMapError, SelectionError, SiteError, ThresholdError};
use cov_trace::store::StoreError;
use platform::{Errno, OsError};
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

/// The texts of one error type: an example for each of its variants.
macro_rules! texts {
    ($type:ident { $($pattern:pat => $example:expr),+ $(,)? }) => {{
        let _every_variant = |error: &$type| match error { $($pattern => ()),+ };
        let mut texts = format!("{}\n", stringify!($type));
        $(
            let example: $type = $example;
            assert!(matches!(&example, $pattern), "{example:?}");
            texts.extend(example.to_string().trim_end().lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n"));
        )+
        texts + "\n"
    }};
}

/// A user who is nobody's.
const OWNER: u32 = 4_000_000_000;

fn data() -> PathBuf {
    PathBuf::from(".cov-trace")
}

fn run() -> String {
    "20261128T101500.000Z-4711".to_owned()
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(Errno::EACCES as i32)
}

fn os_error() -> OsError {
    OsError::new("seize", "tid 4711", Errno::EPERM)
}

fn missing() -> StoreError {
    StoreError::NoDirectory { path: data() }
}

fn no_memory() -> rusqlite::Error {
    rusqlite::Error::InvalidQuery
}

fn of_the_command_line() -> String {
    let refused = cli::execute(["cov-trace", "report", "--colour"].map(Into::into)).unwrap_err();
    texts!(CliError {
        CliError::Arguments(_) => refused,
        CliError::Misplaced { .. } => CliError::Misplaced { word: "-o".to_owned(), advice: "it belongs to a command".to_owned() },
        CliError::NotText { .. } => CliError::NotText { words: r#""caf\\xE9""#.to_owned() },
        CliError::Config(_) => ConfigError::Value { path: "cov-trace.toml".into(), cause: "a cause".to_owned() }.into(),
        CliError::WorkingDirectory { .. } => CliError::WorkingDirectory { source: denied() },
        CliError::Store(_) => missing().into(),
        CliError::Selection(_) => SelectionError::NoData { path: data() }.into(),
        CliError::NothingLeft { .. } => CliError::NothingLeft { path: data(), cause: "a cause" },
        CliError::NoSuchRun { .. } => CliError::NoSuchRun { runs: run(), path: data() },
        CliError::NoSuchSource { .. } => CliError::NoSuchSource { name: "a.c".to_owned() },
        CliError::NoSuchSourceIn { .. } => CliError::NoSuchSourceIn { name: "a.c".to_owned(), images: "./prog".to_owned() },
        CliError::NoCode { .. } => CliError::NoCode { place: "a.c:3".to_owned(), near: "2 and 5".to_owned() },
        CliError::NoSuchImage { .. } => CliError::NoSuchImage { path: "build/tests".into() },
        CliError::NoTests { .. } => CliError::NoTests { path: data() },
        CliError::Unknowable { .. } => CliError::Unknowable { path: data(), cause: "a cause".to_owned() },
        CliError::NoSuchFunction { .. } => CliError::NoSuchFunction { name: "parse".to_owned() },
        CliError::NoSuchContext { .. } => CliError::NoSuchContext { labels: "test_*".to_owned() },
        CliError::Git { .. } => CliError::Git { what: "git diff HEAD".to_owned(), cause: "it is no revision".to_owned() },
        CliError::LabelTwice { .. } => CliError::LabelTwice { key: "rev".to_owned(), values: ["1".to_owned(), "2".to_owned()] },
        CliError::CombinedIntoInput { .. } => CliError::CombinedIntoInput { path: data() },
        CliError::NothingToCombine => CliError::NothingToCombine,
        CliError::ExcludeLine { .. } => CliError::ExcludeLine { source: Box::new(regex::Regex::new(&["(", "a"].concat()).unwrap_err()) },
        CliError::NothingUnderWay { .. } => CliError::NothingUnderWay { path: data() },
        CliError::NotMeasured { .. } => CliError::NotMeasured { pids: "4711".to_owned(), path: data() },
        CliError::Attach(_) => AttachError::SupervisorKilled.into(),
        CliError::Read { .. } => CliError::Read { subject: "standard input".to_owned(), source: denied() },
        CliError::Write { .. } => CliError::Write { subject: "coverage.info".to_owned(), source: denied() },
        CliError::Site(_) => SiteError::NotOurs { path: "html".into() }.into(),
        CliError::Fleet(_) => FleetError::NotOurs { path: "fleet".into() }.into(),
        CliError::Run(_) => RunError::NoSupervisor.into(),
    }) + &texts!(ConfigError {
        ConfigError::Unreadable { .. } => ConfigError::Unreadable { path: "cov-trace.toml".into(), source: denied() },
        ConfigError::Wrong { .. } => ConfigError::Wrong { path: "cov-trace.toml".into(), line: 3, cause: "a cause".to_owned() },
        ConfigError::Value { .. } => ConfigError::Value { path: "cov-trace.toml".into(), cause: "a cause".to_owned() },
    }) + &texts!(PatternError {
        PatternError::Empty => PatternError::Empty,
        PatternError::TooLong => PatternError::TooLong,
        PatternError::Glob(_) => "[".parse::<Pattern>().unwrap_err(),
    }) + &texts!(PathMapError {
        PathMapError::NoTarget => PathMapError::NoTarget,
        PathMapError::Pattern(_) => PatternError::Empty.into(),
    }) + &texts!(ThresholdError { ThresholdError => ThresholdError })
}

fn of_measuring() -> String {
    texts!(RunError {
        RunError::NotFound(_) => RunError::NotFound("prog".into()),
        RunError::NotExecutable { .. } => RunError::NotExecutable { program: "./prog".into(), errno: Errno::ENOEXEC },
        RunError::Refused { .. } => RunError::Refused { text: os_error().to_string(), way_out: "a way out".to_owned() },
        RunError::NoSupervisor => RunError::NoSupervisor,
        RunError::RunDirectory { .. } => RunError::RunDirectory { data: data(), source: os_error() },
        RunError::SmallFiles { .. } => RunError::SmallFiles { most: 1024 },
        RunError::FewDescriptors { .. } => RunError::FewDescriptors { most: 7 },
        RunError::Store(_) => missing().into(),
        RunError::Os(_) => os_error().into(),
        RunError::Port(_) => PortError::Closed.into(),
    }) + &texts!(AttachError {
        AttachError::Refused(_) => AttachError::Refused(vec!["attach to 4711: a cause".to_owned()]),
        AttachError::SupervisorKilled => AttachError::SupervisorKilled,
        AttachError::Run(_) => RunError::NoSupervisor.into(),
    }) + &texts!(ControlError {
        ControlError { .. } => ControlError { run: run(), failure: ControlFailure::Silent },
    }) + &texts!(ControlFailure {
        ControlFailure::NoRecorder => ControlFailure::NoRecorder,
        ControlFailure::Forbidden(_) => ControlFailure::Forbidden(os_error()),
        ControlFailure::Unreachable(_) => ControlFailure::Unreachable(os_error()),
        ControlFailure::Silent => ControlFailure::Silent,
        ControlFailure::Strange(_) => ControlFailure::Strange("a cause".to_owned()),
        ControlFailure::Failed(_) => ControlFailure::Failed("a cause".to_owned()),
    }) + &texts!(PortError {
        PortError::Os(_) => os_error().into(),
        PortError::Closed => PortError::Closed,
        PortError::Malformed(_) => serde_json::from_str::<u8>("{").unwrap_err().into(),
    }) + &texts!(IndexError {
        IndexError::NotElf => IndexError::NotElf,
        IndexError::ThirtyTwoBit => IndexError::ThirtyTwoBit,
        IndexError::ForeignMachine { .. } => IndexError::ForeignMachine { machine: 183 },
        IndexError::Malformed { .. } => IndexError::Malformed { what: "section headers", cause: "a cause".to_owned() },
        IndexError::Excessive => IndexError::Excessive,
    }) + &texts!(PlanError {
        PlanError::Malformed => PlanError::Malformed,
        PlanError::OutOfOrder => PlanError::OutOfOrder,
    })
}

fn of_data() -> String {
    texts!(StoreError {
        StoreError::Memory { .. } => StoreError::Memory { source: no_memory() },
        StoreError::Build { .. } => StoreError::Build { pid: 4711, source: no_memory() },
        StoreError::Snapshot { .. } => StoreError::Snapshot { path: ".coverage.host.pid4711".into(), source: no_memory() },
        StoreError::InvalidRecord { .. } => StoreError::InvalidRecord { pid: 4711, cause: "a cause".to_owned() },
        StoreError::Image { .. } => StoreError::Image { path: "images/1.sqlite".into(), source: no_memory() },
        StoreError::NoImage { .. } => {
            StoreError::NoImage { path: "4711.sqlite".into(), image: "images/1.sqlite".into() }
        },
        StoreError::Write { .. } => StoreError::Write { path: "4711.sqlite".into(), source: denied() },
        StoreError::Read { .. } => StoreError::Read { path: "4711.sqlite".into(), cause: "a cause".to_owned() },
        StoreError::Foreign { .. } => StoreError::Foreign { path: "4711.sqlite".into(), cause: "a cause".to_owned() },
        StoreError::NewerSchema { .. } => StoreError::NewerSchema { path: "4711.sqlite".into(), found: 9, ours: 2 },
        StoreError::Damaged { .. } => StoreError::Damaged { path: "4711.sqlite".into(), cause: "a cause".to_owned() },
        StoreError::NoDirectory { .. } => missing(),
        StoreError::CreateDirectory { .. } => StoreError::CreateDirectory { path: data(), source: denied() },
        StoreError::OfAnotherUser { .. } => StoreError::OfAnotherUser { path: data(), owner: OWNER },
        StoreError::Directory { .. } => StoreError::Directory { operation: "lock", path: data(), source: denied() },
    }) + &texts!(LedgerError {
        LedgerError::Os(_) => os_error().into(),
        LedgerError::Journal(_) => LedgerError::Journal(denied()),
        LedgerError::Store(_) => missing().into(),
    }) + &texts!(SelectionError {
        SelectionError::Store(_) => missing().into(),
        SelectionError::NoData { .. } => SelectionError::NoData { path: data() },
        SelectionError::NothingYet { .. } => SelectionError::NothingYet { path: data() },
        SelectionError::NoSuchPid { .. } => SelectionError::NoSuchPid { pids: "4711".to_owned(), path: data() },
        SelectionError::NoSuchRun { .. } => SelectionError::NoSuchRun { runs: "20261123T010203.512Z-4711".to_owned(), path: data() },
        SelectionError::NoneReadable { .. } => SelectionError::NoneReadable { files: 2, path: data(), first: Box::new(missing()) },
    }) + &texts!(SiteError {
        SiteError::NotOurs { .. } => SiteError::NotOurs { path: "html".into() },
        SiteError::OfAnotherUser { .. } => SiteError::OfAnotherUser { path: "html".into(), owner: OWNER },
        SiteError::Write { .. } => SiteError::Write { path: "html".into(), source: denied() },
    }) + &texts!(FleetError {
        FleetError::NotOurs { .. } => FleetError::NotOurs { path: "fleet".into() },
        FleetError::OtherVersion { .. } => FleetError::OtherVersion { path: "fleet".into(), found: "2".to_owned(), ours: 1 },
        FleetError::OfAnotherUser { .. } => FleetError::OfAnotherUser { path: "fleet".into(), owner: OWNER },
        FleetError::Write { .. } => FleetError::Write { path: "fleet".into(), source: denied() },
        FleetError::Store(_) => missing().into(),
        FleetError::Table { .. } => FleetError::Table { path: "fleet/hits/part-0.parquet".into(), cause: "a cause".to_owned() },
    })
}

/// What a measurement says when it is over, or when its data directory is in trouble.
fn of_the_end() -> String {
    let summary_of = |let_go, let_go_by: Option<LetGoBy>| Summary {
        processes: 2,
        ran: 36,
        lines: 42,
        incomplete: u64::from(let_go_by.is_some()),
        let_go,
        let_go_by,
        unwritten: 0,
        cause: None,
        recoverable: false,
        advice: None,
        in_project: None,
        repeats: Repeats::default(),
    };
    let data = data();
    let mut texts = String::from("The end of a measurement\n");
    let _every_cause = |by: LetGoBy| match by {
        LetGoBy::Front | LetGoBy::Limit | LetGoBy::Command => (),
    };
    for (let_go, by) in [(0, None), (1, Some(LetGoBy::Front)), (2, Some(LetGoBy::Limit)), (2, Some(LetGoBy::Command))] {
        _ = writeln!(texts, "  {}", summary(&summary_of(let_go, by), &data));
    }
    _ = writeln!(texts, "  {}", summary(&Summary { lines: 0, ..summary_of(0, None) }, &data));
    for (ran, lines, left_out, whole_images) in [(36, 42, 1, 0), (0, 0, 2, 0), (36, 42, 0, 1), (36, 42, 5, 4)] {
        let whole = ["/opt/tool", "/opt/lib.so", "/opt/x"].map(str::to_owned);
        let whole = whole[..whole_images.min(3) as usize].to_vec();
        let in_project = Some(InProject { project: "/home/u/p".to_owned(), whole, whole_images, left_out });
        let summary_of = Summary { ran, lines, in_project, ..summary_of(0, None) };
        measured_whole(&summary_of).into_iter().for_each(|note| _ = writeln!(texts, "  {note}"));
        _ = writeln!(texts, "  {}", summary(&summary_of, &data));
    }
    for (processes, lines) in [(99, 5000), (100, 4999), (100, 5000)] {
        let hint = Repeats { processes, lines, distinct: 500 }.hint();
        hint.into_iter().for_each(|hint| _ = writeln!(texts, "  {hint}"));
    }
    for recoverable in [true, false] {
        let lost = Summary { cause: Some("a cause".to_owned()), unwritten: 1, recoverable, ..summary_of(0, None) };
        _ = writeln!(texts, "  {}", unwritten(&lost, &data).unwrap());
    }
    texts
        + "\n"
        + &texts!(Trouble {
            Trouble::Unwritable(_) => Trouble::Unwritable("a cause".to_owned()),
            Trouble::Removed => Trouble::Removed,
            Trouble::Over => Trouble::Over,
        })
}

#[test]
fn the_errors_are_as_reviewed() {
    let texts = of_the_command_line() + &of_measuring() + &of_data() + &of_the_end();
    golden::check("tests/house/errors.txt", &format!("{}\n", texts.trim_end()));
}
