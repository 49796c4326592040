//! Tests that facts come back as they were written, and only those that fit together.

use super::*;
use crate::debuginfo::Function;
use crate::plan::OwnersBuilder;
use crate::store::SourceOrigin;
use crate::warning::Warning;

fn line(file: u32, number: u32) -> Line {
    Line { file, number }
}

#[test]
fn facts_are_read_as_they_were_written() {
    let mut owners = OwnersBuilder::default();
    owners.push(1, [0]);
    let facts = StoredFacts {
        opens: Opens::Watched,
        path: "/bin/x".to_owned(),
        build_id: Some("0a".to_owned()),
        files: vec!["/a.c".to_owned(), "/ü.c".to_owned()],
        origins: vec![
            SourceOrigin { real: Some("/b.c".to_owned()), ..SourceOrigin::default() },
            SourceOrigin::default(),
        ],
        probes: vec![line(1, 7), line(0, 3)],
        also: vec![(0, line(1, 8)), (1, line(0, 4))],
        before: vec![NONE, 0],
        left_out: vec![line(0, 9)],
        functions: vec![Function { file: 1, start: 6, end: 9, name: "main".to_owned(), told: true }],
        owners: owners.finish(),
        warnings: vec![Warning { slug: "slug".to_owned(), text: "text".to_owned(), count: 2 }],
    };
    let bytes = facts.write(Vec::new()).unwrap();
    assert_eq!(StoredFacts::decode(&bytes), Some(facts.clone()));
    for len in 0..bytes.len() {
        assert_eq!(StoredFacts::decode(&bytes[..len]), None, "{len} bytes");
    }
    let found = StoredFacts { origins: vec![SourceOrigin::default(), facts.origins[0].clone()], ..facts.clone() };
    let mut added = bytes.clone();
    found.write_sources(&mut added).unwrap();
    assert_eq!(StoredFacts::decode(&added), Some(found));
    for len in bytes.len()..added.len() {
        assert_eq!(StoredFacts::decode(&added[..len]), Some(facts.clone()), "{len} bytes");
    }
    let stray = StoredFacts { probes: vec![line(2, 7), line(0, 3)], ..facts.clone() };
    assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
    let stray = StoredFacts { left_out: vec![line(2, 7)], ..facts.clone() };
    assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
    for also in [vec![(2, line(0, 4))], vec![(0, line(2, 4))], vec![(1, line(0, 4)), (0, line(0, 4))]] {
        let stray = StoredFacts { also, ..facts.clone() };
        assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
    }
    let short = StoredFacts { before: vec![NONE], ..facts.clone() };
    assert_eq!(StoredFacts::decode(&short.write(Vec::new()).unwrap()), None);
    let stray = StoredFacts { before: vec![NONE, 2], ..facts.clone() };
    assert_eq!(StoredFacts::decode(&stray.write(Vec::new()).unwrap()), None);
    let endless = StoredFacts { before: vec![1, 0], ..facts }.into_facts();
    assert_eq!(endless.executed_with(0).count(), 2);
}
