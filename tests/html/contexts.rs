//! Contexts: all of them, one of them, who ran a line, and only what one ran in the tree and in a source.

use super::{Browser, measurements, measurements_in_contexts, page, site};
use serde_json::json;
use std::fs;

const ROWS: &str = "[...document.querySelectorAll('#contexts tbody tr:not([hidden])')]\
                    .map(row => [...row.cells].map(cell => cell.innerText).join(' '))";

/// Chooses a context in the field for it.
fn choose(browser: &mut Browser, name: &str) {
    browser.eval(&format!(
        "document.getElementById('context').value = {}; \
         document.getElementById('context').dispatchEvent(new Event('input'))",
        json!(name)
    ));
}

#[test]
fn contexts_are_listed_and_shown_one_by_one() {
    let measurements = measurements_in_contexts(["Suite.one", "Suite.three"]);
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.resize(1200, 900);
    browser.open(&site.join("index.html"), "");
    assert_eq!(browser.text("a[href='contexts.html']"), "2\ncontexts");
    browser.click("a[href='contexts.html']");
    browser.wait_for("document.body.className === 'contexts' && document.getElementById('found').innerText");
    assert_eq!(
        browser.eval(ROWS),
        json!(["Suite.one process 4 1 1.000 s exit 0", "Suite.three process 5 2 1.000 s exit 3"])
    );
    browser.click("[data-key=lines]");
    assert_eq!(browser.eval("document.querySelector('#contexts tbody th').innerText"), "Suite.three");
    browser.eval("document.getElementById('show').value = 'failed'; document.getElementById('show').dispatchEvent(new Event('change'))");
    assert_eq!(browser.text("#found"), "1 of 2 contexts");
    browser.click("#contexts tbody tr:not([hidden]) a");
    browser.wait_for("document.body.className === 'context' && document.querySelectorAll('#sources li').length === 3");
    assert_eq!(browser.text("#name"), "Suite.three");
    assert_eq!(
        browser.text(".cards"),
        "5\nlines ran\n2\nof them in no other context\n3\nfunctions ran\n2\nfiles\n1.000 s\ntime\nprocess\nopened it\nexit 3\nresult"
    );
    let files = "[...document.querySelectorAll('#sources tbody tr')].map(row => row.innerText.split(/\\s+/).join(' '))";
    let expected = [
        "src/a.c 4/6 2 lines and functions 1, 3\u{2013}4, 9 one three",
        "src/deep/b.c 1/6 1 lines and functions 7 two",
    ];
    assert_eq!(browser.eval(files), json!(expected));
    browser.click("#sources li:nth-child(2) a");
    browser.wait_for("document.body.className === 'source' && document.querySelector('#code .at')");
    assert_eq!(browser.text("#code .at"), "int three(void) { return 3; }");
    assert_eq!(browser.eval("document.getElementById('context').value"), "Suite.three");
    browser.open(&site.join("context.html"), "#context=2");
    assert!(browser.text("#unknown").contains("no such context"));
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn a_line_tells_in_which_contexts_it_ran() {
    let measurements = measurements_in_contexts(["Suite.one", "Suite.three"]);
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.open(&page(&site, "a.c"), "#L9");
    browser.click("#code .at");
    browser.wait_for("document.getElementById('who-in').innerText");
    assert_eq!(browser.text("#who-in"), "ran in 1 of 2 contexts:");
    assert_eq!((browser.text("#who-contexts"), browser.text("#who-list")), ("Suite.three".into(), "2 prog 2".into()));
    browser.click("#code .m");
    assert_eq!((browser.text("#who-in"), browser.text("#who-contexts")), (String::new(), String::new()));
    browser.click("#code .h");
    browser.wait_for("document.getElementById('who-in').innerText");
    assert_eq!(browser.text("#who-contexts"), "Suite.one\nSuite.three");
    choose(&mut browser, "Suite.one");
    browser.wait_for("document.querySelector('#code .other')");
    assert_eq!(browser.eval("document.querySelectorAll('#code .other').length"), 1);
    assert_eq!(browser.text("#code .other"), "int three(void) { return 3; }");
    assert_eq!(browser.eval("location.hash"), "#L1&context=0");
    choose(&mut browser, "");
    assert_eq!(browser.eval("document.querySelectorAll('#code .other').length"), 0);
    browser.click("#who-contexts a");
    browser.wait_for("document.body.className === 'context' && document.getElementById('files').innerText === '2'");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn the_tree_shows_what_one_context_ran() {
    let measurements = measurements_in_contexts(["Suite.one", "Suite.three"]);
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.resize(1200, 900);
    browser.open(&site.join("index.html"), "");
    let rows = "[...document.querySelectorAll('#files tbody tr:not([hidden])')].map(row => row.innerText.split(/\\s+/).join(' '))";
    browser.click("#context");
    browser.write("THREE");
    assert_eq!(
        browser.eval("[...document.querySelectorAll('#contexts option')].map(option => option.value)"),
        json!(["Suite.three"])
    );
    choose(&mut browser, "Suite.three");
    browser.wait_for("location.hash === '#context=1' && document.getElementById('show').value === 'some'");
    let expected = ["src/ 35.7% 14 9 3/6", "deep/ 12.5% 8 7 1/3", "b.c 16.7% 6 5 1/3", "a.c 66.7% 6 2 2/3"];
    assert_eq!(browser.eval(rows), json!(expected));
    browser.click("#files tbody tr:not([hidden]) a[href*='b.c']");
    browser
        .wait_for("document.body.className === 'source' && document.getElementById('context').value === 'Suite.three'");
    browser.open(&site.join("index.html"), "#context=0");
    browser.wait_for("document.getElementById('context').value === 'Suite.one'");
    choose(&mut browser, "");
    assert_eq!(browser.eval("location.hash"), "");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn many_contexts_of_a_line_have_a_page_and_take_little() {
    let mut measurements = measurements();
    let record = {
        let data = measurements.data();
        let file = data.process_files().unwrap().remove(0);
        data.read(&cov_trace::store::Reader::default(), &file).unwrap()
    };
    for number in 0..400 {
        let mut record = record.clone();
        (record.head.pid, record.head.sequence) = (100 + number, 100 + number as u32);
        record.contexts.push(format!("Case{number:03}"));
        record.hits.iter_mut().for_each(|hits| hits.context = 1);
        measurements.add(&record);
    }
    let site = site(&measurements);
    let sizes = fs::read_dir(site.join("contexts")).unwrap().map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name.starts_with("source-"), entry.metadata().unwrap().len())
    });
    assert!(sizes.filter(|(of_source, _)| *of_source).all(|(_, size)| size < 400), "no set is written twice");
    let mut browser = Browser::start();
    browser.open(&page(&site, "a.c"), "#L1");
    browser.click("#code .at");
    browser.wait_for("document.getElementById('who-in').innerText");
    assert_eq!(browser.text("#who-in"), "ran in 401 of 401 contexts:");
    assert_eq!(browser.eval("document.querySelectorAll('#who-contexts li').length"), 21);
    browser.click("#who-all");
    browser.wait_for(
        "document.body.className === 'contexts' && document.getElementById('line').innerText === 'line 1 of src/a.c'",
    );
    browser.wait_for("document.getElementById('found').innerText === '401 of 401 contexts'");
    browser.open(&site.join("contexts.html"), "#source=0&line=9");
    browser.wait_for("document.getElementById('found').innerText === '1 of 401 contexts'");
    assert_eq!(browser.text("#contexts tbody tr:not([hidden]) th"), "(no context)");
    browser.click("#of-line a:last-child");
    browser.wait_for("document.getElementById('found').innerText === '401 of 401 contexts'");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn without_scripts_all_contexts_are_there_to_read() {
    let site_of = measurements_in_contexts(["Suite.one", "Suite.three"]);
    let site_of = (site(&site_of), site_of);
    let text = fs::read_to_string(site_of.0.join("contexts.html")).unwrap();
    assert!(text.contains("Suite.three") && text.contains("exit 3"), "{text}");
    // Where none has a label, nothing is said of contexts.
    let plain = measurements();
    let site = site(&plain);
    assert!(!site.join("contexts").exists() && !site.join("contexts.html").exists());
    assert!(!fs::read_to_string(site.join("index.html")).unwrap().contains("contexts"));
}
