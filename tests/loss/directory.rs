//! What becomes of the data directory while it is written to: removed, or on a disk that is full and has room again.

use crate::harness::check::COV_TRACE;
use crate::harness::command::mark;
use crate::harness::server::{A, B, Server};
use std::process::Command;
use testing::run::{to_end, until};

#[test]
fn a_removed_one_is_made_again_and_told_of() {
    let server = Server::new();
    let data = &server.data;
    let mut session = server.measured(&[]);
    session.send("a");
    session.expect("a");
    // It may be written to at this very moment.
    while std::fs::remove_dir_all(data).is_err() {}
    session.send("b");
    session.expect("b");
    until(|| server.ran(A) && server.ran(B));
    let status = server.says(&["status"]);
    assert!(status.contains("warning: the data directory was removed"), "{status}");
    session.end_input();
    assert_eq!(session.status().code(), Some(0));
    session.until_only(&[]);
    assert!(server.process().complete);
    let left = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| !name.starts_with("run-")), "the run's directory is gone");
}

#[test]
fn a_disk_that_is_full_from_the_start_is_told_of_and_loses_nothing() {
    let server = Server::new();
    // While the disk is full it runs its line; then there is room.
    let script = "mkdir full && mount -t tmpfs -o size=2m none full && mkfifo in && { \"$1\" <in >out & } && exec 3>in \
        && { cat /dev/zero >full/filler 2>/dev/null; \"$0\" attach --data full/data $! 3>&- 2>told & } && ours=$! \
        && until grep -q 'attached to' told; do :; done; echo a >&3 \
        && until grep -q 'warning: what ran cannot be written' told; do :; done \
        && rm full/filler && until grep -q 'can be written again' told; do :; done \
        && exec 3>&-; wait $ours; status=$?; cat told; \"$0\" show --data full/data \"$2\"; exit $status";
    let mut command = Command::new("unshare");
    command.args(["-m", "bash", "-c", script, COV_TRACE]).arg(&server.program).arg(&server.sample.main);
    let outcome = to_end(&mark(), server.folder.path(), &mut command);
    assert!(outcome.status.success() && outcome.stdout.contains("No space left on device"), "{outcome:?}");
    let shown = outcome.stdout.lines().find(|line| line.contains(A));
    assert!(shown.is_some_and(|line| line.contains('+')), "{outcome:?}");
}
