//! The functions of a source as LCOV's readers take them.
//!
//! lcov 2 holds functions that start on one line for names of one. Where a function ends it derives from where the next
//! one starts, unless told: `FN:start,end,name`. It refuses a function that ran without a line that did, one that did
//! not run with a line that did, and a start or an end that is no line with code. lcov 1.16 takes what is behind the first
//! comma for the name, so an end is written only where the derived one would be refused.
//!
//! Functions may share lines with others that ran: one that did not is written without these lines, and if no line is
//! left, or none of one that ran is listed, as another name of the function around it.
//!
//! Invariant: no function comes out twice; none that ran is written as one that did not, nor the other way round.

use crate::report::model::coverage::FileCoverage;
use crate::report::model::functions::function_ran;
use crate::store::FunctionFacts;
use std::collections::BTreeMap;

/// Functions that start on one line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Group<'a> {
    /// Where it starts.
    pub(super) start: u32,
    /// Where it ends, if that must be written.
    pub(super) end: Option<u32>,
    /// Names, and whether each ran.
    pub(super) names: Vec<(&'a str, bool)>,
    last: u32,
}

impl Group<'_> {
    fn ran(&self) -> bool {
        self.names.iter().any(|(_, ran)| *ran)
    }

    /// Whether lcov 2 does not derive an end of it.
    fn may_be_lambda(&self) -> bool {
        self.names.iter().all(|(name, _)| name.contains("lambda"))
    }
}

/// The functions by the line where they start.
pub(super) fn groups<'a>(functions: &'a [(String, &FunctionFacts)], file: &FileCoverage) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<u32, Group<'a>> = BTreeMap::new();
    let mut homeless = Vec::new();
    let ran = |line: &u32| file.ran.contains(*line);
    let named = functions.iter().map(|(name, function)| (name.as_str(), *function, function_ran(function, file)));
    let mut named: Vec<_> = named.collect();
    // Those that did not run may be names of those that did.
    named.sort_by_key(|(.., ran)| !ran);
    for (name, function, has_run) in named {
        let mut lines = file.executable.within(function.start..=function.end);
        let Some(first) = lines.next() else {
            homeless.push((name, function.start, has_run));
            continue;
        };
        let is_name = groups.get(&first).is_some_and(Group::ran);
        let start = match has_run {
            true => ran(&first).then_some(first).or_else(|| lines.any(|line| ran(&line)).then_some(first)),
            false if is_name || !ran(&first) => Some(first),
            false => lines.find(|line| !ran(line)),
        };
        match start {
            Some(start) => {
                let group = groups.entry(start).or_default();
                group.last = group.last.max(function.end);
                group.names.push((name, has_run));
            }
            None => homeless.push((name, first, has_run)),
        }
    }
    for (name, line, has_run) in homeless {
        let around = groups.range_mut(..=line).rev().map(|(_, group)| group);
        if let Some(around) = around.filter(|group| group.last >= line).find(|group| group.ran()) {
            around.names.push((name, has_run));
        }
    }
    let mut groups: Vec<Group<'a>> = groups.into_iter().map(|(start, group)| Group { start, ..group }).collect();
    for at in 0..groups.len() {
        groups[at].end = end_to_write(&groups[at..], file);
        groups[at].names.sort_unstable();
    }
    groups
}

/// The end of the first of these groups, if the one that lcov 2 derives would contradict what ran.
fn end_to_write(groups: &[Group<'_>], file: &FileCoverage) -> Option<u32> {
    let (group, behind) = groups.split_first()?;
    let before = |next: Option<&Group<'_>>| next.map_or(u32::MAX, |next| next.start - 1);
    let first_ran = |end: u32| file.ran.within(group.start..=end).next();
    if group.ran() {
        let is_derived = first_ran(before(behind.first())).is_some();
        return (!is_derived).then(|| file.executable.within(group.start..=group.last).last()).flatten();
    }
    let derived = before(behind.iter().find(|next| !next.may_be_lambda()));
    let ran = first_ran(derived)?;
    file.executable.within(group.start..=group.last.min(ran - 1)).last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::functions::sample::{file, function};

    /// Start, end if written, and names with whether they ran, of told functions.
    fn of(lines: &[u32], ran: &[u32], functions: &[(u32, u32, &str, bool)]) -> Vec<(u32, Option<u32>, String)> {
        let told = |&(start, end, name, _): &(u32, u32, &str, bool)| FunctionFacts {
            told: true,
            ..function(start, end, name)
        };
        let mut coverage = file(lines, ran, functions.iter().map(told).collect());
        coverage.entered = functions.iter().filter(|(.., ran)| *ran).map(told).collect();
        let names: Vec<_> = coverage.functions.iter().map(|function| (function.name.clone(), function)).collect();
        let text = |names: &[(&str, bool)]| {
            names
                .iter()
                .map(|(name, ran)| format!("{name}{}", if *ran { "+" } else { "-" }))
                .collect::<Vec<_>>()
                .join(" ")
        };
        groups(&names, &coverage).iter().map(|group| (group.start, group.end, text(&group.names))).collect()
    }

    fn group(start: u32, end: Option<u32>, names: &str) -> (u32, Option<u32>, String) {
        (start, end, names.to_owned())
    }

    #[test]
    fn an_end_is_written_where_the_derived_one_would_be_wrong() {
        let functions = [(3, 5, "rarely", false), (9, 12, "main", true)];
        assert_eq!(of(&[3, 4, 9, 12], &[9, 12], &functions), [group(3, None, "rarely-"), group(9, None, "main+")]);
        // Line 7 is nobody's.
        assert_eq!(of(&[4, 5, 7, 9, 12], &[7, 9], &functions), [group(4, Some(5), "rarely-"), group(9, None, "main+")]);
        assert_eq!(of(&[9, 12], &[9], &functions), [group(9, None, "main+")], "without lines");
        let nested = [(1, 9, "outer", true), (3, 5, "inner", false)];
        assert_eq!(of(&[1, 3, 5, 9], &[9], &nested), [group(1, Some(9), "outer+"), group(3, Some(5), "inner-")]);
    }

    #[test]
    fn functions_that_share_lines_are_names_of_one() {
        let instances = [(5, 9, "f<int>", true), (5, 7, "f<char>", false)];
        assert_eq!(of(&[5, 7, 9], &[5, 9], &instances), [group(5, None, "f<char>- f<int>+")]);
        let closures = [(1, 9, "main", true), (3, 3, "one", false), (5, 7, "other", false)];
        assert_eq!(
            of(&[1, 3, 5, 6, 7, 9], &[1, 3, 5, 9], &closures),
            [group(1, None, "main+ one-"), group(6, Some(7), "other-")]
        );
    }

    #[test]
    fn one_that_ran_without_a_line_is_a_name_of_the_one_around_it() {
        let functions = [(1, 9, "outer", true), (4, 4, "inlined", true), (20, 21, "elsewhere", true)];
        assert_eq!(of(&[1, 9, 20, 30], &[1], &functions), [group(1, None, "inlined+ outer+")]);
    }
}
