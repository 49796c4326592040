//! Where functions end in their source.
//!
//! The debug information does not tell it. A function ends at the last of its lines before the next function of the file
//! starts: lines behind that are of a block that was put into it without a word. A function that is written inside
//! another one does not end that.
//!
//! Invariant: start <= end.

use crate::debuginfo::index::Function;

/// A function and what tells where it ends.
pub(crate) struct Draft {
    pub(crate) function: Function,
    /// The lines of its code in its file, sorted.
    pub(crate) lines: Vec<u32>,
    /// Whether the line of its declaration is known; the first of its lines may be another's.
    pub(crate) is_declared: bool,
    /// Whether the debug information says that it is written inside another function.
    pub(crate) is_nested: bool,
    /// Whether it has code of its own.
    pub(crate) has_code: bool,
}

/// Sets the ends of functions that are sorted by file and start.
pub(crate) fn set_ends(drafts: &mut [Draft]) {
    /// Functions behind one that are looked at.
    const FOLLOWED: usize = 1 << 10;
    for at in 0..drafts.len() {
        let Draft { function: Function { file, start, .. }, lines, .. } = &drafts[at];
        let last = lines.last().copied().unwrap_or(*start).max(*start);
        let behind = drafts[at + 1..].iter().take(FOLLOWED);
        let behind = behind.take_while(|next| next.function.file == *file && next.function.start <= last);
        let next = behind.filter(|next| next.function.start > *start).find(|next| ends(&drafts[at], next));
        let end = match next {
            Some(next) => lines[..lines.partition_point(|line| *line < next.function.start)].last().copied(),
            None => Some(last),
        };
        drafts[at].function.end = end.unwrap_or(*start).max(*start);
    }
}

/// Whether a function has ended where another one starts.
fn ends(earlier: &Draft, next: &Draft) -> bool {
    (next.is_declared || !earlier.is_declared)
        && !next.is_nested
        && !is_inside(&next.function.name, &earlier.function.name)
}

/// Whether a name says that a function is written inside another one, as those of lambdas, closures, and of functions of
/// local types do.
fn is_inside(name: &str, outer: &str) -> bool {
    let holds = |outer: &str, behind: &str| {
        let is_part = |(at, _): (usize, &str)| name[at + outer.len()..].starts_with(|next| behind.contains(next));
        !outer.is_empty() && name.len() > outer.len() && name.match_indices(outer).any(is_part)
    };
    let (short, outer_short) = (plain(name), plain(outer));
    // Other instances of a template have what is inside, too; an overload has only parameters behind the name.
    holds(outer, ":.")
        || (short != outer_short && holds(outer_short, ":."))
        || (holds(outer_short, "(<") && name.contains(")::"))
}

/// A name without type of result, parameters and arguments.
fn plain(name: &str) -> &str {
    let end = name.find(['(', '<']).filter(|at| *at > 0).unwrap_or(name.len());
    let name = name[..end].trim_end_matches(':');
    name.rsplit(' ').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_of(functions: &[(u32, &str, &[u32])]) -> Vec<u32> {
        let draft = |&(start, name, lines): &(u32, &str, &[u32])| Draft {
            function: Function { file: 0, start, end: start, name: name.to_owned(), told: true },
            lines: lines.to_vec(),
            is_declared: true,
            is_nested: false,
            has_code: true,
        };
        let mut drafts: Vec<Draft> = functions.iter().map(draft).collect();
        set_ends(&mut drafts);
        drafts.iter().map(|draft| draft.function.end).collect()
    }

    #[test]
    fn a_function_ends_before_the_next_one() {
        assert_eq!(ends_of(&[(1, "f", &[1, 2, 17_000]), (5, "g", &[5, 6]), (9, "h", &[])]), [2, 6, 9]);
        assert_eq!(ends_of(&[(1, "f<int>()", &[1, 2, 3]), (1, "f<char>()", &[1, 3])]), [3, 3]);
        assert_eq!(ends_of(&[(7, "f", &[3])]), [7], "it does not end before it starts");
    }

    #[test]
    fn what_is_written_inside_does_not_end_it() {
        for (outer, inner) in [
            ("main", "main::{lambda(int)#1}::operator()(int) const"),
            ("int outer<int>(int)", "outer<char>(char)::{lambda(int)#1}::operator()(int) const"),
            ("ns::outer(int)", "ns::outer(int)::Local::method()"),
            ("krate::outer", "krate::outer::{{closure}}"),
            ("krate::outer::<u8>", "krate::outer::inner"),
            ("<krate::S as krate::T>::go", "<krate::S as krate::T>::go::{{closure}}"),
            ("krate::outer", "<krate::outer::X as core::fmt::Debug>::fmt"),
            ("main.outer", "main.outer.func1"),
            ("main.(*T).outer", "main.(*T).outer.func1"),
        ] {
            assert_eq!(ends_of(&[(1, outer, &[1, 9]), (3, inner, &[3, 4])]), [9, 4], "{outer} {inner}");
        }
        for (first, next) in [("outer(int)", "outer(char)"), ("a", "ab"), ("ns::f()", "ns::g()"), ("f", "g(f)")] {
            assert_eq!(ends_of(&[(1, first, &[1, 9]), (3, next, &[3, 4])]), [1, 4], "{first} {next}");
        }
    }
}
