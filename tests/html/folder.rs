//! The folder that a site is written to.

use super::measurements;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

#[test]
fn a_site_replaces_a_site_and_nothing_else() {
    let measurements = measurements();
    assert_eq!(measurements.run(&["html"]).clean(), "");
    let first = fs::read_to_string(measurements.path("coverage-html/source/0-a.c.html")).unwrap();
    assert_eq!(measurements.run(&["html", "--include", "src/a.c"]).clean(), "");
    assert_eq!(fs::read_dir(measurements.path("coverage-html/source")).unwrap().count(), 1);
    assert_eq!(measurements.run(&["html"]).clean(), "");
    assert_eq!(fs::read_to_string(measurements.path("coverage-html/source/0-a.c.html")).unwrap(), first);

    let error = measurements.run(&["html", "-o", "src"]).error();
    assert!(error.contains("write src: it is there already and is no report") && error.contains("-o"), "{error}");
    assert!(measurements.cwd().join("src/a.c").exists());
    let error = measurements.run(&["html", "-o", "src/a.c/x"]).error();
    assert!(error.contains("write src/a.c/x: Not a directory"), "{error}");
    let error = measurements.run(&["html", "-o", "/dev/null/site"]).error();
    assert!(error.contains("write /dev/null/site: "), "{error}");
    let names: Vec<_> = fs::read_dir(measurements.cwd()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_str().unwrap().starts_with(".cov-trace-html")), "{names:?}");
}

#[test]
fn a_full_disk_is_told_and_leaves_what_was_there() {
    let measurements = measurements();
    // Only root may mount, and so may everybody who is root in a user namespace of his own.
    let rights = if fs::metadata("/proc/self").unwrap().uid() == 0 { "-m" } else { "-rm" };
    let script = "mount -t tmpfs -o size=40k none full && mkdir full/site && \"$0\" html -o full/site; \
                  status=$?; ls -A full full/site; exit $status";
    fs::create_dir(measurements.cwd().join("full")).unwrap();
    let mut command = Command::new("unshare");
    command.args([rights, "sh", "-c", script, env!("CARGO_BIN_EXE_cov-trace")]);
    let output = command.current_dir(measurements.cwd()).env_remove("COV_TRACE_DATA").output().unwrap();
    let (told, left) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device") && told.contains("full/site/"), "{told}");
    assert_eq!(left, "full:\nsite\n\nfull/site:\n");
}
