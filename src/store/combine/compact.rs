//! What a process ran, in few bytes as long as other processes are added up.
//!
//! Invariant: what is packed is unpacked equal.

use crate::store::Numbits;
use crate::store::keys::ContentKey;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Lines and functions by image, file and label.
pub(super) type RanSets = BTreeMap<(ContentKey, usize, String), [Numbits; 2]>;

/// Such sets, as bytes.
#[derive(Debug)]
pub(super) struct CompactSets(Box<[u8]>);

/// What the bytes stand for: the labels, and what ran by image, file and label.
#[derive(Serialize, Deserialize)]
struct Encoded<'a> {
    #[serde(borrow)]
    labels: Vec<&'a str>,
    rows: Vec<(i64, usize, usize, [Pieces; 2])>,
}

/// Parts of a set, each with its first line.
type Pieces = Vec<(u32, Vec<u8>)>;

impl CompactSets {
    /// Packs sets.
    pub fn of(sets: &RanSets) -> CompactSets {
        let labels: BTreeSet<&str> = sets.keys().map(|(.., label)| label.as_str()).collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        let row = |((image, file, label), sets): (&(ContentKey, usize, String), &[Numbits; 2])| {
            let label = labels.binary_search(&label.as_str()).expect("invariant: they were taken from here");
            (image.number(), *file, label, [pieces(&sets[0]), pieces(&sets[1])])
        };
        let rows = sets.iter().map(row).collect();
        let encoded = postcard::to_stdvec(&Encoded { labels, rows });
        CompactSets(encoded.expect("invariant: numbers, strings and bytes always encode").into())
    }

    /// The sets.
    pub fn sets(&self) -> RanSets {
        let found = "invariant: the bytes are those that were made here";
        let Encoded { labels, rows } = postcard::from_bytes(&self.0).expect(found);
        let set = |pieces: Pieces| {
            let mut set = Numbits::default();
            pieces.iter().for_each(|(first, bytes)| assert!(set.add_piece(*first, bytes), "{found}"));
            set
        };
        let sets = rows.into_iter().map(|(image, file, label, pieces)| {
            let image = ContentKey::from_number(image).expect(found);
            ((image, file, labels[label].to_owned()), pieces.map(set))
        });
        sets.collect()
    }
}

fn pieces(set: &Numbits) -> Pieces {
    set.pieces().into_iter().map(|(first, bytes)| (first, bytes.to_vec())).collect()
}
