//! What a context is called that a function opens.

use super::TestObject;
use super::template::bounded;
use serde::{Deserialize, Serialize};

/// What the context is called that a function opens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FunctionLabel {
    /// This.
    Is(String),
    /// This, unless another function that is a context runs it.
    UnlessWithin(String),
    /// What an object of the program says as it begins.
    OfObject(TestObject),
}

impl FunctionLabel {
    /// The same, of a bounded length.
    pub(crate) fn bounded(self) -> Self {
        match self {
            FunctionLabel::Is(label) => FunctionLabel::Is(bounded(&label)),
            FunctionLabel::UnlessWithin(label) => FunctionLabel::UnlessWithin(bounded(&label)),
            FunctionLabel::OfObject(_) => self,
        }
    }
}
