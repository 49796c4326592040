//! Landmarks that are reached all the time and tell nothing new: their breakpoints go, since a program shall not pay for
//! each time. Where all kinds of system calls are made, of which one may make a child at last, the breakpoint comes back
//! after a pause, for fewer times.
//!
//! Invariant: in the long run a landmark takes a program a thousandth of its time at the most.

use crate::supervisor::decide::ids::SpaceId;
use platform::Avma;
use platform::arch::LandmarkKind;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// So often is enough...
const OFTEN_ENOUGH: u32 = 128;
/// ...and so often for one that came back.
const ONCE_MORE: u32 = 16;
/// Within this time, for one that comes back.
const WINDOW: Duration = Duration::from_secs(1);
/// The first pause; each is twice as long as the one before, if the landmark is worn out again at once.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often one was reached that told nothing new.
#[derive(Clone, Copy, Debug)]
struct Reached {
    times: u32,
    since: Instant,
    /// When its breakpoint comes back, if it is out and does.
    due: Option<Instant>,
    /// The pause before it came back last.
    pause: Option<Duration>,
}

/// The landmarks that were reached.
#[derive(Debug, Default)]
pub(crate) struct Wear(HashMap<(SpaceId, Avma), Reached>);

impl Wear {
    /// Counts that a landmark was reached and told nothing new; true once its breakpoint is to go.
    pub fn is_worn_out(&mut self, space: SpaceId, at: Avma, kind: LandmarkKind, now: Instant) -> bool {
        let fresh = Reached { times: 0, since: now, due: None, pause: None };
        let reached = self.0.entry((space, at)).or_insert(fresh);
        let comes_back = matches!(kind, LandmarkKind::Call | LandmarkKind::Announced);
        if reached.due.is_some() {
            // A thread had executed the breakpoint before.
            return true;
        }
        if comes_back && now.duration_since(reached.since) > WINDOW {
            *reached = fresh;
        }
        reached.times += 1;
        if reached.times <= reached.pause.map_or(OFTEN_ENOUGH, |_| ONCE_MORE) {
            return false;
        }
        if comes_back {
            let pause = reached.pause.map_or(FIRST_PAUSE, |pause| LONGEST_PAUSE.min(2 * pause));
            *reached = Reached { due: Some(now + pause), pause: Some(pause), ..*reached };
        }
        true
    }

    /// When the next breakpoint comes back.
    pub fn next_due(&self) -> Option<Instant> {
        self.0.values().filter_map(|reached| reached.due).min()
    }

    /// The landmarks whose breakpoints come back now.
    pub fn take_due(&mut self, now: Instant) -> Vec<(SpaceId, Avma)> {
        let mut due = Vec::new();
        for (place, reached) in &mut self.0 {
            if reached.due.is_some_and(|due| due <= now) {
                *reached = Reached { times: 0, since: now, due: None, ..*reached };
                due.push(*place);
            }
        }
        due
    }

    /// A landmark is worth its breakpoint now; true if that is out.
    pub fn comes_back(&mut self, space: SpaceId, at: Avma, now: Instant) -> bool {
        let Some(reached) = self.0.get_mut(&(space, at)) else { return false };
        let was_out = reached.due.is_some();
        *reached = Reached { times: 0, since: now, due: None, pause: None };
        was_out
    }

    /// A space is a copy of another.
    pub fn inherit(&mut self, space: SpaceId, of: SpaceId) {
        let copied: Vec<_> =
            self.0.iter().filter(|((other, _), _)| *other == of).map(|(place, at)| (*place, *at)).collect();
        self.0.extend(copied.into_iter().map(|((_, at), reached)| ((space, at), reached)));
    }

    /// A space is gone, or no landmark is to be in it any more.
    pub fn forget(&mut self, space: SpaceId) {
        self.0.retain(|(of, _), _| *of != space);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: SpaceId = SpaceId(0);
    const AT: Avma = Avma(0x1000);

    /// How often it is reached at `now` until it is worn out.
    fn times(wear: &mut Wear, kind: LandmarkKind, now: Instant) -> usize {
        (1..).find(|_| wear.is_worn_out(SPACE, AT, kind, now)).unwrap_or(0)
    }

    #[test]
    fn one_for_all_kinds_of_calls_comes_back_for_fewer_times_after_longer_pauses() {
        let (mut wear, start) = (Wear::default(), Instant::now());
        assert_eq!(times(&mut wear, LandmarkKind::Call, start), 129);
        assert!(wear.is_worn_out(SPACE, AT, LandmarkKind::Call, start));
        let mut now = start;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let due = wear.next_due().expect("it comes back");
            assert!(wear.take_due(due - Duration::from_millis(1)).is_empty());
            assert_eq!(wear.take_due(due), [(SPACE, AT)]);
            pauses.push((due - now).as_millis());
            now = due;
            assert_eq!(times(&mut wear, LandmarkKind::Call, now), 17);
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn one_that_was_quiet_begins_again() {
        let (mut wear, start) = (Wear::default(), Instant::now());
        times(&mut wear, LandmarkKind::Call, start);
        let back = start + FIRST_PAUSE;
        wear.take_due(back);
        assert_eq!(times(&mut wear, LandmarkKind::Call, back + 2 * WINDOW), 129);
        assert_eq!(wear.next_due(), Some(back + 2 * WINDOW + FIRST_PAUSE));
    }

    #[test]
    fn others_stay_out() {
        let (mut wear, start) = (Wear::default(), Instant::now());
        assert_eq!(times(&mut wear, LandmarkKind::SignalMask, start), 129);
        assert_eq!(wear.next_due(), None);
    }

    #[test]
    fn a_copied_space_has_what_is_out_in_the_original() {
        let (mut wear, start) = (Wear::default(), Instant::now());
        times(&mut wear, LandmarkKind::Call, start);
        wear.inherit(SpaceId(1), SPACE);
        wear.forget(SPACE);
        assert_eq!(wear.take_due(start + FIRST_PAUSE), [(SpaceId(1), AT)]);
    }
}
