// Shows Rust's std::process::Command, which spawns, pipes and waits, and one that does not exist.
// build: rustc --edition 2024 -g -C opt-level=0
// process parent: exit 0
// process child of parent: exit 5
// process failed of parent: exit 127
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

fn child() -> ExitCode {                                    // hit @child
    let mut line = String::new();                           // hit @child
    std::io::stdin().read_line(&mut line).unwrap();         // hit @child
    println!("child read {}", line.trim());                 // hit @child
    ExitCode::from(5)                                       // hit @child
}

fn main() -> ExitCode {                                     // hit @parent @child
    let mut arguments = std::env::args();                   // hit @parent @child
    let program = arguments.next().unwrap();                // hit @parent @child
    if arguments.next().is_some() {                         // hit @parent @child
        return child();                                     // hit @child
    }
    let mut spawned = Command::new(program)                 // hit @parent
        .arg("child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    spawned.stdin.take().unwrap().write_all(b"this\n").unwrap(); // hit @parent
    let output = spawned.wait_with_output().unwrap();       // hit @parent
    print!("{}", String::from_utf8_lossy(&output.stdout));  // hit @parent
    println!("{:?}", output.status.code());                 // hit @parent
    let missing = Command::new("/does/not/exist").spawn();  // hit @parent
    println!("{:?}", missing.map(drop).map_err(|e| e.kind())); // hit @parent
    ExitCode::SUCCESS                                       // hit @parent
}
