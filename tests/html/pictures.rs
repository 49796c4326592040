//! The pages at the widths of a phone, a tablet and a desk, light and dark: nothing is wider than the window. With
//! `COV_TRACE_PICTURES=DIR` their pictures are left there to be looked at, those of `COV_TRACE_SITE=DIR` if it is given.

use super::{Browser, measurements, site};
use std::fs;
use std::path::PathBuf;

#[test]
fn pages_fit_all_widths_and_themes() {
    let measurements = measurements();
    let site = std::env::var_os("COV_TRACE_SITE").map_or_else(|| site(&measurements), PathBuf::from);
    let pictures = std::env::var_os("COV_TRACE_PICTURES").map(PathBuf::from);
    let mut sources: Vec<_> = fs::read_dir(site.join("source")).unwrap().map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    let pages = [
        ("overview", site.join("index.html")),
        ("source", sources[0].clone()),
        ("processes", site.join("processes.html")),
    ];
    let mut browser = Browser::start();
    for width in [390, 900, 1600] {
        browser.resize(width, 1000);
        for theme in ["light", "dark"] {
            browser.prefer("prefers-color-scheme", theme);
            for (name, path) in &pages {
                browser.open(path, "");
                assert_eq!(browser.eval("document.documentElement.dataset.theme"), theme);
                let wide = browser.eval("document.documentElement.scrollWidth");
                assert!(wide.as_u64().unwrap() <= width.into(), "{name} is {wide} wide at {width}");
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
