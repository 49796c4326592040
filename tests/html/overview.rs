//! The first page: what it shows, search, order, filters, the map and the theme.

use super::{Browser, measurements, site};

const NAMES: &str =
    "[...document.querySelectorAll('#files tbody tr:not([hidden]) th')].map(cell => cell.innerText.trim()).join(' ')";

#[test]
fn the_overview_shows_searches_sorts_and_filters() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.resize(1200, 900);
    browser.open(&site.join("index.html"), "");
    assert!(browser.text(".card.main").starts_with("35.7%"), "{}", browser.text(".card.main"));
    assert_eq!(browser.eval(NAMES), "src/ deep/ b.c gone.c missing a.c");
    assert_eq!(browser.text("#files tbody tr:last-child td:nth-child(4)"), "2");
    assert_eq!(browser.eval("document.querySelectorAll('#map a').length"), 3);
    assert!(browser.text("figure figcaption").contains("6 of"), "{}", browser.text("figure figcaption"));

    for (ran, lines, shown) in [(0, 9, "0.0%"), (1, 100_000, "0.1%"), (99_999, 100_000, "99.9%"), (9, 9, "100.0%")] {
        assert_eq!(browser.eval(&format!("covTrace.percent({ran}, {lines})")), shown);
    }

    browser.key("/");
    browser.write("B.C");
    assert_eq!(browser.eval(NAMES), "src/ deep/ b.c");
    assert_eq!(browser.text("#found"), "1 of 3 files, 0.0% of their lines ran");
    browser.eval("document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input'))");
    browser.click("#flat");
    browser.click("[data-key=missed]");
    assert_eq!(browser.eval(NAMES), "src/deep/b.c src/a.c src/deep/gone.c missing");
    assert_eq!(browser.eval("document.querySelector('[data-key=missed]').parentElement.ariaSort"), "descending");
    browser.eval("document.getElementById('show').value = 'none'; document.getElementById('show').dispatchEvent(new Event('change'))");
    assert_eq!(browser.eval(NAMES), "src/deep/b.c");

    browser.key("n");
    browser.key("Enter");
    browser.wait_for("document.title.includes('src/deep/b.c')");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn folders_are_closed_and_opened() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    browser.open(&site.join("index.html"), "");
    browser.click("#files .folder button");
    assert_eq!(browser.eval(NAMES), "src/");
    assert_eq!(browser.eval("document.querySelector('#files .folder button').ariaExpanded"), "false");
    browser.key("Enter");
    assert_eq!(browser.eval(NAMES), "src/ deep/ b.c gone.c missing a.c");
    browser.click("#map button");
    assert!(browser.text("#map-trail").contains("src/"));
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn the_theme_is_the_systems_until_it_is_chosen() {
    let measurements = measurements();
    let site = site(&measurements);
    let mut browser = Browser::start();
    let theme = "document.documentElement.dataset.theme";
    let colour = "getComputedStyle(document.body).backgroundColor";
    browser.prefer("prefers-color-scheme", "dark");
    browser.open(&site.join("index.html"), "");
    assert_eq!(browser.eval(theme), "dark");
    let dark = browser.eval(colour);
    browser.prefer("prefers-color-scheme", "light");
    browser.wait_for(&format!("{theme} === 'light'"));
    assert_ne!(browser.eval(colour), dark);
    browser.click("#theme");
    assert_eq!((browser.eval(theme), browser.eval(colour)), ("dark".into(), dark));
    browser.open(&super::page(&site, "a.c"), "");
    assert_eq!(browser.eval(theme), "dark", "other pages know");
    browser.key("t");
    assert_eq!(browser.eval(theme), "light");
    assert_eq!(browser.faults(), [""; 0]);
}

#[test]
fn without_scripts_all_is_there_to_read() {
    let measurements = measurements();
    let site = site(&measurements);
    let text = std::fs::read_to_string(site.join("index.html")).unwrap();
    for part in ["src/", "b.c", "gone.c", "35.7%", "<path class=\"edge\""] {
        assert!(text.contains(part), "{part}");
    }
    let processes = std::fs::read_to_string(site.join("processes.html")).unwrap();
    assert!(processes.contains("prog 1") && processes.contains("prog 2"));
}
