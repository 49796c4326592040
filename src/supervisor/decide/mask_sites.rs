//! What the calls are for that a C library makes to change masks for its own sake, as far as that is always the same: then
//! they need not be watched, since what they bring about is known without.
//!
//! Around the making of a thread, for one, every signal is blocked. Of a mask that has all others each breakpoint tells that
//! SIGTRAP was among them; what is given back after that is what the thread had before; and what a new thread starts with is
//! in its own data before it runs.
//!
//! Invariant: only calls count of which the code itself says how they change the mask. One that was ever for something else
//! is no such call any more.

use super::ids::{FilePlace, SpaceId};
use super::masks::blocks_all;
use std::collections::HashMap;

/// What a call that changes a mask is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaskRole {
    /// It blocks every signal.
    BlocksAll,
    /// It gives a thread back what it had before it blocked every signal.
    GivesBack,
    /// It gives a new thread what is in its own data, so far behind its thread pointer.
    Starts(u64),
    /// Anything else, or not always the same.
    Other,
}

impl MaskRole {
    /// Of a call that changes a mask from `before` to `after`, which was known of the thread if it is not new; `within` is
    /// where the new mask is in the thread's own data, if it is there.
    pub fn of(before: u64, after: u64, is_new: bool, within: Option<u64>) -> Self {
        match within {
            _ if blocks_all(after) => MaskRole::BlocksAll,
            _ if is_new || !blocks_all(before) => MaskRole::Other,
            Some(distance) => MaskRole::Starts(distance),
            None => MaskRole::GivesBack,
        }
    }
}

/// What a call was for so far.
#[derive(Clone, Copy, Debug)]
struct MaskSite {
    role: MaskRole,
    times: u32,
}

/// The calls, by where they are.
#[derive(Debug, Default)]
pub(crate) struct MaskSites {
    sites: HashMap<FilePlace, MaskSite>,
    /// Where new threads have the mask that they start with, in the spaces where that is watched no longer.
    starts: HashMap<SpaceId, u64>,
}

impl MaskSites {
    /// Notes what a call in a space was for; true if it is known now that it always is, so that nobody needs to watch it.
    pub fn is_known(&mut self, space: SpaceId, place: FilePlace, role: MaskRole) -> bool {
        /// So many times were always the same.
        const ALWAYS: u32 = 8;
        let site = self.sites.entry(place).or_insert(MaskSite { role, times: 0 });
        if site.role != role {
            site.role = MaskRole::Other;
        }
        site.times = site.times.saturating_add(1);
        let is_known = site.times >= ALWAYS && site.role != MaskRole::Other;
        if let MaskRole::Starts(distance) = site.role
            && is_known
        {
            self.starts.insert(space, distance);
        }
        is_known
    }

    /// How far behind its thread pointer a new thread of a space has the mask that it starts with, if it does not tell.
    pub fn start_in(&self, space: SpaceId) -> Option<u64> {
        self.starts.get(&space).copied()
    }

    /// A space is a copy of another.
    pub fn inherit(&mut self, space: SpaceId, of: SpaceId) {
        let distance = self.start_in(of);
        self.starts.extend(distance.map(|distance| (space, distance)));
    }

    /// A space is gone.
    pub fn forget(&mut self, space: SpaceId) {
        self.starts.remove(&space);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::ImageId;
    use crate::plan::FileOffset;

    const ALL: u64 = !0;
    const PLACE: FilePlace = FilePlace { image: ImageId(1), offset: FileOffset(7) };

    fn known_after(sites: &mut MaskSites, space: u32, roles: &[MaskRole]) -> Vec<bool> {
        roles.iter().map(|role| sites.is_known(SpaceId(space), PLACE, *role)).collect()
    }

    #[test]
    fn what_a_call_is_for_is_told_by_what_it_changes() {
        assert_eq!(MaskRole::of(0, ALL, true, None), MaskRole::BlocksAll);
        assert_eq!(MaskRole::of(ALL, 0, false, None), MaskRole::GivesBack);
        assert_eq!(MaskRole::of(ALL, 0, false, Some(16)), MaskRole::Starts(16));
        assert_eq!(MaskRole::of(ALL, 0, true, Some(16)), MaskRole::Other);
        assert_eq!(MaskRole::of(1, 0, false, None), MaskRole::Other);
    }

    #[test]
    fn what_was_always_the_same_is_known_in_all_spaces() {
        let mut sites = MaskSites::default();
        let before = known_after(&mut sites, 0, &[MaskRole::GivesBack; 8]);
        assert_eq!(before, [[false; 7].as_slice(), &[true]].concat());
        assert_eq!(known_after(&mut sites, 1, &[MaskRole::GivesBack, MaskRole::Other]), [true, false]);
        assert_eq!(known_after(&mut sites, 1, &[MaskRole::GivesBack; 9]), [false; 9]);
    }

    #[test]
    fn where_threads_start_with_is_known_where_it_is_not_watched() {
        let mut sites = MaskSites::default();
        known_after(&mut sites, 0, &[MaskRole::Starts(16); 7]);
        assert_eq!(sites.start_in(SpaceId(0)), None);
        known_after(&mut sites, 0, &[MaskRole::Starts(16)]);
        sites.inherit(SpaceId(2), SpaceId(0));
        sites.forget(SpaceId(0));
        assert_eq!([0, 1, 2].map(|space| sites.start_in(SpaceId(space))), [None, None, Some(16)]);
    }

    #[test]
    fn threads_that_start_with_what_is_elsewhere_each_time_are_not_known() {
        let mut sites = MaskSites::default();
        let roles: Vec<MaskRole> = (0..20).map(|at| MaskRole::Starts(at % 2)).collect();
        assert!(!known_after(&mut sites, 0, &roles).contains(&true));
    }
}
