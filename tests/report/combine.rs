//! `cov-trace combine`.

use super::{Measurements, RUN, file, function, lines, process};
use cov_trace::store::{DataDir, Reader, RunLabels};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Two machines: the same build under other paths, and one file that is broken.
fn machines() -> (Measurements, Measurements) {
    let (mut here, mut there) = (Measurements::new(), Measurements::new());
    for (measurements, folder, ran) in [(&mut here, "/one", &[1, 2][..]), (&mut there, "/other", &[2, 3])] {
        let path = format!("{folder}/src/a.c");
        let facts = file(&path, lines(1..=4), vec![function(1, 4, "f")]);
        let mut record = process(10, vec![(facts, lines(ran.iter().copied()))]);
        // Two processes, which have the same number, pid and name of a run by chance.
        record.head.started.0 += ran.iter().map(|line| i64::from(*line)).sum::<i64>();
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
    assert!(!here.data().path().join("images").exists(), "no data file names an image");
}

#[test]
fn processes_are_kept_in_any_order_and_dropped_on_request() {
    let (here, there) = machines();
    let there_data = there.path(".cov-trace");
    let combined = |inputs: &[&str]| {
        let told = here.run(&[&["combine", "-o", "all"], inputs].concat());
        assert_eq!(told.status, Some(0), "{told:?}");
        let data = DataDir::open_for_reading(Path::new(&here.path("all"))).unwrap();
        let bytes = fs::read(data.path_of(&data.process_files().unwrap()[0])).unwrap();
        fs::remove_dir_all(here.path("all")).unwrap();
        bytes
    };
    let both = combined(&[".cov-trace", &there_data]);
    assert!(combined(&[&there_data, ".cov-trace"]) == both);
    assert_eq!(here.run(&["combine", "-o", "part", ".cov-trace"]).status, Some(0));
    assert!(combined(&[&there_data, "part", ".cov-trace"]) == both, "a part again");
    assert!(combined(&["--flat", &there_data, ".cov-trace"]) != both);
    assert_eq!(here.run(&["combine", "-o", "all", ".cov-trace", &there_data]).status, Some(0));
    assert_eq!(here.run(&["ps", "--data=all"]).clean().lines().filter(|row| row.contains("exit 0")).count(), 2);
    assert_eq!(here.run(&["combine", "--flat", "-o", "flat", "all"]).status, Some(0));
    let flat = here.run(&["ps", "--data=flat"]).clean();
    assert!(flat.contains("combined '2 processes'"), "{flat}");
}

#[test]
fn labels_of_runs_go_along() {
    const OTHER: &str = "20261123T010203.512Z-9";
    let (mut here, mut there) = machines();
    let mut other = process(12, vec![(file("/one/src/a.c", lines(1..=4), vec![]), lines([4]))]);
    other.head.run = OTHER.to_owned();
    there.add_to_directory(&other);
    here.label(RUN, &[("host", "h"), ("rev", "1"), ("service", "api")]);
    there.label(RUN, &[("host", "h"), ("rev", "1")]);
    there.label(OTHER, &[("host", "k"), ("rev", "1")]);
    there.label("20261123T010203.512Z-8", &[("rev", "of a run without processes")]);
    let there_data = there.path(".cov-trace");
    let combined = |output: &str, words: &[&str]| {
        let told = here.run(&[&["combine", "-o", output], words].concat());
        assert_eq!(told.status, Some(0), "{told:?}");
        let data = DataDir::open_for_reading(Path::new(&here.path(output))).unwrap();
        let file = data.process_files().unwrap().remove(0);
        (RunLabels::of_data(&data, &Reader::default()).unwrap(), fs::read(data.path_of(&file)).unwrap(), file.run)
    };
    let of_run = |labels: &RunLabels, run: &str| {
        let labels = labels.get(run).cloned().unwrap_or_default();
        labels.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    let (labels, bytes, _) = combined("all", &[".cov-trace", &there_data]);
    assert_eq!(of_run(&labels, RUN), ["host=h", "rev=1", "service=api"]);
    assert_eq!(of_run(&labels, OTHER), ["host=k", "rev=1"]);
    assert!(of_run(&labels, "20261123T010203.512Z-8").is_empty());
    assert!(combined("swapped", &[&there_data, ".cov-trace"]).1 == bytes, "in another order");
    combined("part", &[&there_data]);
    assert!(combined("tree", &["part", ".cov-trace", "all"]).1 == bytes, "by a tree");
    // Of processes that are not told apart is known what all runs have in common.
    let (flat, _, run) = combined("flat", &["--flat", "all"]);
    assert_eq!(of_run(&flat, &run), ["rev=1"]);
    assert!(here.run(&["ps", "--data=all"]).clean().contains(&format!("run {OTHER}\nlabels rev=1\n")));

    let exported = there.run(&["export", "--pid", "12", "-o", &there.path("12.sqlite")]);
    assert_eq!(exported.status, Some(0), "{exported:?}");
    fs::create_dir(there.path("one")).unwrap();
    fs::rename(there.path("12.sqlite"), there.path(&format!("one/0-{OTHER}-1.sqlite"))).unwrap();
    let data = DataDir::open_for_reading(Path::new(&there.path("one"))).unwrap();
    let labels = RunLabels::of_data(&data, &Reader::default()).unwrap();
    assert_eq!((of_run(&labels, OTHER), of_run(&labels, RUN)), (vec!["host=k".to_owned(), "rev=1".to_owned()], vec![]));

    let erased = there.run(&["erase", "--run", OTHER]).clean();
    assert!(erased.starts_with("erased 1 process"), "{erased}");
    let labels = RunLabels::of_data(&there.data(), &Reader::default()).unwrap();
    assert_eq!((of_run(&labels, RUN).len(), of_run(&labels, OTHER).len()), (2, 0));
}

#[test]
fn a_directory_with_labels_alone_has_no_measurements() {
    let mut measurements = Measurements::new();
    measurements.label(RUN, &[("rev", "1")]);
    for words in [&["report"][..], &["ps"], &["export", "-o", "x.sqlite"]] {
        let error = measurements.run(words).error();
        assert!(error.contains("no measurements in .cov-trace; measure a program first"), "{error}");
    }
    fs::write(measurements.data().path().join(format!("7-{RUN}-0.sqlite")), "no database").unwrap();
    let error = measurements.run(&["report"]).error();
    assert!(error.contains("it is no SQLite database"), "{error}");
}

#[test]
fn an_exported_process_needs_no_other_file() {
    let mut measurements = Measurements::new();
    for pid in [10, 11] {
        measurements
            .add_to_directory(&process(pid, vec![(file("/a.c", lines(1..=4), vec![]), lines([pid as u32 - 9]))]));
    }
    let told = measurements.run(&["export", "--pid", "11", "-o", "11.sqlite"]);
    assert_eq!((told.status, told.stderr.as_str()), (Some(0), "cov-trace: wrote 1 process to 11.sqlite\n"));
    let record = cov_trace::store::read(Path::new(&measurements.path("11.sqlite"))).unwrap();
    assert_eq!((record.head.pid, record.hits[0].lines.iter().collect::<Vec<_>>()), (11, vec![2]));
    let all = measurements.run(&["export", "-o", "all.sqlite"]);
    assert_eq!(all.stderr, "cov-trace: wrote 2 processes to all.sqlite\n");
    // A process that is in two files of the directory is one.
    assert_eq!(measurements.run(&["combine", "-o", "twice", ".cov-trace"]).status, Some(0));
    for file in measurements.data().process_files().unwrap() {
        fs::copy(measurements.data().path_of(&file), measurements.path(&format!("twice/{file}"))).unwrap();
    }
    let images = measurements.data().path().join("images");
    fs::create_dir(measurements.path("twice/images")).unwrap();
    for image in fs::read_dir(&images).unwrap().map(Result::unwrap) {
        let name = image.file_name().into_string().unwrap();
        fs::copy(image.path(), measurements.path(&format!("twice/images/{name}"))).unwrap();
    }
    let twice = measurements.run(&["export", "--data=twice", "-o", "twice.sqlite"]);
    assert_eq!(twice.stderr, "cov-trace: wrote 2 processes to twice.sqlite\n");
    assert!(fs::read(measurements.path("twice.sqlite")).unwrap() == fs::read(measurements.path("all.sqlite")).unwrap());
    let none = measurements.run(&["export", "--pid", "12", "-o", "12.sqlite"]).error();
    assert!(none.contains("no process with pid 12") && !fs::exists(measurements.path("12.sqlite")).unwrap(), "{none}");
    // One file of the directory alone does not say what its lines are.
    let name = measurements.data().process_files().unwrap()[0].to_string();
    fs::create_dir(measurements.path("alone")).unwrap();
    fs::copy(measurements.data().path().join(&name), measurements.path(&format!("alone/{name}"))).unwrap();
    let alone = measurements.run(&["report", "--data=alone"]).error();
    assert!(alone.contains("is missing") && alone.contains("copy data directories as a whole"), "{alone}");
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
