//! The pages at the widths of a phone, a tablet and a desk, light and dark: nothing is wider than the window, and
//! all text can be read. With
//! `COV_TRACE_PICTURES=DIR` their pictures are left there to be looked at, those of `COV_TRACE_SITE=DIR` if it is given.

use super::{Browser, measurements_in_contexts, site};
use std::fs;
use std::path::PathBuf;

/// Texts whose contrast with what is behind them is less than 4.5 (WCAG 2.2, success criterion 1.4.3).
const FAINT: &str = r"
    (() => {
        const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
        const part = value => value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
        const light = ([red, green, blue]) => 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
        const behind = element => {
            for (let at = element; at; at = at.parentElement) {
                const colour = numbers(getComputedStyle(at).backgroundColor);
                if (colour.length < 4 || colour[3] > 0) { return colour; }
            }
            return [255, 255, 255];
        };
        const faint = new Set();
        for (const element of document.querySelectorAll('body *')) {
            const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== '');
            if (!own || !element.checkVisibility()) { continue; }
            const pair = [light(numbers(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
            const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
            if (contrast < 4.5) { faint.add(element.tagName + '.' + element.className + ' ' + contrast.toFixed(2)); }
        }
        return [...faint].join(', ');
    })()";

#[test]
fn pages_fit_all_widths_and_themes() {
    let measurements = measurements_in_contexts(["Suite.one", "Suite.three"]);
    let site = std::env::var_os("COV_TRACE_SITE").map_or_else(|| site(&measurements), PathBuf::from);
    let pictures = std::env::var_os("COV_TRACE_PICTURES").map(PathBuf::from);
    let mut sources: Vec<_> = fs::read_dir(site.join("source")).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    let pages = [
        ("overview", site.join("index.html")),
        ("source", sources[0].clone()),
        ("processes", site.join("processes.html")),
        ("contexts", site.join("contexts.html")),
        ("context", site.join("context.html")),
    ];
    let mut browser = Browser::start();
    for width in [390, 900, 1600] {
        browser.resize(width, 1000);
        for theme in ["light", "dark"] {
            browser.prefer("prefers-color-scheme", theme);
            for (name, path) in &pages {
                browser.open(path, "#context=1");
                assert_eq!(browser.eval("document.documentElement.dataset.theme"), theme);
                let wide = browser.eval("document.documentElement.scrollWidth");
                assert!(wide.as_u64().unwrap() <= width.into(), "{name} is {wide} wide at {width}");
                assert_eq!(browser.eval(FAINT), "", "{name}, {theme}");
                if let Some(folder) = &pictures {
                    if *name == "source" {
                        browser.key("n");
                        browser.click("#code .at");
                    }
                    // In base64, which any tool reads.
                    fs::write(folder.join(format!("{name}-{width}-{theme}.png.base64")), browser.picture()).unwrap();
                }
            }
        }
    }
    assert_eq!(browser.faults(), [""; 0]);
}
