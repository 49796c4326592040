//! Looking, after everybody was let go, whether the text of each process is as in its files.

use super::stderr::{Stderr, plural};
use platform::{Offsets, Originals, Pid, TextDifference, procfs, text_differences};
use std::collections::BTreeSet;

/// Tells of the processes that were let go and still live; true if none has a breakpoint left and all could be looked at.
pub(super) fn verify(let_go: &BTreeSet<(Pid, u64)>, originals: Option<&Originals>, stderr: &Stderr) -> bool {
    let originals = originals.map(Originals::read);
    let mut as_in_files = 0;
    let mut well = true;
    for (pid, start_ticks) in let_go {
        let lives = || procfs::origin(*pid).is_ok_and(|origin| origin.start_ticks == *start_ticks);
        match text_differences(*pid, originals.as_deref()) {
            // It ended, or another one has its pid by now.
            Ok(_) | Err(_) if !lives() => {}
            // It has ended, and its parent has not collected it.
            Err(error) if error.is_gone() => {}
            Ok(differences) if differences.is_empty() => as_in_files += 1,
            Ok(differences) => {
                let name = procfs::command_name(*pid).unwrap_or_default();
                for difference in &differences {
                    stderr.insist(&format!("{pid} ({name}): {}", in_words(difference)));
                }
                well &= differences.iter().all(|difference| difference.breakpoints.count == 0);
            }
            Err(error) => {
                stderr.insist(&format!("{pid} could not be verified: {error}"));
                well = false;
            }
        }
    }
    let noun = plural(as_in_files, "process is as in its", "processes is as in their");
    if as_in_files > 0 {
        stderr.say(&format!("verified: the text of {noun} files"));
    }
    well
}

fn in_words(difference: &TextDifference) -> String {
    let TextDifference { path, breakpoints, others } = difference;
    let at = |places: &Offsets| {
        let first = places.first.unwrap_or(0);
        format!("{} (the first at {first:#x} of the file)", plural(places.count, "byte", "bytes"))
    };
    let mut parts = Vec::new();
    if breakpoints.count > 0 {
        parts.push(format!("{} left of a breakpoint", at(breakpoints)));
    }
    if others.count > 0 {
        parts.push(format!("{} changed by somebody else, since what is there is no breakpoint", at(others)));
    }
    format!("the text of {path} differs from the file: {}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ours_is_told_from_what_is_not() {
        let ours = Offsets { count: 2, first: Some(0x1040) };
        let others = Offsets { count: 1, first: Some(0x10) };
        let text = in_words(&TextDifference { path: "/bin/x".to_owned(), breakpoints: ours, others });
        assert_eq!(
            text,
            "the text of /bin/x differs from the file: 2 bytes (the first at 0x1040 of the file) left of a breakpoint; \
             1 byte (the first at 0x10 of the file) changed by somebody else, since what is there is no breakpoint"
        );
    }
}
