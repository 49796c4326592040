//! The languages that are coloured, and their words.

use std::path::Path;

/// A language whose sources are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    Cpp,
    Rust,
    Go,
}

/// What a word of a language is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Keyword,
    Type,
}

impl Language {
    /// The language of a source, by its name.
    pub(crate) fn of(name: &str) -> Option<Language> {
        Some(match Path::new(name).extension()?.to_str()? {
            "c" | "y" | "l" => Language::C,
            // A header may be either.
            "h" | "cc" | "cpp" | "cxx" | "c++" | "C" | "hh" | "hpp" | "hxx" | "h++" | "H" | "ipp" | "tcc" | "inl" => {
                Language::Cpp
            }
            "rs" => Language::Rust,
            "go" => Language::Go,
            _ => return None,
        })
    }

    /// What a word is, if it is more than a name.
    pub(crate) fn word(self, word: &str) -> Option<Word> {
        match self {
            Language::C => c(word),
            Language::Cpp => c(word).or_else(|| cpp(word)),
            Language::Rust => rust(word),
            Language::Go => go(word),
        }
    }
}

fn c(word: &str) -> Option<Word> {
    Some(match word {
        "if" | "else" | "for" | "while" | "do" | "switch" | "case" | "default" | "break" | "continue" | "return"
        | "goto" | "sizeof" | "typedef" | "struct" | "union" | "enum" | "static" | "extern" | "const" | "volatile"
        | "register" | "auto" | "inline" | "restrict" | "_Alignas" | "_Alignof" | "_Atomic" | "_Generic"
        | "_Noreturn" | "_Static_assert" | "_Thread_local" => Word::Keyword,
        "void" | "char" | "short" | "int" | "long" | "float" | "double" | "signed" | "unsigned" | "_Bool" | "bool"
        | "_Complex" => Word::Type,
        name if name.ends_with("_t") => Word::Type,
        _ => return None,
    })
}

fn cpp(word: &str) -> Option<Word> {
    Some(match word {
        "alignas" | "alignof" | "and" | "asm" | "catch" | "class" | "co_await" | "co_return" | "co_yield"
        | "concept" | "const_cast" | "consteval" | "constexpr" | "constinit" | "decltype" | "delete"
        | "dynamic_cast" | "explicit" | "export" | "false" | "final" | "friend" | "mutable" | "namespace" | "new"
        | "noexcept" | "not" | "nullptr" | "operator" | "or" | "override" | "private" | "protected" | "public"
        | "reinterpret_cast" | "requires" | "static_assert" | "static_cast" | "template" | "this" | "thread_local"
        | "throw" | "true" | "try" | "typeid" | "typename" | "using" | "virtual" => Word::Keyword,
        "wchar_t" | "char8_t" | "char16_t" | "char32_t" => Word::Type,
        _ => return None,
    })
}

fn rust(word: &str) -> Option<Word> {
    Some(match word {
        "as" | "async" | "await" | "break" | "const" | "continue" | "crate" | "dyn" | "else" | "enum" | "extern"
        | "false" | "fn" | "for" | "if" | "impl" | "in" | "let" | "loop" | "match" | "mod" | "move" | "mut" | "pub"
        | "ref" | "return" | "self" | "static" | "struct" | "super" | "trait" | "true" | "type" | "unsafe" | "use"
        | "where" | "while" | "yield" => Word::Keyword,
        "bool" | "char" | "f32" | "f64" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "str" | "u8" | "u16"
        | "u32" | "u64" | "u128" | "usize" | "Self" => Word::Type,
        name if name.starts_with(|first: char| first.is_ascii_uppercase()) => Word::Type,
        _ => return None,
    })
}

fn go(word: &str) -> Option<Word> {
    Some(match word {
        "break" | "case" | "chan" | "const" | "continue" | "default" | "defer" | "else" | "fallthrough" | "false"
        | "for" | "func" | "go" | "goto" | "if" | "import" | "interface" | "iota" | "map" | "nil" | "package"
        | "range" | "return" | "select" | "struct" | "switch" | "true" | "type" | "var" => Word::Keyword,
        "any" | "bool" | "byte" | "complex64" | "complex128" | "error" | "float32" | "float64" | "int" | "int8"
        | "int16" | "int32" | "int64" | "rune" | "string" | "uint" | "uint8" | "uint16" | "uint32" | "uint64"
        | "uintptr" => Word::Type,
        _ => return None,
    })
}
