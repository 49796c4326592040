//! `--label KEY=VALUE`: what the user says of a run.

use super::CliError;
use crate::store::{LabelValues, is_label_key};

/// The longest value in bytes.
const LONGEST: usize = 4096;

/// A label as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    key: String,
    value: String,
}

impl std::str::FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("give KEY=VALUE, such as service=api")?;
        if !is_label_key(key) {
            return Err(
                "a key is made of letters, digits, '_', '.' and '-', and begins with a letter or '_'".to_owned()
            );
        }
        if value.len() > LONGEST {
            return Err(format!("the value has {} bytes; the most are {LONGEST}", value.len()));
        }
        Ok(Label { key: key.to_owned(), value: value.to_owned() })
    }
}

/// Labels by key.
///
/// # Errors
/// If a key has two values.
pub(super) fn by_key(labels: Vec<Label>) -> Result<LabelValues, CliError> {
    let mut by_key = LabelValues::new();
    for Label { key, value } in labels {
        match by_key.get(&key) {
            Some(other) if *other != value => {
                return Err(CliError::LabelTwice { key, values: [other.clone(), value] });
            }
            _ => _ = by_key.insert(key, value),
        }
    }
    Ok(by_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> Result<LabelValues, CliError> {
        by_key(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn the_first_equals_sign_ends_the_key() {
        let labels = given(&["rev=a=b", "note=", "rev=a=b"]).unwrap();
        let expected = [("note", ""), ("rev", "a=b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(labels, LabelValues::from(expected));
    }

    #[test]
    fn what_is_no_label_says_what_one_is() {
        for (text, part) in [("rev", "KEY=VALUE"), ("=x", "begins with"), ("9=x", "begins with"), ("a b=x", "letters")]
        {
            let refused = text.parse::<Label>();
            assert!(refused.as_ref().is_err_and(|error| error.contains(part)), "{refused:?}");
        }
        assert!(format!("a={}", "x".repeat(LONGEST)).parse::<Label>().is_ok());
        assert!(format!("a={}", "x".repeat(LONGEST + 1)).parse::<Label>().is_err());
        let twice = given(&["a=1", "b=1", "a=2"]).map_err(|error| error.to_string());
        assert!(twice.as_ref().is_err_and(|error| error.contains("a=1") && error.contains("a=2")), "{twice:?}");
    }
}
