//! `cov-trace combine`.

use super::{Measurements, file, function, lines, process};
use std::fs;
use std::sync::Arc;

/// Two machines: the same build under other paths, and one file that is broken.
fn machines() -> (Measurements, Measurements) {
    let (mut here, mut there) = (Measurements::new(), Measurements::new());
    for (measurements, folder, ran) in [(&mut here, "/one", &[1, 2][..]), (&mut there, "/other", &[2, 3])] {
        let path = format!("{folder}/src/a.c");
        let facts = file(&path, lines(1..=4), vec![function(1, 4, "f")]);
        let mut record = process(10, vec![(facts, lines(ran.iter().copied()))]);
        let mut image = (*record.images[0]).clone();
        image.build_id = Some("abcd".to_owned());
        record.images = vec![Arc::new(image)];
        measurements.add(&record);
    }
    (here, there)
}

#[test]
fn many_measurements_become_one_and_stay_what_they_were() {
    let (here, there) = machines();
    let there_data = there.path(".cov-trace");
    let before = (super::listing(here.data().path()), super::listing(there.data().path()));
    let map = ["--map", "/one=/src", "--map", "/other=/src"];
    let told = here.run(&[&["combine", "-o", "all", ".cov-trace", &there_data], &map[..]].concat());
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(
        told.stdout.is_empty() && told.stderr.starts_with("cov-trace: combined 2 processes into all/0-"),
        "{told:?}"
    );
    assert_eq!((super::listing(here.data().path()), super::listing(there.data().path())), before);
    let report = here.run(&["report", "-m", "--data=all"]).clean();
    assert!(report.contains("/src/src/a.c      4       1  75.0%  4"), "{report}");
    let again = here.run(&["combine", "-o", "again", "all", "all"]);
    assert_eq!(again.status, Some(0), "{again:?}");
    assert_eq!(here.run(&["report", "-m", "--data=again"]).clean(), report);
    let itself = here.run(&["combine", "-o", "again", ".cov-trace", "./again/"]).error();
    assert!(itself.contains("again is an input and the output"), "{itself}");
    assert_eq!(here.run(&["combine", "-o", "moved", ".cov-trace", "--delete"]).status, Some(0));
    assert!(here.data().process_files().unwrap().is_empty());
}

#[test]
fn broken_inputs_are_told_and_left_out() {
    let (here, there) = machines();
    fs::write(here.path("broken.sqlite"), "no database").unwrap();
    let inputs = ["combine", "-o", "all", ".cov-trace", "broken.sqlite", "nowhere", "--delete"];
    let told = here.run(&inputs);
    assert_eq!(told.status, Some(0), "{told:?}");
    for part in ["left out: read ", "broken.sqlite", "nowhere: No such file", "combined 1 process into"] {
        assert!(told.stderr.contains(part), "{told:?}");
    }
    assert!(fs::exists(here.path("broken.sqlite")).unwrap(), "what is not in the combined file stays");
    let strict = there.run(&["combine", "-o", "all", ".cov-trace", "nowhere", "--strict"]);
    assert_eq!(strict.status, Some(1), "{strict:?}");
    assert!(strict.stderr.contains("combined 1 process into"), "{strict:?}");
    let nothing = there.run(&["combine", "-o", "all", "nowhere"]);
    assert_eq!(nothing.status, Some(1));
    assert!(nothing.stderr.contains("nothing to combine"), "{nothing:?}");
}
