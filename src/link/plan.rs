//! A probe plan: all that the supervisor learns of an image, as offsets into its file.
//!
//! Invariant: what [`Plan::decode`] accepts has sorted, unique offsets and as many bytes as offsets.

use serde::{Deserialize, Serialize};

/// Where to plant in one image. Bit n of a section is `offsets[n]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// File offsets of the probes, ascending.
    pub offsets: Vec<u64>,
    /// The byte that stands at each.
    pub originals: Vec<u8>,
    /// Instructions watched for the supervisor's own knowledge, ascending by offset.
    pub landmarks: Vec<Landmark>,
}

/// An instruction whose breakpoint stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landmark {
    /// File offset.
    pub offset: u64,
    /// The byte that stands there.
    pub original: u8,
    /// What reaching it means.
    pub kind: LandmarkKind,
}

/// What reaching a landmark means, and so how its instruction is emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LandmarkKind {
    /// The loader's list of libraries changes; a `ret`.
    LoaderState,
    /// The same; an `endbr64`.
    LoaderStateEndbr,
    /// rt_sigprocmask is about to be called; a `mov $14, %eax`.
    SignalMask,
    /// rt_sigaction is about to be called; a `mov $13, %eax`.
    SignalAction,
    /// clone is about to be called; a `mov $56, %eax`.
    Clone,
}

/// A plan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The bytes are no plan.
    #[error("not a plan: {0}")]
    Malformed(#[from] postcard::Error),
    /// Offsets are out of order, or bytes are missing.
    #[error("plan out of order")]
    OutOfOrder,
}

impl Plan {
    /// Encodes for the run's directory.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("invariant: numbers always encode")
    }

    /// Decodes and checks.
    pub fn decode(bytes: &[u8]) -> Result<Plan, PlanError> {
        let plan: Plan = postcard::from_bytes(bytes)?;
        let sorted = plan.offsets.is_sorted_by(|a, b| a < b) && plan.landmarks.is_sorted_by(|a, b| a.offset < b.offset);
        if sorted && plan.offsets.len() == plan.originals.len() && u32::try_from(plan.offsets.len()).is_ok() {
            Ok(plan)
        } else {
            Err(PlanError::OutOfOrder)
        }
    }

    /// Number of probes.
    pub fn len(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// Whether there is nothing to plant.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty() && self.landmarks.is_empty()
    }

    /// The probe at a file offset.
    pub fn probe_at(&self, offset: u64) -> Option<u32> {
        self.offsets.binary_search(&offset).ok().map(|index| index as u32)
    }

    /// The landmark at a file offset.
    pub fn landmark_at(&self, offset: u64) -> Option<Landmark> {
        self.landmarks
            .binary_search_by_key(&offset, |landmark| landmark.offset)
            .ok()
            .map(|index| self.landmarks[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_out_of_order_or_short() {
        let plan = Plan {
            offsets: vec![1, 5, 9],
            originals: vec![2, 3, 4],
            landmarks: Vec::new(),
        };
        assert_eq!(Plan::decode(&plan.encode()), Ok(plan.clone()));
        assert_eq!(plan.probe_at(5), Some(1));
        assert_eq!(plan.probe_at(6), None);
        let double = Plan {
            offsets: vec![1, 5, 5],
            ..plan.clone()
        };
        assert_eq!(Plan::decode(&double.encode()), Err(PlanError::OutOfOrder));
        let short = Plan {
            originals: vec![2],
            ..plan.clone()
        };
        assert_eq!(Plan::decode(&short.encode()), Err(PlanError::OutOfOrder));
        let whole = plan.encode();
        for len in 0..whole.len() {
            assert!(
                matches!(Plan::decode(&whole[..len]), Err(PlanError::Malformed(_))),
                "{len} bytes"
            );
        }
    }
}
