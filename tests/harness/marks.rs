//! The marks of a sample: what its lines say must be reported of them.
//!
//! | mark | what it says |
//! |---|---|
//! | `// hit` | has code, and some process ran it |
//! | `// miss` | has code, and no process ran it |
//! | `// none` | has no code, though the source looks like it |
//! | `// hit @a @b` | every process of the roles a and b ran it, and no process of another role |
//!
//! A line without a mark says nothing.

use super::measured::Process;
use super::sample::Sample;
use std::collections::BTreeSet;
use std::path::Path;

/// What a line says of itself.
#[derive(Debug, PartialEq, Eq)]
enum Mark {
    Hit,
    HitBy(BTreeSet<String>),
    Miss,
    None,
}

/// Compares all marks with what was measured and returns every disagreement; `roles` are those of `processes`.
pub fn disagreements(sample: &Sample, processes: &[Process], roles: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for file in &sample.sources {
        for (line, mark) in of(file) {
            let place = format!("{}:{line}", file.file_name().unwrap().to_string_lossy());
            let ran = |process: &Process| process.ran(file, line);
            let somebody = processes.iter().any(ran);
            let has_code = processes.iter().any(|process| process.has_code(file, line));
            match mark {
                Mark::None if has_code => found.push(format!("{place} has code in some process")),
                Mark::None => {}
                Mark::Hit | Mark::Miss | Mark::HitBy(_) if !has_code => {
                    found.push(format!("{place} has no code in any process"));
                }
                Mark::Hit if !somebody => found.push(format!("{place} ran, but no process has it")),
                Mark::Miss if somebody => {
                    let who = processes.iter().zip(roles).filter(|(process, _)| ran(process)).map(|(_, role)| *role);
                    found.push(format!("{place} did not run, but {:?} have it", BTreeSet::from_iter(who)));
                }
                Mark::Hit | Mark::Miss => {}
                Mark::HitBy(wanted) => {
                    for (process, role) in processes.iter().zip(roles) {
                        match (wanted.contains(*role), ran(process)) {
                            (true, false) => found.push(format!("{place} was run by {role}, which lacks it")),
                            (false, true) => found.push(format!("{place} was not run by {role}, which has it")),
                            (true, true) | (false, false) => {}
                        }
                    }
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The lines of a sample, as "file:line", of which chance tells who runs them: where there are several processes or
/// threads, they say nothing of themselves, or not by whom they were run.
pub fn left_open(sample: &Sample) -> BTreeSet<String> {
    let mut open = BTreeSet::new();
    for file in &sample.sources {
        let text = std::fs::read_to_string(file).unwrap();
        let has_many = sample.roles.len() > 1;
        let has_threads = text.contains("thread");
        for (line, text) in (1..).zip(text.lines()) {
            let is_open = match mark(text) {
                None => has_many || has_threads,
                Some(Mark::Hit) => has_many,
                Some(Mark::HitBy(_) | Mark::Miss | Mark::None) => false,
            };
            if is_open {
                open.insert(format!("{}:{line}", file.display()));
            }
        }
    }
    open
}

/// The roles that the marks of a sample name.
pub fn named_roles(sample: &Sample) -> BTreeSet<String> {
    let marks = sample.sources.iter().flat_map(|file| of(file));
    let roles = marks.filter_map(|(_, mark)| match mark {
        Mark::HitBy(roles) => Some(roles),
        Mark::Hit | Mark::Miss | Mark::None => None,
    });
    roles.flatten().collect()
}

/// The marks of one file with their lines.
fn of(file: &Path) -> Vec<(u32, Mark)> {
    let text = std::fs::read_to_string(file).unwrap();
    (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, mark(text)?))).collect()
}

fn mark(line: &str) -> Option<Mark> {
    let (_, comment) = line.rsplit_once("// ")?;
    let mut words = comment.split_whitespace();
    let first = words.next()?;
    let roles: Option<BTreeSet<String>> = words.map(|word| word.strip_prefix('@').map(str::to_owned)).collect();
    match (first, roles) {
        ("hit", Some(roles)) if roles.is_empty() => Some(Mark::Hit),
        ("hit", Some(roles)) => Some(Mark::HitBy(roles)),
        ("miss", Some(roles)) if roles.is_empty() => Some(Mark::Miss),
        ("none", Some(roles)) if roles.is_empty() => Some(Mark::None),
        _ => None,
    }
}

#[test]
fn marks_are_read() {
    assert_eq!(mark("    return 1; // hit"), Some(Mark::Hit));
    assert_eq!(mark("    return 1; // miss"), Some(Mark::Miss));
    assert_eq!(mark("f(); // hit @parent @child"), Some(Mark::HitBy(["parent".into(), "child".into()].into())));
    assert_eq!(mark("f(); // hit the road"), None);
    assert_eq!(mark("f();"), None);
}
