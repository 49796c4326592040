//! Text with breakpoints in it, which the program may copy.

use super::ids::InstanceId;
use crate::plan::Plan;
use std::rc::Rc;

/// What can be done about it.
pub(crate) const COPY_ADVICE: &str = "--exclude keeps breakpoints out of code that the program copies";

/// Measured text that may have been copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedText {
    /// What and where it is.
    pub instance: InstanceId,
    pub plan: Rc<Plan>,
}
