//! Which lines a change touched, out of a unified diff.
//!
//! Invariant: only lines of the new side count; what is no diff gives nothing.

use super::prepared::Report;
use crate::store::Numbits;
use std::collections::BTreeMap;

/// Changed lines by path in the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The lines as they are now; none where lines were only removed.
    pub files: BTreeMap<String, Numbits>,
}

impl Changes {
    /// Reads what `git diff --no-prefix` printed.
    pub fn read(diff: &[u8]) -> Changes {
        let mut changes = Changes::default();
        // The file, how many lines of the two sides of a hunk are still to come, and the number of the next new one.
        let (mut file, mut old, mut new, mut number): (Option<String>, u64, u64, u32) = (None, 0, 0, 0);
        for line in diff.split(|byte| *byte == b'\n') {
            match line.first() {
                Some(b'-') if old > 0 => old -= 1,
                Some(b'+') if new > 0 => {
                    if let Some(lines) = file.as_ref().and_then(|file| changes.files.get_mut(file)) {
                        lines.insert(number);
                    }
                    (new, number) = (new - 1, number.saturating_add(1));
                }
                Some(b' ') if old > 0 && new > 0 => (old, new, number) = (old - 1, new - 1, number.saturating_add(1)),
                _ if line.starts_with(b"+++ ") => {
                    file = path(&line[4..]).inspect(|path| _ = changes.files.entry(path.clone()).or_default());
                }
                _ => {
                    let Some(hunk) = Hunk::read(line) else { continue };
                    (old, new, number) = (hunk.old, hunk.new, hunk.first);
                }
            }
        }
        changes
    }

    /// Leaves in a report only the lines that changed, of sources whose names are paths in the repository; gives the
    /// names of changed sources of which nothing was measured, though others with the same ending were.
    pub fn narrow(&self, report: &mut Report) -> Vec<String> {
        let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_owned());
        let measured: Vec<String> = report.files.iter().filter_map(|file| ending(&file.name)).collect();
        let unmeasured = self.files.iter().filter(|(name, lines)| {
            !lines.is_empty()
                && !report.files.iter().any(|file| file.name == **name)
                && ending(name).is_some_and(|ending| measured.contains(&ending))
        });
        let unmeasured = unmeasured.map(|(name, _)| name.clone()).collect();
        for file in &mut report.files {
            match self.files.get(&file.name) {
                Some(changed) => file.keep(changed),
                None => file.keep(&Numbits::default()),
            }
        }
        report.files.retain(|file| !file.coverage.executable.is_empty());
        unmeasured
    }
}

/// `@@ -first,old +first,new @@`
struct Hunk {
    old: u64,
    first: u32,
    new: u64,
}

impl Hunk {
    /// No source has more lines.
    const MOST: u64 = 1 << 24;

    fn read(line: &[u8]) -> Option<Hunk> {
        let line = std::str::from_utf8(line.get(..line.len().min(80))?).ok()?;
        let (ranges, _) = line.strip_prefix("@@ -")?.split_once(" @@")?;
        let (old, new) = ranges.split_once(" +")?;
        let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
        let first = new.split(',').next()?.parse().ok().filter(|first| u64::from(*first) <= Self::MOST)?;
        Some(Hunk { old: count(old)?, first, new: count(new).filter(|count| *count <= Self::MOST)? })
    }
}

/// A path as git writes it: in quotes with C's escapes where it has to; none of a file that was removed.
fn path(written: &[u8]) -> Option<String> {
    // A path with spaces has a tab behind it.
    let written = written.strip_suffix(b"\t").unwrap_or(written);
    let Some(quoted) = written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return (written != b"/dev/null").then(|| String::from_utf8_lossy(written).into_owned());
    };
    let (mut bytes, mut rest) = (Vec::new(), quoted.iter().copied());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'a' => 7,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 11,
            b'f' => 12,
            b'r' => b'\r',
            digit @ b'0'..=b'7' => {
                let digits = [digit, rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What did not run of a report, as commands of GitHub Actions that put notes beside the lines.
pub fn annotations(report: &Report) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let mut text = String::new();
    for file in &report.files {
        let missed = file.coverage.executable.difference(&file.coverage.ran);
        for (first, last) in file.missing() {
            let count = missed.within(first..=last).count();
            let what = if count == 1 { "line did".to_owned() } else { format!("lines: {count} did") };
            text.push_str(&format!(
                "::warning file={},line={first},endLine={last},title=Not covered::Changed {what} not run\n",
                property(&file.name)
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::coverage::FileCoverage;
    use super::super::prepared::ReportFile;
    use super::*;

    fn lines(lines: &[u32]) -> Numbits {
        lines.iter().copied().collect()
    }

    #[test]
    fn changed_lines_are_those_of_the_new_side() {
        let diff = b"diff --git a.c a.c\nindex 1..2 100644\n--- a.c\n+++ a.c\n@@ -3 +3,2 @@ int f()\n-x\n+y\n+++ b.c\n\
            @@ -9,2 +10,0 @@\n-p\n--- q\n@@ -20,0 +19,1 @@\n+@@ -1 +1,9 @@\ndiff --git gone.c gone.c\n--- gone.c\n\
            +++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n--- \"a\\303\\244\\t\\\"b.c\"\n+++ \"a\\303\\244\\t\\\"b.c\"\n@@ -0,0 +1 @@\n+x\n\
            --- with space.c\t\n+++ with space.c\t\n@@ -1,3 +2,4 @@\n a\n-x\n+y\n+z\n c\n\\ No newline at end of file\n";
        let changes = Changes::read(diff);
        let expected = [("a.c", &[3, 4, 19][..]), ("a\u{e4}\t\"b.c", &[1]), ("with space.c", &[3, 4])];
        let expected = expected.map(|(name, of)| (name.to_owned(), lines(of)));
        assert_eq!(changes.files, expected.into());
        assert_eq!(
            Changes::read(b"@@ -1 +1,99999999999 @@\n+++ x\n@@ -1 +1,99999999999 @@\n+a\n"),
            Changes { files: [("x".to_owned(), lines(&[]))].into() }
        );
    }

    #[test]
    fn a_report_is_narrowed_to_what_changed() {
        let file = |name: &str| ReportFile {
            name: name.to_owned(),
            coverage: FileCoverage { executable: lines(&[1, 2, 3, 5]), ran: lines(&[1]), ..FileCoverage::default() },
            ..ReportFile::default()
        };
        let mut report = Report { files: vec![file("a,b.c"), file("other.c")], ..Report::default() };
        let of = [("a,b.c", &[1, 2, 4, 5][..]), ("new.c", &[1]), ("README.md", &[1]), ("removed.c", &[])];
        let changes = Changes { files: of.map(|(name, of)| (name.to_owned(), lines(of))).into() };
        assert_eq!(changes.narrow(&mut report), ["new.c"]);
        assert_eq!(report.files.len(), 1);
        assert_eq!(report.total(), crate::report::Ratio { ran: 1, lines: 3 });
        assert_eq!(
            annotations(&report),
            "::warning file=a%2Cb.c,line=2,endLine=2,title=Not covered::Changed line did not run\n\
             ::warning file=a%2Cb.c,line=5,endLine=5,title=Not covered::Changed line did not run\n"
        );
    }
}
