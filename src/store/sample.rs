//! Records for the unit tests: one with every field in use, and ones that vary with a seed.

use super::*;
use std::sync::Arc;

/// A record with something in every field.
pub(crate) fn record() -> ProcessRecord {
    let function = |start, end, name: &str| FunctionFacts { start, end, name: name.to_owned(), told: end != 9 };
    let warning = |slug: &str, count| Warning { slug: slug.to_owned(), text: format!("{slug} means something"), count };
    let image = |path: &str, build_id: Option<&str>| {
        Arc::new(ImageFacts {
            path: path.to_owned(),
            build_id: build_id.map(str::to_owned),
            files: vec![
                FileFacts {
                    path: "/src/a.c".to_owned(),
                    origin: SourceOrigin {
                        digest: Digest::Built([7; 16]),
                        real: Some("/real/a.c".to_owned()),
                        inode: Some((u64::MAX, 9)),
                    },
                    executable: [1, 8, 9, 4000].into_iter().collect(),
                    functions: vec![function(8, 9, "late"), function(1, 8, "std::map<int, A>::operator[]")],
                },
                FileFacts {
                    path: "/src/b\n\u{e4}.c".to_owned(),
                    origin: SourceOrigin { digest: Digest::Changed([0; 16]), ..SourceOrigin::default() },
                    executable: Numbits::default(),
                    functions: Vec::new(),
                },
            ],
            warnings: vec![warning("not-on-boundary", 3)],
        })
    };
    ProcessRecord {
        complete: true,
        head: ProcessHead {
            scope: Some("/home/u/p".to_owned()),
            run: "20261123T010203.512Z-4711".to_owned(),
            sequence: 3,
            pid: 4712,
            start_ticks: 123_456_789_012,
            started: UnixMillis(1_795_395_723_512),
            attached: Some(UnixMillis(1_795_395_723_600)),
            parent: Some(Parent { pid: 4711, start_ticks: Some(123_456_789_000) }),
            end: Some(End {
                at: UnixMillis(1_795_395_724_000),
                reason: EndReason::Signaled { signal: 11, core: true },
            }),
        },
        execs: vec![
            exec(1_795_395_723_512, "/bin/sh", &["sh", "-c", "echo \"a\nb\" \u{1}", ""], "/tmp"),
            exec(1_795_395_723_600, "/usr/bin/prog", &[], "/tmp/x y"),
        ],
        images: vec![image("/usr/bin/prog", Some("00ff")), image("/usr/lib/libx.so.1", None)],
        contexts: vec![String::new(), "test_one".to_owned()],
        hits: vec![hits(0, 0, 0, &[1, 8]), hits(0, 0, 1, &[4000]), hits(1, 0, 0, &[9]), hits(1, 1, 1, &[])],
        spans: vec![span(1_795_395_723_512, "", None), span(1_795_395_723_600, "test_two", Some(ContextKind::Process))],
        files: Some(vec![
            file("", "/etc/x \u{e4}\n.conf", OpenedFor::Reading),
            file("test_one", "/tmp/out", OpenedFor::Writing),
            file("test_three", "/tmp/out", OpenedFor::Both),
        ]),
        flushes: vec![flush(1_795_395_723_700, 3, 2), flush(1_795_395_724_000, 1, 0)],
        warnings: vec![warning("unplantable", 1), warning("32-bit", 7)],
    }
}

fn file(label: &str, path: &str, opened_for: OpenedFor) -> OpenedFile {
    let digest = (opened_for != OpenedFor::Writing).then_some(u64::MAX - path.len() as u64);
    OpenedFile { label: label.to_owned(), path: path.to_owned(), opened_for, digest }
}

/// A record without what its images do not have.
pub(crate) fn packable(mut record: ProcessRecord) -> ProcessRecord {
    for hits in &mut record.hits {
        let file = &record.images[hits.image].files[hits.file];
        hits.lines = hits.lines.iter().filter(|line| file.executable.contains(*line)).collect();
        hits.functions = hits.functions.iter().filter(|number| (*number as usize) < file.functions.len()).collect();
    }
    record
}

/// Hits of a file of an image.
pub(crate) fn hits(image: usize, file: usize, context: usize, lines: &[u32]) -> Hits {
    Hits { image, file, context, lines: lines.iter().copied().collect(), functions: Numbits::default() }
}

fn exec(at: i64, exe: &str, argv: &[&str], cwd: &str) -> Exec {
    Exec {
        at: UnixMillis(at),
        exe: exe.to_owned(),
        argv: argv.iter().map(|&arg| arg.to_owned()).collect(),
        cwd: cwd.to_owned(),
    }
}

fn span(at: i64, label: &str, opened: Option<ContextKind>) -> Span {
    Span { at: UnixMillis(at), label: label.to_owned(), opened }
}

fn flush(at: i64, new_lines: u64, new_in_run: u64) -> Flush {
    Flush { at: UnixMillis(at), new_lines, new_in_run }
}

/// A sequence of numbers that a seed determines.
struct SeededNumbers(u64);

impl SeededNumbers {
    fn new(seed: u64) -> Self {
        SeededNumbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number below a limit (xorshift64).
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 1).then(|| make(self))
    }

    /// Up to `most - 1` things.
    fn several<T>(&mut self, most: u64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        const TEXTS: [&str; 8] = [
            "",
            "plain",
            "\u{e4}/\u{f6}",
            "nul\0inside",
            "line\nend",
            "'; DROP TABLE meta; --",
            "\u{202e}turned",
            "\u{1d11e}",
        ];
        TEXTS[self.below(8) as usize].to_owned()
    }

    fn lines(&mut self) -> Numbits {
        self.several(40, |next| next.below(70_000) as u32).into_iter().collect()
    }

    fn image(&mut self) -> Arc<ImageFacts> {
        Arc::new(ImageFacts {
            path: self.text(),
            build_id: self.maybe(|next| format!("{:x}", next.below(1 << 40))),
            files: self.several(6, |next| FileFacts {
                path: next.text(),
                // One text for all, so that none of them counts for less than another.
                origin: SourceOrigin { digest: Digest::Built([1; 16]), ..SourceOrigin::default() },
                executable: next.lines(),
                functions: next.several(9, |next| FunctionFacts {
                    start: next.below(1 << 32) as u32,
                    end: next.below(1 << 32) as u32,
                    name: next.text(),
                    told: next.below(2) == 1,
                }),
            }),
            warnings: self.several(3, SeededNumbers::warning),
        })
    }

    fn warning(&mut self) -> Warning {
        Warning { slug: self.text(), text: self.text(), count: self.below(1 << 40) }
    }

    fn end(&mut self) -> End {
        let reason = match self.below(3) {
            0 => EndReason::Exited(self.below(256) as i32),
            1 => EndReason::Detached,
            _ => EndReason::Signaled { signal: self.below(65) as i32, core: self.below(2) == 1 },
        };
        End { at: UnixMillis(self.below(1 << 50) as i64), reason }
    }
}

/// A record that a seed determines, with between none and some of everything.
pub(crate) fn varied(seed: u64) -> ProcessRecord {
    let mut next = SeededNumbers::new(seed);
    let images = next.several(4, SeededNumbers::image);
    let contexts = [vec![String::new()], next.several(4, SeededNumbers::text)].concat();
    let mut all_hits = Vec::new();
    for (image, facts) in images.iter().enumerate() {
        for file in 0..facts.files.len() {
            for context in 0..contexts.len() {
                let some = facts.files[file].functions.len() as u32;
                let functions: Numbits = (0..some).filter(|_| next.below(3) == 0).collect();
                all_hits.extend(next.maybe(|next| Hits { image, file, context, lines: next.lines(), functions }));
            }
        }
    }
    ProcessRecord {
        complete: next.below(2) == 1,
        head: ProcessHead {
            run: next.text(),
            scope: next.maybe(SeededNumbers::text),
            sequence: next.below(1 << 32) as u32,
            pid: next.below(1 << 31) as i32,
            start_ticks: next.below(1 << 63),
            started: UnixMillis(next.below(1 << 50) as i64 - (1 << 49)),
            attached: next.maybe(|next| UnixMillis(next.below(1 << 50) as i64)),
            parent: next.maybe(|next| Parent {
                pid: next.below(99) as i32,
                start_ticks: next.maybe(|next| next.below(1 << 40)),
            }),
            end: next.maybe(SeededNumbers::end),
        },
        execs: next.several(4, |next| Exec {
            at: UnixMillis(next.below(1 << 50) as i64),
            exe: next.text(),
            argv: next.several(5, SeededNumbers::text),
            cwd: next.text(),
        }),
        images,
        contexts,
        hits: all_hits,
        spans: next.several(4, |next| Span {
            at: UnixMillis(next.below(1 << 50) as i64),
            label: next.text(),
            opened: gathered::opened(next.below(7) as i64),
        }),
        files: next.maybe(|next| {
            let mut files = next.several(4, |next| {
                let opened_for = OpenedFor::from_number(next.below(3) as i64 + 1).unwrap();
                file(&next.text(), &format!("/{}", next.text()), opened_for)
            });
            files.sort();
            files.dedup_by(|one, other| (&one.label, &one.path) == (&other.label, &other.path));
            files
        }),
        flushes: next.several(9, |next| flush(next.below(1 << 50) as i64, next.below(1 << 40), next.below(1 << 40))),
        warnings: next.several(3, SeededNumbers::warning),
    }
}
