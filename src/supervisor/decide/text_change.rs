//! Text that is to change.

use super::ids::{InstanceId, SpaceId};
use crate::plan::{Bits, FileOffset, Plan};
use platform::{Avma, Tid};
use std::ops::Range;
use std::rc::Rc;

/// What becomes of the breakpoints at the landmarks of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandmarkChange {
    /// They are planted.
    Arm,
    /// They are taken out.
    Disarm,
    /// They stay as they are.
    Keep,
}

/// Text of one instance of an image to bring to a wanted state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// In this space.
    pub space: SpaceId,
    /// Through this thread, if it is stopped, where memory can be written by ptrace only.
    pub tid: Option<Tid>,
    /// Of this instance.
    pub instance: InstanceId,
    pub plan: Rc<Plan>,
    /// The addresses that are mapped.
    pub ranges: Vec<Range<Avma>>,
    /// Only pages with one of these probes are touched...
    pub change: Bits,
    /// ...and there exactly these are armed.
    pub armed: Bits,
    /// Of these the breakpoint was out before: one that is there may be the program's own, and then stays.
    pub taken_out: Bits,
    /// What becomes of the landmarks in it.
    pub landmarks: LandmarkChange,
    /// A thread that lives in the space, stopped or not, if one is known.
    pub user: Option<Tid>,
    /// The space that this one was copied from just now, when `taken_out` was true of that one.
    pub copied_from: Option<SpaceId>,
}

impl TextChange {
    /// The same for the landmarks only.
    pub fn of_landmarks(&self) -> TextChange {
        TextChange { change: Bits::clear_of(0), ..self.clone() }
    }

    /// Where a file offset is in memory, if it is mapped.
    pub fn address(&self, offset: FileOffset) -> Option<Avma> {
        let at = self.instance.bias.address(offset);
        self.ranges.iter().any(|range| range.contains(&at)).then_some(at)
    }
}
