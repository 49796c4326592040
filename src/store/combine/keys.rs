//! What makes sources, images and warnings of several records the same.

use crate::store::{Digest, Warning};
use std::collections::BTreeMap;

/// A source by its path and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceKey {
    pub path: String,
    pub digest: Digest,
}

/// A source under the label of a context.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LabelledSource {
    pub source: SourceKey,
    pub label: String,
}

/// What makes two warnings the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WarningKey {
    pub slug: String,
    pub text: String,
}

impl From<&Warning> for WarningKey {
    fn from(warning: &Warning) -> Self {
        WarningKey { slug: warning.slug.clone(), text: warning.text.clone() }
    }
}

/// The warnings with their counts.
pub(super) fn counted(warnings: BTreeMap<WarningKey, u64>) -> Vec<Warning> {
    let counted = warnings.into_iter().map(|(WarningKey { slug, text }, count)| Warning { slug, text, count });
    counted.collect()
}

/// Where a source was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub real: String,
    pub inode: Option<(u64, u64)>,
}

/// What makes two images the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ImageKey {
    BuildId(String),
    /// With what tells the texts of its sources.
    Path(String, u64),
}
