//! What cannot be done is said, and tests go on for all that.

use super::project::Project;
use crate::harness::check::COV_TRACE;

/// A recorder that measures this process and does not know what it is asked after that; `{answer}` is what it says then.
const STRANGER: &str = "\
import json, os, socket, threading

os.makedirs('.cov-trace/run-1')
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind('.cov-trace/run-1/control')
listener.listen()
native = None

def serve():
    while True:
        client, _ = listener.accept()
        if json.loads(client.recv(65536)) == 'Status':
            for answer in {'Run': {'new': 1}}, {'Process': {'pid': os.getpid(), 'new': 2}}, 'NoMore':
                client.send(json.dumps(answer).encode())
        else:
            client.send(b'{answer}')
        client.close()

threading.Thread(target=serve, daemon=True).start()
";

const TESTS: &str = "def test_one(): pass\ndef test_two(): pass\n";

fn pytest(project: &Project, options: &[&str]) -> testing::run::Outcome {
    project.run(&Project::pytest(options))
}

#[test]
fn where_nothing_is_measured_it_says_how_to_measure() {
    let project = Project::with(TESTS, "");
    for options in [&[][..], &["-n", "2"]] {
        let said = pytest(&project, options);
        assert_eq!(said.status.code(), Some(4), "a usage error: {said:?}");
        for part in
            ["nothing is being measured in", "cov-trace -- python -m pytest --cov-trace", "--cov-trace-data DIR"]
        {
            assert!(said.stderr.contains(part), "{said:?}");
        }
    }
    let said = pytest(&project, &["--collect-only", "-q"]);
    assert!(said.status.success(), "nothing runs: {said:?}");
}

#[test]
fn where_another_process_is_measured_it_says_so() {
    let project = Project::with(TESTS, "");
    let shell = ["-q", "--data", ".cov-trace", "--", "sh", "-c", "echo ready; read word"];
    let mut command = std::process::Command::new(COV_TRACE);
    command.args(shell);
    let mut session = crate::harness::session::Session::start(project.path(), command);
    session.expect("ready");
    let said = pytest(&project, &[]);
    assert!(said.status.code() == Some(4) && said.stderr.contains("does not have this process"), "{said:?}");
    session.send("\n");
    session.expect_end_of_output();
    // What is over is not asked.
    std::fs::create_dir_all(project.path().join(".cov-trace/run-0")).unwrap();
    let said = pytest(&project, &[]);
    assert!(said.status.code() == Some(4) && said.stderr.contains("nothing is being measured in"), "{said:?}");
}

#[test]
fn a_measurement_that_ends_amid_the_tests_is_warned_of_once() {
    let tests = "\
import os, subprocess
from conftest import native
def test_one(): native.one()
def test_end(): subprocess.run([os.environ['COV_TRACE'], 'detach'], check=True)
def test_two(): native.two()
def test_three(): native.two()
";
    let project = Project::with(tests, "import ctypes, os\nnative = ctypes.CDLL(os.path.abspath('native.so'))\n");
    for options in [&["-W", "error"][..], &["-n", "1"]] {
        let words = [COV_TRACE, "-q", "--include", "native.c", "--"].map(str::to_owned);
        let named = ["env".to_owned(), format!("COV_TRACE={COV_TRACE}")];
        let words: Vec<String> = named.into_iter().chain(words).chain(Project::pytest(options)).collect();
        let said = project.run(&words);
        assert!(said.status.success() && said.stdout.contains("4 passed, 1 warning in"), "{said:?}");
        assert!(said.stdout.contains("was not switched") && said.stdout.contains("its recorder has ended"), "{said:?}");
        assert_eq!(project.functions_of("test_native.py::test_one"), ["one"].into(), "{said:?}");
        project.run(&[COV_TRACE, "erase"]);
    }
}

#[test]
fn a_worker_that_is_not_measured_warns_once() {
    let conftest = "\
def pytest_configure(config):
    if hasattr(config, 'workerinput'):
        config.option.cov_trace_data = 'elsewhere'
";
    let project = Project::with(TESTS, conftest);
    let said = project.measured(&[], &["-n", "1"]);
    assert!(said.status.success() && said.stdout.contains("2 passed, 1 warning in"), "{said:?}");
    assert!(said.stdout.contains("in no test's context: nothing is being measured in"), "{said:?}");
}

#[test]
fn a_measurement_that_cannot_be_switched_is_warned_of() {
    let project = Project::with(TESTS, "");
    for option in ["--once", "--only-new", "--fork=inherit"] {
        let said = project.measured(&[option], &[]);
        assert!(said.status.success() && said.stdout.contains("2 passed, 1 warning in"), "{said:?}");
        assert!(said.stdout.contains(&format!("it was begun with {option}")), "{said:?}");
    }
}

#[test]
fn another_version_is_told_which_one_is_needed() {
    let version = env!("CARGO_PKG_VERSION");
    for (answer, told) in [
        ("\"Gone\"", format!("(Gone); this plugin needs cov-trace {version}")),
        ("{\"Switched\": \"x\"}", format!("(Switched); this plugin needs cov-trace {version}")),
        ("[1", format!("(b'[1'); this plugin needs cov-trace {version}")),
        ("", format!("or is of another version of cov-trace than {version}")),
        ("{\"Failed\": \"no room\"}", "not exact: no room".to_owned()),
    ] {
        let project = Project::with(TESTS, &STRANGER.replace("{answer}", answer));
        let said = pytest(&project, &[]);
        assert!(said.status.success() && said.stdout.contains("2 passed, 1 warning in"), "{answer}: {said:?}");
        assert!(said.stdout.contains(&told), "{answer}: {said:?}");
    }
}
