//! What becomes of the data directory while it is written to: removed, or on a disk that is full and has room again.

use crate::harness::build;
use crate::harness::check::{COV_TRACE, under_cov_trace};
use crate::harness::command::mark;
use crate::harness::measured;
use crate::harness::sample::Sample;
use crate::harness::session::Session;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use testing::run::{LIMIT, to_end};

/// Whether the line of the sample with this text is in a file as one that ran.
fn ran(data: &Path, sample: &Sample, wanted: &str) -> bool {
    let text = std::fs::read_to_string(&sample.main).unwrap();
    let line = text.lines().position(|line| line.contains(wanted)).unwrap() as u32 + 1;
    data.exists() && measured::processes(data).iter().any(|process| process.ran(&sample.main, line))
}

#[test]
fn a_removed_one_is_made_again_and_told_of() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let data = folder.path().join("data");
    let mut session = Session::start(folder.path(), under_cov_trace(&data, &program));
    session.expect("ready");
    session.send("a");
    session.expect("a");
    // It may be written to at this very moment.
    while std::fs::remove_dir_all(&data).is_err() {}
    session.send("b");
    session.expect("b");
    let start = Instant::now();
    while !(ran(&data, &sample, "dprintf(1, \"a\\n\")") && ran(&data, &sample, "dprintf(1, \"b\\n\")")) {
        assert!(start.elapsed() < LIMIT, "it is not made again");
        std::thread::yield_now();
    }
    let mut status = Command::new(COV_TRACE);
    let status = to_end(&mark(), folder.path(), status.args(["status", "--data"]).arg(&data));
    assert!(status.status.success() && status.stdout.contains("warning: the data directory was removed"), "{status:?}");
    session.end_input();
    assert_eq!(session.status().code(), Some(0));
    session.until_only(&[]);
    assert!(measured::processes(&data)[0].complete);
    let left = std::fs::read_dir(&data).unwrap().count();
    assert_eq!(left, 1, "the run's directory is gone");
}

#[test]
fn a_disk_that_is_full_from_the_start_is_told_of_and_loses_nothing() {
    let sample = Sample::load("process/server");
    let program = build::program(&sample, &sample.builds[0]);
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    // While the disk is full it runs its line; then there is room.
    let script = "mkdir full && mount -t tmpfs -o size=2m none full && mkfifo in && { \"$1\" <in >out & } && exec 3>in \
        && { cat /dev/zero >full/filler 2>/dev/null; \"$0\" attach --data full/data $! 3>&- 2>told & } && ours=$! \
        && until grep -q 'attached to' told; do :; done; echo a >&3 \
        && until grep -q 'warning: what ran cannot be written' told; do :; done \
        && rm full/filler && until grep -q 'can be written again' told; do :; done \
        && exec 3>&-; wait $ours; status=$?; cat told; \"$0\" show --data full/data \"$2\"; exit $status";
    let mut command = Command::new("unshare");
    command.args(["-m", "bash", "-c", script, COV_TRACE]).arg(&program).arg(&sample.main);
    let outcome = to_end(&mark(), folder.path(), &mut command);
    assert!(outcome.status.success() && outcome.stdout.contains("No space left on device"), "{outcome:?}");
    let shown = outcome.stdout.lines().find(|line| line.contains("dprintf(1, \"a\\n\")"));
    assert!(shown.is_some_and(|line| line.contains('+')), "{outcome:?}");
}
