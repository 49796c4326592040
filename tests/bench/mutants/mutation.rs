//! Changes of one place of a project.

use super::project::Project;
use regex::Regex;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A line of code.
    Code,
    /// A line that has no code: a constant, a macro, a table, a declaration of a header.
    Constant,
    /// How it is built.
    Flag,
    /// A file that tests read, or are.
    File,
    /// The same, which is gone.
    Removed,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Code => "code",
            Kind::Constant => "constant",
            Kind::Flag => "flag",
            Kind::File => "file",
            Kind::Removed => "removed",
        })
    }
}

/// A change.
pub struct Mutation {
    pub kind: Kind,
    pub path: PathBuf,
    pub before: String,
    /// `None` for a file that is gone.
    pub after: Option<String>,
    place: String,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.place)
    }
}

impl Mutation {
    /// The lines that differ.
    pub fn diff(&self) -> String {
        let after = self.after.as_deref().unwrap_or_default();
        let lines = self.before.lines().zip(after.lines()).filter(|(before, after)| before != after);
        lines.take(3).map(|(before, after)| format!("    -{before}\n    +{after}\n")).collect()
    }
}

/// Numbers that a seed determines (xorshift64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// What is put in place of what.
const CODE: [(&str, &str); 17] = [
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r"\+ 1\b", "+ 2"),
    (r"- 1\b", "- 2"),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r"\b0\b", "1"),
    (r"\b1\b", "2"),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r" \+= ", " -= "),
    (r"^(\s+)[a-z_]\w*\([^{}]*\);$", "${1};"),
    (r"^(\s+)break;$", "${1};"),
];

const CONSTANT: [(&str, &str); 5] = [
    (r"\b0x([0-9a-fA-F]+)\b", "0x1$1"),
    (r"\b([0-9]+)\b", "1$1"),
    ("\"([A-Za-z][^\"]*)\"", "\"${1}x\""),
    (r"'[a-z]'", "'q'"),
    (r"\b(BT_[A-Z0-9]+)\b", "BT_OTHER"),
];

/// Lines that have no code.
const NO_CODE: &str = r#"^\s*(#\s*define|static const|const|pub const|enum|[A-Z][A-Z0-9_]+\s*=|/\*\s*0x|BT_|"[^"]*",|'.',|\{)|^static \w+ \w+\[?.* = "#;

/// Chooses a change; `other` for one that is no line of code.
pub fn choose(project: &Project, folder: &Path, other: bool, random: &mut Random) -> Result<Mutation, String> {
    let mut kinds = Vec::new();
    kinds.extend((!project.constants.is_empty()).then_some(Kind::Constant));
    kinds.extend((!project.flags.is_empty()).then_some(Kind::Flag));
    if !project.files.is_empty() {
        kinds.extend([Kind::File, Kind::Removed]);
    }
    let kind = if other { kinds[random.below(kinds.len())] } else { Kind::Code };
    let no_code = Regex::new(NO_CODE).map_err(|error| error.to_string())?;
    for _ in 0..100_000 {
        let patterns = match kind {
            Kind::Code => project.code,
            Kind::Constant => project.constants,
            Kind::Flag => {
                let (file, from, to) = project.flags[random.below(project.flags.len())];
                let (path, before) = read(folder, file)?;
                let after = before.replacen(from, to, 1);
                if after == before {
                    return Err(format!("{file} has no {from:?}"));
                }
                return Ok(Mutation { kind, path, before, after: Some(after), place: format!("{file} {to:?}") });
            }
            Kind::File | Kind::Removed => project.files,
        };
        let files = matching(folder, patterns)?;
        let file = &files[random.below(files.len())];
        let Ok((path, before)) = read(folder, file) else { continue };
        if kind == Kind::Removed {
            return Ok(Mutation { kind, path, before, after: None, place: file.clone() });
        }
        let lines: Vec<&str> = before.lines().collect();
        let end = lines.iter().position(|line| line.contains("#[cfg(test)]")).unwrap_or(lines.len());
        let number = random.below(end);
        let line = lines[number];
        let is_comment = ["//", "*", "/*", "#include", "#!", "import", "package"];
        if is_comment.iter().any(|start| line.trim_start().starts_with(start)) && !no_code.is_match(line) {
            continue;
        }
        if (kind == Kind::Constant) != no_code.is_match(line) && kind != Kind::File {
            continue;
        }
        let ways = if kind == Kind::Constant { &CONSTANT[..] } else { &CODE };
        let (from, to) = ways[random.below(ways.len())];
        let changed = Regex::new(from).map_err(|error| error.to_string())?.replace(line, to).into_owned();
        if changed == line {
            continue;
        }
        let mut after: Vec<&str> = lines.clone();
        after[number] = &changed;
        // Everything below may move, too.
        let above =
            if random.below(4) == 0 && !project.comment.is_empty() && number > 0 { project.comment } else { "" };
        let after = format!("{above}{}\n", after.join("\n"));
        let place = format!("{file}:{} {:?}", number + 1, changed.trim().chars().take(50).collect::<String>());
        return Ok(Mutation { kind, path, before, after: Some(after), place });
    }
    Err(format!("{}: nothing to change of kind {kind}", project.name))
}

fn read(folder: &Path, file: &str) -> Result<(PathBuf, String), String> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).map_err(|error| format!("read {}: {error}", path.display()))?;
    Ok((path, text))
}

/// The files below a folder that match, in order.
fn matching(folder: &Path, patterns: &[&str]) -> Result<Vec<String>, String> {
    let mut files = Vec::new();
    for pattern in patterns {
        let (of, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let glob = globset::Glob::new(name).map_err(|error| error.to_string())?.compile_matcher();
        let listed = fs::read_dir(folder.join(of)).map_err(|error| format!("list {of:?}: {error}"))?;
        for entry in listed.flatten().filter(|entry| entry.path().is_file()) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if glob.is_match(&name) {
                files.push(if of.is_empty() { name } else { format!("{of}/{name}") });
            }
        }
    }
    files.sort();
    if files.is_empty() { Err(format!("no files match {patterns:?}")) } else { Ok(files) }
}
