//! The label of a process, made of what it was executed with.

use super::LONGEST_LABEL;
use md5::{Digest, Md5};
use std::str::FromStr;

/// A text with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Exe,
    Name,
    /// The arguments from one on to another, which is not among them; 0 is the program's own name.
    Arguments {
        from: usize,
        to: usize,
    },
    Env(String),
    Cwd,
    Pid,
}

/// What a label is made of.
pub(crate) struct TemplateSubject<'a> {
    pub exe: &'a str,
    pub argv: &'a [String],
    pub cwd: &'a str,
    pub pid: i32,
    /// A variable of the environment at the exec.
    pub env: &'a dyn Fn(&str) -> Option<String>,
}

/// What may be filled in, for messages.
const KNOWN: &str = "{exe}, {name}, {argv}, {argv1}, {argv1..}, {env:VARIABLE}, {cwd} and {pid}; {{ and }} are braces";

impl Template {
    /// The label of a process: on one line, without spaces at its ends, and of a bounded length. Empty if there is nothing to
    /// fill in.
    pub fn label(&self, subject: &TemplateSubject<'_>) -> String {
        let filled: String = self.0.iter().map(|part| part.filled(subject)).collect();
        bounded(filled.trim())
    }
}

impl Part {
    fn filled(&self, subject: &TemplateSubject<'_>) -> String {
        match self {
            Part::Text(text) => text.clone(),
            Part::Exe => subject.exe.to_owned(),
            Part::Name => subject.exe.rsplit('/').next().unwrap_or_default().to_owned(),
            Part::Arguments { from, to } => {
                let to = subject.argv.len().min(*to);
                subject.argv.get(*from..to).unwrap_or_default().join(" ")
            }
            Part::Env(name) => (subject.env)(name).unwrap_or_default(),
            Part::Cwd => subject.cwd.to_owned(),
            Part::Pid => subject.pid.to_string(),
        }
    }
}

/// A label of a bounded length; what is too long is told apart by a digest of the whole.
pub(crate) fn bounded(label: &str) -> String {
    if label.len() <= LONGEST_LABEL {
        return label.to_owned();
    }
    let digest: [u8; 16] = Md5::digest(label).into();
    let digest = format!("{:032x}", u128::from_be_bytes(digest))[..16].to_owned();
    let mut end = LONGEST_LABEL - digest.len() - "... ".len();
    while !label.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}... {digest}", &label[..end])
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let end = after.find('}').filter(|_| brace == "{");
            let end = end.ok_or_else(|| format!("{brace:?} stands alone; known are {KNOWN}"))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part(&after[..end])?);
            rest = &after[end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        if parts.is_empty() { Err("it is empty".to_owned()) } else { Ok(Template(parts)) }
    }
}

fn part(name: &str) -> Result<Part, String> {
    let unknown = || format!("there is no {{{name}}}; known are {KNOWN}");
    Ok(match name {
        "exe" => Part::Exe,
        "name" => Part::Name,
        "cwd" => Part::Cwd,
        "pid" => Part::Pid,
        "argv" => Part::Arguments { from: 0, to: usize::MAX },
        _ => {
            if let Some(variable) = name.strip_prefix("env:").filter(|variable| !variable.is_empty()) {
                Part::Env(variable.to_owned())
            } else {
                let numbers = name.strip_prefix("argv").ok_or_else(unknown)?;
                let (number, is_open) = numbers.strip_suffix("..").map_or((numbers, false), |number| (number, true));
                let from: usize = number.parse::<u16>().map_err(|_| unknown())?.into();
                Part::Arguments { from, to: if is_open { usize::MAX } else { from + 1 } }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(template: &str) -> String {
        let argv = ["./prog", "-n", "two words", "last"].map(str::to_owned);
        let env = |name: &str| (name == "TEST").then(|| "suite.case".to_owned());
        let subject = TemplateSubject { exe: "/build/dir/prog", argv: &argv, cwd: "/w", pid: 7, env: &env };
        template.parse::<Template>().unwrap().label(&subject)
    }

    #[test]
    fn everything_is_filled_in() {
        for (template, expected) in [
            ("{name} {argv1..}", "prog -n two words last"),
            ("{exe}", "/build/dir/prog"),
            ("{argv}", "./prog -n two words last"),
            ("[{argv0}|{argv2}|{argv9}|{argv3..}|{argv9..}]", "[./prog|two words||last|]"),
            ("{env:TEST}/{env:NONE}@{cwd}:{pid}", "suite.case/@/w:7"),
            ("{{{name}}} }}{{", "{prog} }{"),
            ("plain", "plain"),
            ("{env:NONE}", ""),
            ("  {name}  ", "prog"),
        ] {
            assert_eq!(label(template), expected, "{template}");
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        for (template, named) in [
            ("{nome}", "no {nome}"),
            ("{argvx}", "no {argvx}"),
            ("{argv-1}", "no {argv-1}"),
            ("{argv99999999..}", "no {argv99999999..}"),
            ("{env:}", "no {env:}"),
            ("{", "stands alone"),
            ("a } b", "stands alone"),
            ("", "empty"),
        ] {
            let error = template.parse::<Template>().unwrap_err();
            assert!(error.contains(named), "{template}: {error}");
        }
    }

    #[test]
    fn long_labels_are_cut_and_told_apart() {
        let long = |last: &str| bounded(&("ä".repeat(LONGEST_LABEL) + last));
        assert!(long("1").len() <= LONGEST_LABEL && long("1").len() > LONGEST_LABEL - 8);
        assert_ne!(long("1"), long("2"));
        assert_eq!(long("1"), long("1"));
    }
}
