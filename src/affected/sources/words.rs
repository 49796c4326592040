//! What lines of code say by their words and brackets alone.
//!
//! Invariant: where a line may say something, it is taken to say it.

use super::code_lines::CodeLine;
use crate::report::Language;

/// Whether nothing comes behind the brace that ends a function in this line; `within` says whether the line begins in its
/// body.
pub(super) fn ends_alone(shape: &[u8], within: bool) -> bool {
    let mut depth = i64::from(within);
    for (at, byte) in shape.iter().enumerate() {
        depth += i64::from(*byte == b'{') - i64::from(*byte == b'}');
        if *byte == b'}' && depth <= 0 {
            return shape[at + 1..].iter().all(|byte| b" \t;,)}".contains(byte));
        }
    }
    true
}

/// Whether a line is for the preprocessor.
pub(super) fn is_directive(language: Language, line: &CodeLine) -> bool {
    matches!(language, Language::C | Language::Cpp) && line.text.trim_ascii_start().starts_with(b"#")
}

/// Whether what a line in a body says concerns more than those who run the function: items of Rust, instances of templates
/// whose static members begin with the program, data in a section of their own.
pub(super) fn acts_elsewhere(language: Language, shape: &[u8]) -> bool {
    let any = |of: &[&[u8]]| words(shape).any(|word| of.contains(&word));
    match language {
        Language::Go => false,
        Language::Rust => any(&[
            b"impl",
            b"trait",
            b"const",
            b"static",
            b"type",
            b"struct",
            b"enum",
            b"union",
            b"mod",
            b"use",
            b"macro_rules",
            b"extern",
            b"asm",
        ]),
        Language::C | Language::Cpp => {
            any(&[b"asm", b"__asm__", b"__asm", b"__attribute__"])
                || language == Language::Cpp && has_template_arguments(shape)
        }
    }
}

/// Whether a name is right before a `<` that is neither a shift nor a comparison with blanks around it.
fn has_template_arguments(shape: &[u8]) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let opens =
        |at: usize| at > 0 && is_name(shape[at - 1]) && !matches!(shape.get(at + 1), Some(b'<' | b'=' | b' ') | None);
    memchr::memchr_iter(b'<', shape).any(opens)
}

/// Whether the head of a function says that it may run while something else is compiled.
pub(super) fn may_run_when_built(language: Language, shape: &[u8]) -> bool {
    words(shape).any(|word| match language {
        Language::C | Language::Cpp => {
            matches!(word, b"constexpr" | b"consteval" | b"constinit" | b"auto" | b"decltype")
        }
        // What a function returns by its traits alone has a type that its body tells.
        Language::Rust => matches!(word, b"const" | b"impl" | b"macro_rules" | b"proc_macro" | b"proc_macro_derive"),
        Language::Go => false,
    })
}

fn words(shape: &[u8]) -> impl Iterator<Item = &[u8]> {
    shape.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').filter(|word| !word.is_empty())
}

/// Adds what of a line tells where control goes; `None` for what may tell it otherwise: labels, patterns, names of macros,
/// and what declares something.
pub(super) fn skeleton(language: Language, shape: &[u8], into: &mut Vec<Vec<u8>>) -> Option<()> {
    const GUIDES: [&[u8]; 14] = [
        b"if", b"else", b"for", b"while", b"do", b"switch", b"match", b"loop", b"try", b"catch", b"goto", b"defer",
        b"go", b"select",
    ];
    const DECLARES: [&[u8]; 24] = [
        b"case",
        b"default",
        b"static",
        b"const",
        b"constexpr",
        b"constinit",
        b"typedef",
        b"using",
        b"namespace",
        b"struct",
        b"class",
        b"enum",
        b"union",
        b"template",
        b"type",
        b"fn",
        b"func",
        b"impl",
        b"trait",
        b"mod",
        b"use",
        b"macro_rules",
        b"asm",
        b"import",
    ];
    let is_macro = |word: &[u8]| {
        word.len() > 1 && word.iter().any(u8::is_ascii_uppercase) && !word.iter().any(u8::is_ascii_lowercase)
    };
    if memchr::memmem::find(shape, b"=>").is_some() || shape.contains(&b'#') || has_single_colon(shape, language) {
        return None;
    }
    let mut rest = shape;
    while let Some(&byte) = rest.first() {
        if byte.is_ascii_alphabetic() || byte == b'_' {
            let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let word = &rest[..len];
            if DECLARES.contains(&word) || matches!(language, Language::C | Language::Cpp) && is_macro(word) {
                return None;
            }
            if GUIDES.contains(&word) {
                into.push(word.to_vec());
            }
            rest = &rest[len..];
        } else {
            if b"{};()[]".contains(&byte) {
                // Round ones may come and go, as with a call, as long as a line has as many of both.
                into.push(vec![byte]);
                cancel(into);
            }
            rest = &rest[1..];
        }
    }
    Some(())
}

/// Forgets a pair of brackets with nothing between them.
fn cancel(of: &mut Vec<Vec<u8>>) {
    if let [.., open, close] = &of[..]
        && matches!((&open[..], &close[..]), (b"(", b")") | (b"[", b"]"))
    {
        of.truncate(of.len() - 2);
    }
}

/// Whether a line of C or C++ may be a declaration: it begins with two words, or with one and something that makes a pointer,
/// a reference or the arguments of a template.
pub(super) fn declares(shape: &[u8]) -> bool {
    const NO_TYPES: [&[u8]; 14] = [
        b"return",
        b"throw",
        b"delete",
        b"else",
        b"do",
        b"goto",
        b"co_return",
        b"co_yield",
        b"co_await",
        b"if",
        b"for",
        b"while",
        b"switch",
        b"break",
    ];
    let text = shape.trim_ascii_start();
    let len = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(byte)).count();
    let (word, behind) = text.split_at(len);
    if word.is_empty() || NO_TYPES.contains(&word) {
        return word == b"for";
    }
    let behind = behind.trim_ascii_start();
    match behind.first() {
        Some(byte) if byte.is_ascii_alphabetic() || *byte == b'_' => true,
        Some(b'*' | b'&' | b'<') => !matches!(behind.get(1), Some(b'=')),
        _ => false,
    }
}

/// Whether a line of C or C++ ends where a statement can begin.
pub(super) fn ends_statement(shape: &[u8]) -> bool {
    let text = shape.trim_ascii_end();
    let ends_with_word = |text: &[u8], words: &[&[u8]]| words.iter().any(|word| text.ends_with(word));
    match text.last() {
        None | Some(b';' | b'}' | b':' | b')') => true,
        // Not one that begins the values of an array.
        Some(b'{') => {
            let before = text[..text.len() - 1].trim_ascii_end();
            before.is_empty()
                || before.ends_with(b")")
                || ends_with_word(before, &[b"else", b"do", b"try", b"const", b"noexcept"])
        }
        Some(_) => ends_with_word(text, &[b"else", b"do"]),
    }
}

/// Whether there is a colon that is no part of `::`, or in Go of `:=`.
fn has_single_colon(shape: &[u8], language: Language) -> bool {
    let mut rest = shape;
    while let Some(at) = memchr::memchr(b':', rest) {
        match (rest.get(at + 1), language) {
            (Some(b':'), _) | (Some(b'='), Language::Go) => rest = &rest[at + 2..],
            _ => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_told_from_statements() {
        for text in [
            "int a = 1;",
            "auto g = [&](int b) {",
            "char *p = q;",
            "std::vector<int> v;",
            "T &r = s;",
            "  unsigned a, b;",
        ] {
            assert!(declares(text.as_bytes()), "{text}");
        }
        for text in [
            "a = b;",
            "f(a);",
            "return a;",
            "*p = 1;",
            "a->b = c;",
            "} else if (a) {",
            "a *= b;",
            "if (a)",
            "++a;",
            "a.b();",
        ] {
            assert!(!declares(text.as_bytes()), "{text}");
        }
        for (text, ends) in [
            ("a;", true),
            ("if (a) {", true),
            ("{", true),
            ("} else {", true),
            ("if (a)", true),
            ("int a[] = {", false),
            ("f(a,", false),
            ("a &&", false),
            ("a = b", false),
        ] {
            assert_eq!(ends_statement(text.as_bytes()), ends, "{text}");
        }
    }

    #[test]
    fn lines_of_rust_and_go_are_told_from_patterns() {
        let lines = |language, text: &str| skeleton(language, text.as_bytes(), &mut Vec::new());
        assert!(lines(Language::Rust, "let a = b::c(d)?;").is_some());
        assert!(lines(Language::Rust, "A::B if c > 1 => d,").is_none());
        assert!(lines(Language::Rust, "let a: u8 = 1;").is_none());
        assert!(lines(Language::Go, "a := f()").is_some());
        assert!(lines(Language::Go, "next:").is_none());
        assert!(lines(Language::C, "case 5:").is_none());
    }
}
