//! Which parts of a source a change of its text is about, as far as the text says it.
//!
//! Invariants: code outside of the parts is compiled to what it was before; a part that is single lines leaves the way that
//! control takes through the rest of its function as it was. What is not within the body of a function is no part, since
//! nobody knows who uses it.

use super::code_lines::{CodeLine, code_lines};
use super::words::{acts_elsewhere, declares, ends_alone, ends_statement, is_directive, may_run_when_built, skeleton};
use crate::report::Language;
use crate::store::{FileFacts, FunctionFacts, Numbits};
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// A part of a source that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPart {
    /// The first and the last line of the change, as the source was measured.
    pub lines: RangeInclusive<u32>,
    /// The functions, by position, that the change is within.
    pub functions: Vec<u32>,
    /// The lines, if nothing else of the functions is meant.
    pub only: Option<Numbits>,
}

/// Where a text was changed otherwise than in parts: a line, as it was measured, and what is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElsewhereChanged {
    /// The line; 0 for the whole text.
    pub line: u32,
    /// What is there.
    pub cause: &'static str,
}

/// Lines of the two texts that differ; one side may be empty.
struct Hunk<'l> {
    measured: &'l [CodeLine],
    other: &'l [CodeLine],
    /// The lines around the hunk.
    before: [Option<&'l CodeLine>; 2],
    behind: Option<&'l CodeLine>,
}

/// Finds the parts in which a source as it was measured differs from another state of it.
///
/// # Errors
/// Where the texts differ outside of functions, or in a way that is not understood.
pub fn changed_parts(facts: &FileFacts, measured: &[u8], other: &[u8]) -> Result<Vec<ChangedPart>, ElsewhereChanged> {
    let whole = |cause| ElsewhereChanged { line: 0, cause };
    let language = Language::of(&facts.path).ok_or(whole("its language is not known"))?;
    let lines_of = |text: &[u8]| code_lines(language, text).ok_or(whole("a comment or a text in quotes has no end"));
    let (measured, other) = (lines_of(measured)?, lines_of(other)?);
    let mut parts = Vec::new();
    let mut braces: BTreeMap<u32, [Braces; 2]> = BTreeMap::new();
    for hunk in hunks(&measured, &other) {
        let part = hunk.part(language, facts, &measured)?;
        let outermost = part.functions.iter().copied().min_by_key(|function| facts.functions[*function as usize].start);
        let balance = braces.entry(outermost.unwrap_or_default()).or_default();
        hunk.measured.iter().for_each(|line| balance[0].pass(line));
        hunk.other.iter().for_each(|line| balance[1].pass(line));
        parts.push(part);
    }
    for (function, [before, after]) in braces {
        if before.depth != after.depth || after.lowest < before.lowest {
            let line = facts.functions[function as usize].start;
            return Err(ElsewhereChanged { line, cause: "a function ends elsewhere" });
        }
    }
    Ok(parts)
}

/// How deep braces are, from where they are counted on.
#[derive(Clone, Copy, Default)]
struct Braces {
    depth: i64,
    lowest: i64,
}

impl Braces {
    fn pass(&mut self, line: &CodeLine) {
        for byte in &line.shape {
            self.depth += i64::from(*byte == b'{') - i64::from(*byte == b'}');
            self.lowest = self.lowest.min(self.depth);
        }
    }
}

fn hunks<'l>(measured: &'l [CodeLine], other: &'l [CodeLine]) -> Vec<Hunk<'l>> {
    /// A diff that takes longer finds fewer lines that are the same.
    const PATIENCE: Duration = Duration::from_secs(1);
    let texts = |lines: &'l [CodeLine]| lines.iter().map(|line| line.text.as_slice()).collect::<Vec<_>>();
    let deadline = Instant::now() + PATIENCE;
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &texts(measured), &texts(other), Some(deadline));
    let differing = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let hunk = |op: &DiffOp| {
        let (old, new) = (op.old_range(), op.new_range());
        let before = |lines: &'l [CodeLine], at: usize| at.checked_sub(1).map(|at| &lines[at]);
        Hunk {
            before: [before(measured, old.start), before(other, new.start)],
            behind: measured.get(old.end),
            measured: &measured[old],
            other: &other[new],
        }
    };
    differing.map(hunk).filter(|hunk| !hunk.is_indented()).collect()
}

impl Hunk<'_> {
    /// Whether nothing but the blanks before the lines differ.
    fn is_indented(&self) -> bool {
        let texts = |lines: &[CodeLine]| lines.iter().map(|line| line.text.trim_ascii().to_vec()).collect::<Vec<_>>();
        !self.both().any(|line| line.is_within) && texts(self.measured) == texts(self.other)
    }

    fn both(&self) -> impl Iterator<Item = &CodeLine> {
        self.measured.iter().chain(self.other)
    }

    fn part(
        &self,
        language: Language,
        facts: &FileFacts,
        measured: &[CodeLine],
    ) -> Result<ChangedPart, ElsewhereChanged> {
        let number = |line: Option<&CodeLine>| line.map(|line| line.number);
        let first = number(self.measured.first().or(self.before[0])).unwrap_or(0);
        let last = number(self.measured.last().or(self.behind)).unwrap_or(u32::MAX);
        let elsewhere = |cause| Err(ElsewhereChanged { line: first.max(1), cause });
        let continues = |line: &CodeLine| line.text.ends_with(b"\\");
        if self.both().any(|line| {
            is_directive(language, line) || language == Language::Rust && line.text.trim_ascii_start().starts_with(b"#")
        }) {
            return elsewhere("a directive or an attribute was changed");
        }
        if self.both().chain(self.before.into_iter().flatten()).any(continues) {
            return elsewhere("a macro may have been changed");
        }
        if self.both().any(|line| acts_elsewhere(language, &line.shape)) {
            return elsewhere("what is written there acts outside of its function");
        }
        let functions = (0..).zip(&facts.functions);
        let within: Vec<(u32, &FunctionFacts)> =
            functions.filter(|(_, function)| function.start <= first && last <= function.end).collect();
        let is_body = |function: &FunctionFacts| self.is_in_body(language, function, measured, first..=last);
        if !within.iter().any(|(_, function)| is_body(function)) {
            return elsewhere("the change is not within a function");
        }
        let lines = if self.measured.is_empty() { first..=first } else { first..=last };
        // What is written inside a function may change the type of something that other lines of that have.
        let is_nested = within.iter().any(|(_, function)| function.start != within[0].1.start);
        let only = if is_nested { None } else { self.lines_alone(language, &facts.executable) };
        let functions = within.into_iter().map(|(number, _)| number).collect();
        Ok(ChangedPart { lines, functions, only })
    }

    /// Whether the hunk, which is within a function, is behind the brace that begins its body, and so is what nobody but
    /// who calls the function depends on.
    fn is_in_body(
        &self,
        language: Language,
        function: &FunctionFacts,
        measured: &[CodeLine],
        lines: RangeInclusive<u32>,
    ) -> bool {
        let start = measured.partition_point(|line| line.number < function.start);
        let opens = |line: &CodeLine| line.shape.contains(&b'{');
        let Some(len) = measured[start..].iter().position(opens) else { return false };
        let brace = &measured[start + len];
        if *lines.start() < brace.number {
            return false;
        }
        let is_of_head =
            |line: &&CodeLine| !line.shape.iter().any(|byte| b";}".contains(byte)) && !is_directive(language, line);
        let above = measured[..start].iter().rev().take_while(is_of_head);
        let mut head = above.chain(&measured[start..=start + len]);
        if head.any(|line| may_run_when_built(language, &line.shape)) {
            return false;
        }
        let is_beside_head = *lines.start() == brace.number && !self.measured.is_empty();
        if is_beside_head {
            let head =
                |line: &CodeLine| line.text.iter().position(|byte| *byte == b'{').map(|len| line.text[..len].to_vec());
            if self.other.first().and_then(head) != head(brace) {
                return false;
            }
        }
        // What is behind its last brace, or before another function's first, is no part of it.
        let ends_with = |line: Option<&CodeLine>| line.is_none_or(|line| ends_alone(&line.shape, !is_beside_head));
        *lines.end() < function.end || ends_with(self.measured.last()) && ends_with(self.other.last())
    }

    /// The lines of the hunk as they were measured, if they alone are meant: all of them have code, and where control goes
    /// from them is said by the same words as before.
    fn lines_alone(&self, language: Language, executable: &Numbits) -> Option<Numbits> {
        let lines: Numbits = self.measured.iter().map(|line| line.number).collect();
        // In Rust a line may tell the type of what other lines have.
        if lines.is_empty() || !executable.has_all(&lines) || language == Language::Rust {
            return None;
        }
        // What is declared has a type, and that other lines may tell, to which a jump leads.
        if matches!(language, Language::C | Language::Cpp)
            && (self.both().any(|line| declares(&line.shape))
                || self.before.into_iter().flatten().any(|line| !ends_statement(&line.shape)))
        {
            return None;
        }
        let [mut measured, mut other] = [Vec::new(), Vec::new()];
        self.measured.iter().try_for_each(|line| skeleton(language, &line.shape, &mut measured))?;
        self.other.iter().try_for_each(|line| skeleton(language, &line.shape, &mut other))?;
        (measured == other).then_some(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::SourceOrigin;

    const TEXT: &str = "int limit = 5;\nint f(int a)\n{\n\tif (a > 1)\n\t\ta = g(a);\n\telse\n\t\ta = 3;\n\treturn a;\n}\n\
        // About h.\nint h(int a) { return a; }\nconstexpr int k(int a)\n{\n\treturn a;\n}\n";

    fn function(name: &str, start: u32, end: u32) -> FunctionFacts {
        FunctionFacts { start, end, name: name.to_owned(), told: true }
    }

    fn facts() -> FileFacts {
        FileFacts {
            path: "/a/x.cc".to_owned(),
            executable: [3, 4, 5, 7, 8, 9, 11, 13, 14, 15].into_iter().collect(),
            functions: vec![function("f", 2, 9), function("h", 11, 11), function("k", 12, 15)],
            origin: SourceOrigin::default(),
        }
    }

    /// The first and the last line, the functions, and whether only the lines are meant.
    type Plain = (u32, u32, Vec<u32>, bool);

    fn parts(changed: &str) -> Result<Vec<Plain>, ElsewhereChanged> {
        let parts = changed_parts(&facts(), TEXT.as_bytes(), changed.as_bytes())?;
        let plain =
            |part: ChangedPart| (*part.lines.start(), *part.lines.end(), part.functions.clone(), part.only.is_some());
        Ok(parts.into_iter().map(plain).collect())
    }

    #[track_caller]
    fn changed(from: &str, to: &str) -> Result<Vec<Plain>, ElsewhereChanged> {
        assert_eq!(TEXT.matches(from).count(), 1, "{from}");
        parts(&TEXT.replace(from, to))
    }

    #[test]
    fn comments_and_blank_lines_change_nothing() {
        assert_eq!(parts(TEXT), Ok(vec![]));
        assert_eq!(changed("// About h.\n", "\n/* About\n h */\n"), Ok(vec![]));
        assert_eq!(changed("a = 3;", "  a = 3; // three"), Ok(vec![]));
    }

    #[test]
    fn a_line_is_meant_alone_where_control_goes_on_as_before() {
        assert_eq!(changed("a > 1", "a >= g(1)"), Ok(vec![(4, 4, vec![0], true)]));
        assert_eq!(changed("a = g(a);", "a = 2;"), Ok(vec![(5, 5, vec![0], true)]));
        for (from, to, first, last) in [
            ("a = g(a);", "while (a)", 5, 5),
            ("a = g(a);", "if (a) a = g(a);", 5, 5),
            ("a = g(a);", "STOP(a);", 5, 5),
            ("a = g(a);", "a = g(a); end: a = 0;", 5, 5),
            // What is removed leaves what comes next to the condition.
            ("\t\ta = 3;\n", "", 7, 7),
            ("\treturn a;\n}\n//", "\ta++;\n\treturn a;\n}\n//", 7, 7),
            ("return a;\n}\n//", "if (a) {\n\t\treturn a;\n\t}\n\treturn 1;\n}\n//", 8, 8),
        ] {
            let found = changed(from, to);
            let is_body = |parts: &Vec<Plain>| {
                parts.iter().all(|part| part.2 == [0] && !part.3) && parts[0].0 == first && parts[0].1 == last
            };
            assert!(found.as_ref().is_ok_and(is_body), "{to}: {found:?}");
        }
        // One line that has the whole function.
        assert_eq!(changed("{ return a; }", "{ return a + 1; }"), Ok(vec![(11, 11, vec![1], false)]));
    }

    #[test]
    fn what_is_not_within_a_body_may_concern_all() {
        for (from, to) in [
            ("limit = 5", "limit = 6"),
            ("int f(int a)", "int f(long a)"),
            ("int h(int a)", "int h(int a = 3)"),
            ("// About h.", "int m;"),
            ("\treturn a;\n}\n//", "#define X 1\n\treturn a;\n}\n//"),
            ("\treturn a;\n}\n//", "X \\\n\treturn a;\n}\n//"),
            ("\treturn a;\n}\n//", "\treturn a;\n}\nint m() {\n\treturn 1;\n}\n//"),
            ("k(int a)\n{\n\treturn a;", "k(int a)\n{\n\treturn a + 1;"),
            ("a = 3;", "a = 3; }"),
            ("return a; }", "return a; } int m;"),
            ("\treturn a;\n}\n//", "\treturn a;\n} int m;\n//"),
            ("// About h.", "/* About h."),
        ] {
            assert!(changed(from, to).is_err(), "{to}");
        }
        let mut unknown = facts();
        unknown.path = "/a/x.f90".to_owned();
        let found = changed_parts(&unknown, b"a", b"b");
        assert_eq!(found, Err(ElsewhereChanged { line: 0, cause: "its language is not known" }));
    }
}
