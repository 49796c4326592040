//! `report --growth` of a real run.

use crate::harness::measured;
use crate::harness::server::{B, Server};
use testing::run::signal;

/// The columns NEW and TOTAL.
fn rows(table: &str) -> Vec<(u64, u64)> {
    let number = |row: &str, back: usize| row.split_whitespace().rev().nth(back).unwrap().parse().unwrap();
    let rows = table.lines().filter(|line| line.ends_with('%'));
    rows.map(|row| (number(row, 2), number(row, 1))).collect()
}

#[test]
fn growth_adds_up_to_what_ran() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    server.says(&["flush"]);
    for letter in ["a", "b", "a"] {
        session.send(letter);
        session.expect(letter);
        server.says(&["flush"]);
    }
    let live = server.says(&["report", "--growth=all"]);
    assert!(live.contains(", under way"), "{live}");
    let fifo = server.folder.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    session.send("d");
    session.expect("d");
    std::fs::write(&fifo, "").unwrap();
    session.end_input();
    assert!(session.status().success());

    let processes = measured::processes(&server.data);
    let main = &server.sample.main;
    let union = |all: &[measured::Process]| {
        all.iter().flat_map(|process| process.lines_run(main)).collect::<std::collections::BTreeSet<_>>().len() as u64
    };
    let of_run = rows(&server.says(&["report", "--growth=all"]));
    assert!(of_run.len() >= 4, "{of_run:?}");
    assert_eq!(of_run.iter().map(|(new, _)| new).sum::<u64>(), union(&processes));
    assert_eq!(of_run.last().unwrap().1, union(&processes));
    assert_eq!(rows(&server.says(&["report", "--growth=1"])), [(union(&processes), union(&processes))]);
    for process in &processes {
        let of_process = rows(&server.says(&["report", "--growth", "--pid", &process.pid.to_string()]));
        assert_eq!(of_process.last().unwrap().1, process.lines_run(main).len() as u64);
    }
    let complaint = server.complains(&["report", "--growth", "--include", "src"]);
    assert!(complaint.contains("--growth") && complaint.contains("--include"), "{complaint}");
}

#[test]
fn growth_survives_a_kill_of_everybody() {
    let server = Server::new();
    let mut session = server.measured(&[]);
    session.send("a");
    session.expect("a");
    server.says(&["flush"]);
    let before = rows(&server.says(&["report", "--growth=all"]));
    session.send("b");
    session.expect("b");
    let victims = ["cov-recorder", "cov-supervisor"].map(|name| session.process_named(name));
    victims.into_iter().for_each(|pid| signal(pid, "KILL"));
    session.until_only(&["cov-trace", "server"]);
    session.end_input();
    session.until_only(&[]);
    let recovered = server.command(&["report", "--growth=all"]);
    let after = rows(&recovered.stdout);
    let ran = server.process().lines_run(&server.sample.main).len() as u64;
    assert!(server.ran(B) && after.last().unwrap().1 == ran, "{recovered:?}");
    assert_eq!(after[..before.len()], before, "what was told of growth stays told");
}
