//! A probe plan: all that the supervisor learns of an image, as offsets into its file.
//!
//! Invariant: what [`Plan::decode`] accepts has sorted, unique offsets and as many bytes as offsets.

pub use platform::arch::LandmarkKind;
use serde::{Deserialize, Serialize};

/// Where to plant in one image. Bit n of a section is `offsets[n]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// File offsets of the probes, ascending.
    pub offsets: Vec<u64>,
    /// The byte that stands at each.
    pub originals: Vec<u8>,
    /// The group of each, numbered without gaps: once one probe of a group was hit, the others tell nothing new.
    pub groups: Vec<u32>,
    /// Instructions watched for the supervisor's own knowledge, ascending by offset.
    pub landmarks: Vec<Landmark>,
}

/// Probes sorted by their group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByGroup {
    starts: Vec<u32>,
    probes: Vec<u32>,
}

impl ByGroup {
    /// The probes of a group.
    pub fn of(&self, group: u32) -> &[u32] {
        let at = |group: usize| self.starts.get(group).map_or(self.probes.len(), |&start| start as usize);
        &self.probes[at(group as usize)..at(group as usize + 1)]
    }
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
        let count = plan.offsets.len();
        let complete = count == plan.originals.len() && count == plan.groups.len();
        let grouped = plan.groups.iter().all(|&group| (group as usize) < count);
        if sorted && complete && grouped && u32::try_from(count).is_ok() {
            Ok(plan)
        } else {
            Err(PlanError::OutOfOrder)
        }
    }

    /// The probes by group: those of group g are `probes[starts[g]..starts[g + 1]]`.
    pub fn by_group(&self) -> ByGroup {
        let count = self.groups.iter().max().map_or(0, |&last| last as usize + 1);
        let mut starts = vec![0u32; count + 1];
        for &group in &self.groups {
            starts[group as usize + 1] += 1;
        }
        for group in 0..count {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut probes = vec![0; self.groups.len()];
        for (probe, &group) in (0..).zip(&self.groups) {
            probes[next[group as usize] as usize] = probe;
            next[group as usize] += 1;
        }
        ByGroup { starts, probes }
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
        self.landmarks.binary_search_by_key(&offset, |landmark| landmark.offset).ok().map(|index| self.landmarks[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_out_of_order_or_short() {
        let plan =
            Plan { offsets: vec![1, 5, 9], originals: vec![2, 3, 4], groups: vec![1, 0, 1], landmarks: Vec::new() };
        assert_eq!(Plan::decode(&plan.encode()), Ok(plan.clone()));
        assert_eq!(plan.probe_at(5), Some(1));
        assert_eq!(plan.probe_at(6), None);
        let double = Plan { offsets: vec![1, 5, 5], ..plan.clone() };
        assert_eq!(Plan::decode(&double.encode()), Err(PlanError::OutOfOrder));
        let short = Plan { originals: vec![2], ..plan.clone() };
        assert_eq!(Plan::decode(&short.encode()), Err(PlanError::OutOfOrder));
        let stray = Plan { groups: vec![0, 3, 0], ..plan.clone() };
        assert_eq!(Plan::decode(&stray.encode()), Err(PlanError::OutOfOrder));
        assert_eq!((plan.by_group().of(0), plan.by_group().of(1)), (&[1][..], &[0, 2][..]));
        assert_eq!(plan.by_group().of(2), [0; 0]);
        let whole = plan.encode();
        for len in 0..whole.len() {
            assert!(matches!(Plan::decode(&whole[..len]), Err(PlanError::Malformed(_))), "{len} bytes");
        }
    }
}
