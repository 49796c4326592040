//! The folder that a site is written to.

use super::measurements;
use std::fs;

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
