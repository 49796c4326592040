//! The page of a source: signs, the way to what was missed, who ran what, functions.

use super::{Browser, measurements, page, site};

#[test]
fn lines_have_signs_and_keys_lead_to_what_was_missed() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.resize(1200, 900);
    browser.open(&page(&site, "a.c"), "");
    let classes = "[...document.querySelectorAll('#code li')].map(line => line.className || '-').join('')";
    assert_eq!(browser.eval(classes), "h-hhm-m-hx");
    assert_eq!(browser.eval("document.querySelectorAll('#code li')[6].textContent"), "  return \"</script>\"[0];");
    assert_eq!(browser.text("#code li.m"), "int two(void)");
    assert_eq!(
        browser.eval("getComputedStyle(document.querySelector('#code .m'), '::after').content.includes('missed')"),
        true
    );
    let at = "document.querySelector('#code .at') && document.querySelector('#code .at').textContent";
    browser.key("n");
    assert_eq!(browser.eval(at), "int two(void)");
    assert_eq!(browser.text("#place"), "line 5\u{2013}7, 1 of 1");
    assert_eq!(browser.eval("location.hash"), "#L5");
    // Letters are letters where something is written.
    browser.key("/");
    browser.write("np three");
    assert_eq!(browser.eval("document.getElementById('search').value"), "np three");
    browser.eval("document.getElementById('search').value = 'THREE'");
    browser.key("Enter");
    assert_eq!(browser.eval(at), "int three(void) { return 3; }");
    browser.key("Escape");
    browser.key("p");
    assert_eq!(browser.eval(at), "int two(void)");
    browser.key("u");
    browser.wait_for("document.body.className === 'overview'");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn a_line_tells_who_ran_it() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.open(&page(&site, "a.c"), "#L9");
    assert_eq!(browser.text("#code .at"), "int three(void) { return 3; }");
    browser.click("#code .at");
    assert_eq!(browser.text("#who-title"), "Line 9");
    assert_eq!(browser.text("#who-text"), "ran in 1 process:");
    assert_eq!(browser.text("#who-list"), "2 prog 2");
    browser.click("#code .m");
    assert_eq!(browser.text("#who-text"), "has code and did not run.");
    browser.click("#code .h");
    assert_eq!(browser.text("#who-list"), "1 prog 1\n2 prog 2");
    browser.key("j");
    browser.key("j");
    assert_eq!(browser.text("#who-title"), "Line 3");
    browser.key("k");
    assert_eq!(browser.text("#who-text"), "has no code.");
    browser.key("Escape");
    assert_eq!(browser.eval("document.getElementById('who').hidden"), true);
    browser.key("w");
    assert_eq!(browser.text("#who-title"), "Line 1");
    browser.click("#close");
    browser.eval("document.getElementById('process').value = '0'; document.getElementById('process').dispatchEvent(new Event('change'))");
    assert_eq!(browser.text("#code .other"), "int three(void) { return 3; }");
    assert_eq!(browser.eval("document.querySelectorAll('#code .other').length"), 1);
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn functions_and_missing_sources_are_told() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.open(&page(&site, "a.c"), "");
    assert_eq!(browser.text(".functions summary"), "3 functions, 1 never ran");
    browser.click(".functions summary");
    browser.click(".functions tbody tr:nth-child(2) a");
    browser.wait_for("document.querySelector('#code .at')");
    assert_eq!(browser.text("#code .at"), "int two(void)");
    browser.open(&page(&site, "gone.c"), "");
    assert!(browser.text(".notice").contains("was not found"));
    browser.key("n");
    assert_eq!(browser.text("#place"), "line 400, 1 of 1");
    browser.click("#code .h");
    assert_eq!(browser.text("#who-title"), "Line 2");
    assert_eq!(browser.faults(), [""; 0]);
}
