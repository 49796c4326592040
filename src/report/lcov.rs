//! LCOV tracefiles (geninfo(1), "TRACEFILE FORMAT").
//!
//! Invariants: within a source no two functions have one name, and no text has a control character. A breakpoint that
//! fires once can only tell whether something ran: counts are 0 or 1.
//!
//! Readers differ on what they take as a function's name: `FN:start,end,name` is read as a function called `end` by
//! lcov 1.16 and others, which also end a name at its first comma. So functions are written as `FN:start,name`, which
//! all of them read, with semicolons for commas.

use super::functions::function_ran;
use super::merge::FileCoverage;
use super::prepared::Report;
use crate::store::FunctionFacts;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{self, Write};

/// The tracefile of what ran.
pub fn lcov(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        write_file(&mut text, &file.name, &file.coverage).expect("invariant: writing to a string does not fail");
    }
    text
}

fn write_file(text: &mut String, path: &str, file: &FileCoverage) -> fmt::Result {
    writeln!(text, "TN:\nSF:{}", without_controls(path))?;
    let functions = named(&file.functions);
    for (name, function) in &functions {
        writeln!(text, "FN:{},{name}", function.start)?;
    }
    let mut hit = 0;
    for (name, function) in &functions {
        let ran = u8::from(function_ran(function, file));
        writeln!(text, "FNDA:{ran},{name}")?;
        hit += u64::from(ran);
    }
    writeln!(text, "FNF:{}\nFNH:{hit}", functions.len())?;
    for line in file.executable.iter() {
        writeln!(text, "DA:{line},{}", u8::from(file.ran.contains(line)))?;
    }
    let ratio = file.ratio();
    writeln!(text, "LF:{}\nLH:{}\nend_of_record", ratio.lines, ratio.ran)
}

/// The functions with names that are theirs alone: where several share one, their lines tell them apart.
fn named(functions: &BTreeSet<FunctionFacts>) -> Vec<(String, &FunctionFacts)> {
    let plain: Vec<String> = functions.iter().map(|function| plain_name(&function.name)).collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in &plain {
        *uses.entry(name).or_default() += 1;
    }
    // A name that is used once stays, whatever the others are made into.
    let mut taken: HashSet<String> = plain.iter().filter(|name| uses[name.as_str()] == 1).cloned().collect();
    let unique = |(name, function): (&String, &FunctionFacts)| {
        if uses[name.as_str()] == 1 {
            return name.clone();
        }
        let (start, end) = (function.start, function.end);
        let by_line = [format!("{name}@{start}"), format!("{name}@{start}-{end}")];
        let by_number = (2u32..).map(|number| format!("{name}@{start}-{end}#{number}"));
        let mut candidates = by_line.into_iter().chain(by_number);
        candidates
            .find(|candidate| taken.insert(candidate.clone()))
            .expect("invariant: there are more numbers than functions")
    };
    let names: Vec<String> = plain.iter().zip(functions).map(unique).collect();
    names.into_iter().zip(functions).collect()
}

fn plain_name(name: &str) -> String {
    match name {
        "" => "?".to_owned(),
        name => without_controls(name).replace(',', ";"),
    }
}

/// The format has neither quotes nor escapes.
fn without_controls(text: &str) -> String {
    text.replace(char::is_control, "_")
}

#[cfg(test)]
mod tests {
    use super::super::prepared::ReportFile;
    use super::*;

    fn function(start: u32, end: u32, name: &str) -> FunctionFacts {
        FunctionFacts { start, end, name: name.to_owned() }
    }

    fn file(executable: &[u32], ran: &[u32], functions: Vec<FunctionFacts>) -> FileCoverage {
        FileCoverage {
            executable: executable.iter().copied().collect(),
            ran: ran.iter().copied().collect(),
            functions: functions.into_iter().collect(),
            ..FileCoverage::default()
        }
    }

    fn text(path: &str, file: FileCoverage) -> String {
        let file = ReportFile { name: path.to_owned(), coverage: file, ..ReportFile::default() };
        lcov(&Report { files: vec![file], ..Report::default() })
    }

    #[test]
    fn a_source_is_written_in_full() {
        let functions = vec![function(1, 3, "one"), function(5, 6, "std::map<int, A>::at\n")];
        assert_eq!(
            text("/src/a\nb,c.c", file(&[1, 2, 5, 6], &[1, 2], functions)),
            "TN:\nSF:/src/a_b,c.c\nFN:1,one\nFN:5,std::map<int; A>::at_\nFNDA:1,one\nFNDA:0,std::map<int; A>::at_\n\
             FNF:2\nFNH:1\nDA:1,1\nDA:2,1\nDA:5,0\nDA:6,0\nLF:4\nLH:2\nend_of_record\n"
        );
    }

    #[test]
    fn names_are_unique() {
        let functions = [
            function(1, 2, "f"),
            function(1, 3, "f"),
            function(4, 5, "f"),
            function(6, 7, "f@4"),
            function(8, 9, "g<a,b>"),
            function(8, 9, "g<a;b>"),
            function(8, 9, "g<a\tb>"),
            function(10, 11, ""),
        ];
        let functions = functions.into_iter().collect();
        let names: Vec<String> = named(&functions).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["f@1", "f@1-3", "f@4-5", "f@4", "g<a_b>", "g<a;b>@8", "g<a;b>@8-9", "?"]);
    }
}
