//! Proof that an address is the start of an instruction: a linear decode from the start of a known function reaches it.
//!
//! Functions that overlap (aliases, entries in the middle, wrong sizes) form one cluster. It is decoded anew at every
//! function start; where the decode before it does not meet that start, the two disagree and nothing is proven up to the
//! next start. Only clusters that hold an address in question are decoded, and no further than the last of these.
//!
//! Invariant: clusters are disjoint, so the cost is linear in the text however the functions overlap.

use platform::arch::instruction_starts;

use super::error::{Budget, IndexError};
use super::index::Svma;
use super::text::Text;

/// What the decode says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// An instruction starts there.
    Start,
    /// No known function covers it.
    OutsideFunction,
    /// It lies inside an instruction.
    InsideInstruction,
    /// Bytes before it, in the same function, are no instruction.
    Undecodable,
    /// Two functions that both cover it disagree about where instructions start.
    Contested,
}

/// The known functions of an image.
pub(super) struct Functions {
    clusters: Vec<Cluster>,
    /// The starts of all functions, cluster by cluster, sorted without duplicates.
    starts: Vec<Svma>,
}

struct Cluster {
    end: Svma,
    /// Where its starts are in `Functions::starts`; the first is the start of the cluster.
    starts: std::ops::Range<usize>,
}

impl Functions {
    /// Keeps those of the given (start, end) ranges that start in text, cut to the text range they start in.
    pub(super) fn new(mut ranges: Vec<(Svma, Svma)>, text: &Text<'_>) -> Functions {
        ranges.sort_unstable();
        let mut functions = Functions { clusters: Vec::new(), starts: Vec::new() };
        let mut places = text.ranges().iter().peekable();
        for (start, end) in ranges {
            while places.next_if(|place| place.end <= start).is_some() {}
            let Some(place) = places.peek() else { break };
            let end = end.min(place.end);
            if start < place.start || end <= start {
                continue;
            }
            let next = functions.starts.len();
            match functions.clusters.last_mut() {
                Some(last) if start < last.end => {
                    last.end = last.end.max(end);
                    if functions.starts.last() == Some(&start) {
                        continue;
                    }
                    last.starts.end += 1;
                }
                Some(_) | None => functions.clusters.push(Cluster { end, starts: next..next + 1 }),
            }
            functions.starts.push(start);
        }
        functions
    }

    /// Tells the standing of each of `addresses`, which are sorted.
    ///
    /// # Errors
    /// If the budget is used up.
    pub(super) fn prove(
        &self,
        addresses: &[Svma],
        text: &Text<'_>,
        budget: &mut Budget,
    ) -> Result<Vec<Standing>, IndexError> {
        let mut standings = vec![Standing::OutsideFunction; addresses.len()];
        let mut next = 0;
        for cluster in &self.clusters {
            let Some(&address) = addresses.get(next) else { break };
            let start = self.starts[cluster.starts.start];
            if cluster.end <= address {
                continue;
            }
            next += addresses[next..].partition_point(|a| *a < start);
            let count = addresses[next..].partition_point(|a| *a < cluster.end);
            if count > 0 {
                budget.spend((cluster.end.0 - start.0) as usize)?;
                self.prove_cluster(cluster, text, &addresses[next..next + count], &mut standings[next..next + count]);
                next += count;
            }
        }
        Ok(standings)
    }

    fn prove_cluster(&self, cluster: &Cluster, text: &Text<'_>, addresses: &[Svma], standings: &mut [Standing]) {
        let starts = &self.starts[cluster.starts.clone()];
        let Some(range) = text.range_at(starts[0]) else { return };
        let (mut next, mut contested) = (0, false);
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(cluster.end);
            let (mut position, mut decodable) = (start, true);
            for instruction in instruction_starts(text.bytes_from(range, start)) {
                position = Svma(start.0 + instruction.offset as u64);
                if position >= end || next == addresses.len() {
                    break;
                }
                if !instruction.valid {
                    decodable = false;
                    break;
                }
                while next < addresses.len() && addresses[next] < position {
                    standings[next] = Standing::InsideInstruction;
                    next += 1;
                }
                while next < addresses.len() && addresses[next] == position {
                    standings[next] = if contested { Standing::Contested } else { Standing::Start };
                    next += 1;
                }
                position = Svma(position.0 + instruction.len as u64);
            }
            while next < addresses.len() && addresses[next] < end {
                let inside = decodable || addresses[next] < position;
                standings[next] = if inside { Standing::InsideInstruction } else { Standing::Undecodable };
                next += 1;
            }
            contested = decodable && position != end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::FileOffset;
    use super::super::text::TextRange;
    use super::*;
    use Standing::*;

    const BASE: u64 = 0x1000;

    fn standings(code: &[u8], functions: &[(u64, u64)]) -> Vec<Standing> {
        let range = TextRange { start: Svma(BASE), end: Svma(BASE + code.len() as u64), offset: FileOffset(0) };
        let text = Text::new(code, vec![range], None);
        let functions = functions.iter().map(|(a, b)| (Svma(BASE + a), Svma(BASE.saturating_add(*b)))).collect();
        let addresses: Vec<_> = (0..code.len() as u64).map(|i| Svma(BASE + i)).collect();
        Functions::new(functions, &text).prove(&addresses, &text, &mut Budget::for_bytes(0)).expect("budget")
    }

    #[test]
    fn only_starts_inside_functions_are_proven() {
        let code = [0x90, 0xe8, 0, 0, 0, 0, 0xc3, 0x90];
        let expected = [
            Start,
            Start,
            InsideInstruction,
            InsideInstruction,
            InsideInstruction,
            InsideInstruction,
            Start,
            OutsideFunction,
        ];
        assert_eq!(standings(&code, &[(0, 7)]), expected);
    }

    #[test]
    fn nothing_is_proven_behind_an_invalid_instruction_up_to_the_next_function() {
        // nop; (invalid in 64-bit mode: push es); nop; nop
        let code = [0x90, 0x06, 0x90, 0x90];
        assert_eq!(standings(&code, &[(0, 4)]), [Start, Undecodable, Undecodable, Undecodable]);
        assert_eq!(standings(&code, &[(0, 3), (3, 4)]), [Start, Undecodable, Undecodable, Start]);
        assert_eq!(standings(&code, &[(0, 4), (3, 4)]), [Start, Undecodable, Undecodable, Start]);
    }

    #[test]
    fn a_function_start_inside_an_instruction_of_another_is_contested() {
        // mov $imm32, %eax whose operand is "entered" in the middle; then nops; a third function starts cleanly.
        let code = [0xb8, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90];
        let expected = [Start, InsideInstruction, Contested, Contested, Contested, Contested, Start];
        assert_eq!(standings(&code, &[(0, 7), (2, 7), (6, 7)]), expected);
    }

    #[test]
    fn an_alias_that_agrees_changes_nothing() {
        let code = [0x90, 0xeb, 0x00, 0x90];
        let expected = [Start, Start, InsideInstruction, Start];
        assert_eq!(standings(&code, &[(0, 4), (0, 2), (1, 4), (3, 4)]), expected);
    }

    #[test]
    fn absurd_ranges_are_cut_or_dropped() {
        let code = [0x90; 4];
        assert_eq!(
            standings(&code, &[(2, u64::MAX), (1, 1), (9, 12)]),
            [OutsideFunction, OutsideFunction, Start, Start]
        );
    }

    #[test]
    fn an_instruction_cut_by_the_end_of_text_is_not_proven() {
        assert_eq!(standings(&[0x90, 0xe8, 0], &[(0, 3)]), [Start, Undecodable, Undecodable]);
    }
}
