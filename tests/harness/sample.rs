//! A sample's own words about itself, read from the comments at its top.
//!
//! ```text
//! // Shows what it shows, in one sentence.
//! // build: COMMAND                       the usual build; "$in" -o "$out" is appended where "$out" is not named
//! // build VARIANT: COMMAND               the same program built another way
//! // process ROLE: END                    a process that a run has; without these lines there is one, which exits with 0
//! // process ROLE of PARENT: END, N times
//! ```
//! END is `exit STATUS` or `signal NUMBER` and unique to its role; the first role is the program that was started.

use std::path::{Path, PathBuf};

/// One program of `samples/`, or several files of a folder that make one.
pub struct Sample {
    /// Group and name: `process/fork`.
    pub name: String,
    /// The file with the header.
    pub main: PathBuf,
    /// All its files, sorted.
    pub sources: Vec<PathBuf>,
    /// The ways it is built; at least one.
    pub builds: Vec<Build>,
    /// The processes that a run has; the first is the program that was started.
    pub roles: Vec<Role>,
}

/// One way to build a sample.
#[derive(Debug, PartialEq, Eq)]
pub struct Build {
    /// Empty for the usual one.
    pub variant: String,
    /// A shell command that knows `$in`, `$src` and `$out`.
    pub command: String,
}

/// Processes that do the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Role {
    /// How marks call it.
    pub name: String,
    /// The role that creates it; `None` for the program that was started.
    pub parent: Option<String>,
    /// How it ends: this tells the roles apart.
    pub end: End,
    /// How many there are.
    pub count: usize,
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With an exit status.
    Exit(i32),
    /// By a signal.
    Signal(i32),
}

/// The folder of all samples.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

impl Sample {
    /// Reads the sample called `group/name`.
    pub fn load(name: &str) -> Sample {
        let (main, sources) = files(name);
        let text = std::fs::read_to_string(&main).unwrap();
        let mut lines = text.lines();
        assert!(
            lines.next().is_some_and(|first| first.starts_with("// Shows ")),
            "{name}: its first line says what it shows"
        );
        let header: Vec<&str> = lines.map_while(|line| line.strip_prefix("// ")).collect();
        let builds: Vec<Build> = header.iter().filter_map(|line| build(line)).collect();
        let mut roles: Vec<Role> = header.iter().filter_map(|line| role(line)).collect();
        assert!(!builds.is_empty(), "{name}: its header has a line `// build: COMMAND`");
        if roles.is_empty() {
            roles.push(Role { name: "main".into(), parent: None, end: End::Exit(0), count: 1 });
        }
        Sample { name: name.into(), main, sources, builds, roles }
    }

    /// The line of its main file that contains `text`.
    #[track_caller]
    pub fn line_of(&self, text: &str) -> u32 {
        let source = std::fs::read_to_string(&self.main).unwrap();
        let line = source.lines().position(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("{} has no line with {text}", self.name)) as u32 + 1
    }

    /// How the program that was started ends.
    pub fn end(&self) -> End {
        self.roles[0].end
    }
}

/// The file with the header and all files of a sample.
fn files(name: &str) -> (PathBuf, Vec<PathBuf>) {
    let path = folder().join(name);
    let found = ["c", "cpp", "rs"].iter().map(|extension| path.with_extension(extension)).find(|file| file.exists());
    if let Some(file) = found {
        return (file.clone(), vec![file]);
    }
    let mut sources: Vec<PathBuf> = std::fs::read_dir(&path)
        .unwrap_or_else(|error| panic!("{name} is neither a file nor a folder of samples: {error}"))
        .map(|entry| entry.unwrap().path())
        .collect();
    sources.sort();
    let main = sources.iter().find(|file| file.file_stem().is_some_and(|stem| stem == "main"));
    (main.unwrap_or_else(|| panic!("{name} has no main.*")).clone(), sources)
}

fn build(line: &str) -> Option<Build> {
    let (variant, command) = line.strip_prefix("build")?.split_once(": ")?;
    let command = match command.contains("\"$out\"") {
        true => command.into(),
        false => format!("{command} \"$in\" -o \"$out\""),
    };
    Some(Build { variant: variant.trim().into(), command })
}

fn role(line: &str) -> Option<Role> {
    let (who, what) = line.strip_prefix("process ")?.split_once(": ")?;
    let (name, parent) = match who.split_once(" of ") {
        Some((name, parent)) => (name, Some(parent.into())),
        None => (who, None),
    };
    let (end, count) = match what.split_once(", ") {
        Some((end, count)) => (end, count.strip_suffix(" times")?.parse().ok()?),
        None => (what, 1),
    };
    let end = match end.split_once(' ')? {
        ("exit", status) => End::Exit(status.parse().ok()?),
        ("signal", number) => End::Signal(number.parse().ok()?),
        _ => return None,
    };
    Some(Role { name: name.into(), parent, end, count })
}

#[test]
fn header_lines_are_read() {
    let read = role("process child of parent: exit 7, 300 times").unwrap();
    assert_eq!(read, Role { name: "child".into(), parent: Some("parent".into()), end: End::Exit(7), count: 300 });
    assert_eq!(role("process main: signal 9").unwrap().end, End::Signal(9));
    assert_eq!(build("build: cc -g").unwrap().command, "cc -g \"$in\" -o \"$out\"");
    assert_eq!(build("build old: cc -g \"$in\" -o \"$out\" -s").unwrap().variant, "old");
}
