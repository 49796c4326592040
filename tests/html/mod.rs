//! `cov-trace html`: the site as a browser shows it, opened from files.

mod browser;
mod contexts;
mod folder;
mod hostile;
mod overview;
mod pictures;
mod source;

pub(crate) use browser::Browser;

use crate::report::{Measurements, file, function, lines, process};
use cov_trace::store::{ContextKind, End, EndReason, Flush, Hits, Numbits, Reader, Span, UnixMillis};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

/// Three sources in two folders, run by two processes: `src/a.c` has 6 lines with code, of which process 1 ran the first
/// three and process 2 one more.
pub(crate) fn measurements() -> Measurements {
    let mut measurements = Measurements::new();
    fs::create_dir_all(measurements.cwd().join("src/deep")).unwrap();
    let text = "int one(int x)\n{\n  return x; /* <b> & */\n}\nint two(void)\n{\n  return \"</script>\"[0];\n}\n\
                int three(void) { return 3; }\nint out(void) { return 4; } // LCOV_EXCL_LINE\n";
    let paths = ["src/a.c", "src/deep/b.c", "src/deep/gone.c"].map(|name| measurements.path(name));
    for path in &paths[..2] {
        fs::write(path, text).unwrap();
        // Before it was measured.
        File::options().write(true).open(path).unwrap().set_modified(UNIX_EPOCH).unwrap();
    }
    let functions = || vec![function(1, 4, "one"), function(5, 8, "two"), function(9, 9, "three")];
    let files = || {
        let with_code = || lines([1, 3, 4, 5, 7, 9, 10]);
        vec![
            file(&paths[0], with_code(), functions()),
            file(&paths[1], with_code(), functions()),
            file(&paths[2], lines([2, 400]), Vec::new()),
        ]
    };
    let ran = [[lines([1, 3, 4]), lines([]), lines([2])], [lines([1, 3, 4, 9]), lines([]), lines([])]];
    for (pid, ran) in (1..).zip(ran) {
        let mut record = process(pid, files().into_iter().zip(ran).collect());
        record.images[0] = std::sync::Arc::new(cov_trace::store::ImageFacts {
            path: "/bin/prog".to_owned(),
            ..(*record.images[0]).clone()
        });
        record.hits.retain(|hits| !hits.lines.is_empty());
        let flush = |at: i64, new: u64| Flush { at: UnixMillis(1_000_000 + at), new_lines: new, new_in_run: new };
        record.flushes = vec![flush(100, 2), flush(700, 1)];
        measurements.add(&record);
    }
    measurements
}

/// The same sources in contexts: one ran `one` of `src/a.c`, the other `three` as well and a line of `src/deep/b.c`.
pub(crate) fn measurements_in_contexts(labels: [&str; 2]) -> Measurements {
    let mut measurements = measurements();
    let data = measurements.data();
    let reader = Reader::default();
    for file in data.process_files().unwrap() {
        for mut record in data.read_all(&reader, &file).unwrap() {
            let number = record.head.pid as usize - 1;
            record.contexts = vec![String::new(), labels[number].to_owned()];
            record.hits.iter_mut().for_each(|hits| hits.context = 1);
            record.spans = vec![Span {
                at: UnixMillis(1_000_500),
                label: labels[number].to_owned(),
                opened: Some(ContextKind::Process),
            }];
            if number == 1 {
                record.head.end = Some(End { at: UnixMillis(1_001_500), reason: EndReason::Exited(3) });
                let lines = lines([7]);
                record.hits.push(Hits { image: 0, file: 1, context: 1, lines, functions: Numbits::default() });
            }
            measurements.add(&record);
        }
    }
    measurements
}

/// Writes the site and returns its folder.
pub(crate) fn site(measurements: &Measurements) -> PathBuf {
    assert_eq!(measurements.run(&["html", "--title", "trial"]).clean(), "");
    measurements.cwd().join("coverage-html")
}

/// The page of a source, by the end of its name.
pub(crate) fn page(site: &std::path::Path, name: &str) -> PathBuf {
    let entries = fs::read_dir(site.join("source")).unwrap().map(|entry| entry.unwrap().path());
    let ending = format!("-{name}.html");
    entries.into_iter().find(|path| path.to_str().unwrap().ends_with(&ending)).unwrap()
}
