//! Names and texts that would be scripts, tags or paths if they were taken for such.

use super::Browser;
use crate::report::{Measurements, file, function, lines, process};
use std::fs;

const ATTACK: &str = "</script><script>document.title='run'</script><img src=x onerror=document.title='run'>";

#[test]
fn hostile_names_and_sources_do_no_harm() {
    let mut measurements = Measurements::new();
    let name = "x\"'><svg onload=document.title='run'>\u{1b}[2J\u{202e}\n&lt;.c";
    let source = measurements.path(name);
    let mut text = format!("// {ATTACK}\nint f;\u{0}\u{1b}]0;t\u{7}\r\n\"{ATTACK}\";\n<!-- ]]> {{{{7*7}}}} ${{7*7}}\n")
        .into_bytes();
    text.extend(b"\xff\xfe \xc3\x28 \xed\xa0\x80\n/* unclosed ");
    fs::write(&source, text).unwrap();
    let outside = "/../../../../../../../../escaped-by-cov-trace.c";
    let files = vec![
        (file(&source, lines([1, 2, 3]), vec![function(1, 3, ATTACK)]), lines([1, 2])),
        (file(outside, lines([1, 4_000_000]), vec![function(1, 1, "../x")]), lines([1])),
        (file(&format!("/{ATTACK}/../..//%2e%2e/"), lines([7]), Vec::new()), lines([7])),
        (file(&"/a".repeat(3_000), lines([7]), Vec::new()), lines([7])),
    ];
    let mut record = process(1, files);
    record.execs[0].argv = vec![ATTACK.to_owned(), "\u{2028}\u{1b}".to_owned()];
    measurements.add(&record);
    let told = measurements.run(&["html", "--title", ATTACK]);
    assert_eq!((told.status, told.stdout.as_str()), (Some(0), ""), "{told:?}");
    let site = measurements.cwd().join("coverage-html");

    let entries = fs::read_dir(site.join("source")).unwrap().map(|entry| entry.unwrap());
    let written: Vec<String> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    let plain = |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte));
    assert!(written.len() == 4 && written.iter().all(plain), "{written:?}");

    let mut browser = Browser::start();
    let pages = written.iter().map(|name| site.join("source").join(name));
    for path in pages.chain([site.join("index.html"), site.join("processes.html")]) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n' && letter != '\t'), "{path:?}");
        browser.open(&path, "");
        assert_ne!(browser.eval("document.title"), "run", "{path:?}");
        let foreign = "document.querySelectorAll('img, svg[onload], script:not([src]):not([type])').length";
        assert_eq!(browser.eval(foreign), 0, "{path:?}");
        assert_eq!(browser.faults(), [""; 0], "{path:?}");
    }

    let name = written.iter().find(|name| name.contains("-x____svg")).unwrap();
    browser.open(&site.join("source").join(name), "");
    let shown = browser.eval("[...document.querySelectorAll('#code li')].map(line => line.textContent)");
    assert_eq!(shown[0], format!("// {ATTACK}"));
    assert_eq!(shown[1], "int f;\u{2400}\u{241b}]0;t\u{2407}");
    assert_eq!(shown[3], "<!-- ]]> {{7*7}} ${7*7}");
    assert_eq!(shown[4].as_str().unwrap().matches('\u{fffd}').count(), 6);
    browser.click("#code .h");
    assert!(browser.text("#who-list").contains("</script><script>"));
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn the_policy_of_a_page_refuses_scripts_of_its_own() {
    let measurements = super::measurements();
    let site = super::site(&measurements);
    let mut browser = Browser::start();
    browser.open(&site.join("index.html"), "");
    // What an attacker would need: markup that gets through all the same.
    browser.eval(
        "document.getElementById('content').insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title=1\">'); \
         const inline = document.createElement('script'); inline.textContent = 'document.title = 2'; document.body.append(inline)",
    );
    browser.wait_for("document.querySelector('img').complete");
    assert_ne!(browser.eval("document.title"), "2");
    let refused = browser.faults();
    assert!(refused.iter().any(|fault| fault.contains("Content Security Policy")), "{refused:?}");
}
