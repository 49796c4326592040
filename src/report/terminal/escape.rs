//! Text from programs and file systems, made safe for a terminal.
//!
//! Invariant: what comes out has no control character and nothing that turns the direction of writing.

use std::borrow::Cow;

/// Shows control characters, and those that reorder text, as escapes such as `\n` and `\u{1b}`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, line and paragraph separators, and Unicode's bidirectional controls (UAX 9).
pub(crate) fn harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmful_characters_change() {
        assert!(matches!(printable("a b/\u{e4}.c"), Cow::Borrowed("a b/\u{e4}.c")));
        assert_eq!(
            printable("a\n\t\u{1b}[1m\u{9b}\u{202e}\u{e4}"),
            r"a\n\t\u{1b}[1m\u{9b}\u{202e}".to_owned() + "\u{e4}"
        );
    }
}
