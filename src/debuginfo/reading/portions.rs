//! Work done by several threads at once.
//!
//! Invariant: the result is that of one thread, item by item in order, however many there are.

use rayon::prelude::*;

/// Does something with each item; one item alone is not handed to another thread.
pub(crate) fn map<T: Send, R: Send>(mut items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    match (items.pop(), items.is_empty()) {
        (None, _) => Vec::new(),
        (Some(only), true) => vec![work(only)],
        (Some(last), false) => {
            items.push(last);
            items.into_par_iter().map(work).collect()
        }
    }
}

/// Does something with each run of `len` neighbours, the last of which may be shorter.
pub(crate) fn map_runs<T: Sync, R: Send>(items: &[T], len: usize, work: impl Fn(&[T]) -> R + Sync + Send) -> Vec<R> {
    map(items.chunks(len.max(1)).collect(), work)
}

/// Cuts items into portions of about the same weight, each of neighbours and of at least `least`, unless it is the last.
pub(crate) fn cut<T>(items: Vec<T>, least: u64, weight: impl Fn(&T) -> u64) -> Vec<Vec<T>> {
    /// Enough that all threads have something to do up to the end.
    const PORTIONS: u64 = 32;
    let whole = items.iter().fold(0u64, |sum, item| sum.saturating_add(weight(item)));
    let full = (whole / PORTIONS).max(least);
    let mut portions: Vec<Vec<T>> = Vec::new();
    let mut weighs = full;
    for item in items {
        let more = weight(&item);
        match portions.last_mut() {
            Some(portion) if weighs < full => portion.push(item),
            Some(_) | None => {
                portions.push(vec![item]);
                weighs = 0;
            }
        }
        weighs = weighs.saturating_add(more);
    }
    portions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_keep_the_order() {
        let items: Vec<u64> = (0..1000).collect();
        let portions = cut(items.clone(), 10, |_| 1);
        assert!(portions.len() > 20 && portions.iter().rev().skip(1).all(|portion| portion.len() >= 10));
        assert_eq!(portions.concat(), items);
        assert_eq!(cut(items.clone(), 5000, |_| 1), std::slice::from_ref(&items));
        assert_eq!(cut(Vec::<u64>::new(), 1, |_| 1), Vec::<Vec<u64>>::new());
        assert_eq!(cut(vec![u64::MAX, 1, 2], 1, |weight| *weight), [vec![u64::MAX], vec![1, 2]]);
    }

    #[test]
    fn results_keep_the_order() {
        for count in [0, 1, 2, 1000] {
            let expected: Vec<u64> = (0..count).map(|item| item * 2).collect();
            assert_eq!(map((0..count).collect(), |item| item * 2), expected);
            let items: Vec<u64> = (0..count).collect();
            let runs = map_runs(&items, 7, |run| run.iter().map(|item| item * 2).collect::<Vec<_>>());
            assert_eq!(runs.concat(), expected);
        }
    }
}
