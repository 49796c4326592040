//! Names of the folders of partitions, as Hive gives them: `run=VALUE`, with `%` and two digits for what is no plain letter.
//!
//! Invariant: whatever the value, the name is that of one folder, and different values have different ones.

use md5::{Digest, Md5};
use std::fmt::Write;

/// What Hive calls a value that is not known.
const UNKNOWN: &str = "__HIVE_DEFAULT_PARTITION__";

/// How long a name of a file system may be, less what goes before a value.
const LONGEST: usize = 200;

/// The folder of the rows that have a value in a column.
pub(super) fn folder_of(column: &str, value: Option<&str>) -> String {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return format!("{column}={UNKNOWN}") };
    let escaped = escaped(value);
    if escaped.len() <= LONGEST {
        return format!("{column}={escaped}");
    }
    // Too long for a name: the labels of the processes have all of it.
    let whole = hexadecimal(&Md5::digest(value));
    let kept = &escaped[..LONGEST - whole.len() - 1];
    let kept = kept.rfind('%').filter(|at| at + 3 > kept.len()).map_or(kept, |at| &kept[..at]);
    format!("{column}={kept}-{whole}")
}

/// Two digits for each byte.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn escaped(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => escaped.push(char::from(byte)),
            other => write!(escaped, "%{other:02X}").expect("invariant: writing to a string does not fail"),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_is_a_safe_name() {
        assert_eq!(folder_of("run", Some("20261123T010203.512Z-9")), "run=20261123T010203.512Z-9");
        assert_eq!(folder_of("host", Some("../a b=%\n/\u{e4}")), "host=..%2Fa%20b%3D%25%0A%2F%C3%A4");
        for unknown in [None, Some("")] {
            assert_eq!(folder_of("host", unknown), "host=__HIVE_DEFAULT_PARTITION__");
        }
    }

    #[test]
    fn long_values_stay_apart() {
        let one = "\u{e4}".repeat(1_000);
        let names: Vec<String> = [one.clone(), one.clone() + "x", "a".repeat(201)]
            .iter()
            .map(|value| folder_of("host", Some(value)))
            .collect();
        assert!(names.iter().all(|name| name.len() <= 205 && !name.contains("%-")), "{names:?}");
        assert!(names[0] != names[1] && names[2].starts_with("host=aaaa"), "{names:?}");
    }
}
