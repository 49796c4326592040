//! Data for the scripts of the pages.
//!
//! Invariant: whatever the data, it cannot end the element that it is in, or be anything but data.

use serde::Serialize;

/// JSON that may be in a script element or a script.
pub(super) fn json(data: &impl Serialize) -> String {
    let text = serde_json::to_string(data).expect("invariant: the data are numbers, texts and lists");
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{7f}'..='\u{9f}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => safe.push(other),
        }
    }
    safe
}

/// Runs of numbers, by first and last, for a script: how many are between each and the one before, and how many it has.
pub(super) fn gaps(runs: impl IntoIterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut behind = 0;
    let mut gaps = Vec::new();
    for (first, last) in runs {
        gaps.extend([first - behind, last - first + 1]);
        behind = last + 1;
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_the_element() {
        let hostile = ["</script><!--", "]]>&amp;", "\u{2028}\u{0}\u{9b}\"\\", "\u{e4}"];
        let text = json(&hostile);
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{0}', '\u{9b}']), "{text}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), hostile);
    }
}
