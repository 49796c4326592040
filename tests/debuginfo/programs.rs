//! Programs that the tests compile, and how.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cov_trace::debuginfo::{ImageIndex, index};

/// Every kind of line that matters. `// line` marks a line with code at -O0, `// from NAME` and `// to NAME` where a
/// function is declared and where its last code is.
pub const C: &str = r#"#include <stdio.h>
#include "part/inlined.h"

int table[3] = { 1, 2, 3 };

static int sum(int n) { // line // from sum
    int total = 0; // line

    /* a comment */
    for (int i = 0; i < n; i++) // line
        total += table[i % 3]; // line
    return total; // line
} // line // to sum

int never_called(int a) { // line // from never_called
    switch (a) { // line
    case 1:
        return sum(a); // line
    default:
        return 7; // line
    }
} // line // to never_called

int main(int argc, char **argv) { // line // from main
    if (argc > 100) // line
        return never_called(argc); // line
    printf("%d %d\n", sum(argc), inlined(argc)); // line
    return 0; // line
} // line // to main
"#;

/// `part/inlined.h` of [`C`].
pub const HEADER: &str = "static inline int inlined(int x)\n{\n    return x + 1;\n}\n";

/// Methods, templates, lambdas and a namespace.
pub const CPP: &str = r#"#include <vector>

namespace shapes {
class Square { // no code
public:
    explicit Square(int side) : side_(side) {} // line // from shapes::Square::Square(int) // to shapes::Square::Square(int)
    int area() const; // declared here, defined below
private:
    int side_;
};

int Square::area() const { // line // from shapes::Square::area() const
    return side_ * side_; // line
} // line // to shapes::Square::area() const

template <typename T>
T doubled(T value) { // line
    return value + value; // line
} // line
}

int main() { // line // from main
    std::vector<int> numbers{1, 2, 3}; // line
    auto add = [](int a, int b) { // line
        return a + b; // line
    };
    int total = shapes::Square(2).area() + shapes::doubled(1) + (int)shapes::doubled(1.5); // line
    for (int n : numbers) // line
        total = add(total, n); // line
    return total > 100; // line
} // line // to main
"#;

/// A folder with sources and what was built of them.
pub struct Built {
    folder: tempfile::TempDir,
    /// The program.
    pub program: PathBuf,
}

impl Built {
    /// Compiles `source` under the name `file` in a fresh folder.
    pub fn new(compiler: &str, flags: &[&str], file: &str, source: &str) -> Built {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("part")).unwrap();
        std::fs::write(folder.path().join("part/inlined.h"), HEADER).unwrap();
        std::fs::write(folder.path().join(file), source).unwrap();
        let mut command = Command::new(compiler);
        command.current_dir(folder.path()).args(flags).args([file, "-o", "program"]);
        let output = command.output().unwrap_or_else(|e| panic!("{compiler}: {e}"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let program = folder.path().join("program");
        Built { folder, program }
    }

    /// The C program.
    pub fn c(compiler: &str, flags: &[&str]) -> Built {
        Built::new(compiler, flags, "main.c", C)
    }

    /// The absolute path that a source of the folder has.
    pub fn source(&self, name: &str) -> String {
        self.folder.path().canonicalize().unwrap().join(name).to_str().unwrap().to_owned()
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.program).unwrap()
    }

    pub fn index(&self) -> ImageIndex {
        index(&self.bytes()).unwrap()
    }
}

/// Reads and indexes a file.
pub fn index_of(path: &Path) -> ImageIndex {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    index(&bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The numbers of the lines of `source` that contain `mark`.
pub fn marked(source: &str, mark: &str) -> Vec<u32> {
    source.lines().zip(1..).filter(|(line, _)| line.contains(mark)).map(|(_, number)| number).collect()
}

/// The lines that an index has of a file, in order.
pub fn lines_of(index: &ImageIndex, path: &str) -> Vec<u32> {
    let Some(file) = index.files.iter().position(|f| f == path) else {
        return Vec::new();
    };
    index.lines.iter().filter(|l| l.file as usize == file).map(|l| l.number).collect()
}

/// Asserts what every index promises, whatever the image.
pub fn assert_invariants(index: &ImageIndex, bytes: &[u8]) {
    assert_eq!(index.files.len(), index.digests.len());
    assert!(index.files.iter().zip(&index.digests).is_sorted_by(|a, b| a < b));
    assert!(index.lines.is_sorted_by(|a, b| a < b));
    assert!(index.probes.is_sorted_by(|a, b| a.offset < b.offset));
    assert!(index.landmarks.is_sorted_by(|a, b| a < b));
    assert!(index.warnings.is_sorted_by(|a, b| a.slug < b.slug));
    let mut probed = vec![false; index.lines.len()];
    for probe in &index.probes {
        probed[probe.line as usize] = true;
        assert_eq!(bytes[probe.offset.0 as usize], probe.original);
        assert_ne!(probe.original, 0xcc);
    }
    assert!(index.also.is_sorted_by(|a, b| a < b));
    for also in &index.also {
        assert_ne!(index.probes[also.probe as usize].line, also.line, "what a probe tells it tells once");
        probed[also.line as usize] = true;
    }
    assert!(probed.iter().all(|p| *p), "a line without a probe");
    let mut used = vec![false; index.files.len()];
    for line in &index.lines {
        used[line.file as usize] = true;
        assert!(line.number > 0);
    }
    assert!(used.iter().all(|u| *u), "a file without a line");
    for function in &index.functions {
        assert!(function.start <= function.end && (function.file as usize) < index.files.len(), "{function:?}");
        let inside = |l: &&cov_trace::debuginfo::Line| l.file == function.file;
        let mut inside = index.lines.iter().filter(inside).map(|l| l.number);
        // One that nothing tells of has lines of its own; all the code of another may be of those put into it.
        assert!(function.told || inside.any(|n| (function.start..=function.end).contains(&n)), "{function:?}");
    }
    assert!(index.owners.holds(index.probes.len(), index.functions.len()));
    let sets = index.owners.by_probe(index.probes.len() as u32);
    let told: BTreeSet<u32> = sets.into_iter().flat_map(|set| index.owners.members(set)).collect();
    let expected = index.functions.iter().zip(0..).filter(|(function, _)| function.told);
    assert!(told.into_iter().eq(expected.map(|(_, number)| number)), "told is what a probe tells of");
    for landmark in &index.landmarks {
        assert_eq!(bytes[landmark.offset.0 as usize], landmark.original);
    }
    assert!(index.functions.is_sorted_by(|a, b| (a.file, a.start, &a.name) < (b.file, b.start, &b.name)));
}

/// Two functions of which all code, or its beginning, is also that of another that was inlined.
const INLINED: &str = r#"extern void result(void *, const char *, int);
struct value { unsigned short flags; };

static inline int kind(struct value *value)
{
	static const unsigned char kinds[64] = { 4, 3, 5, 2 };
	return kinds[value->flags & 63];
}

__attribute__((noinline)) static void name_of(void *context, int unused, struct value **values)
{
	static const char *names[] = { "integer", "real", "text", "blob", "null" };
	int i = kind(values[0]) - 1;
	(void)unused;
	result(context, names[i], -1);
}

__attribute__((noinline)) void result(void *context, const char *name, int size)
{
	__asm__ volatile("" : : "r"(context), "r"(name), "r"(size));
}

int main(void)
{
	struct value value = { 2 };
	struct value *values[] = { &value };
	name_of(0, 1, values);
	return 0;
}
"#;

#[test]
fn functions_end_with_the_last_line_that_shares_their_instructions() {
    let index = Built::new("gcc", &["-g", "-O2"], "main.c", INLINED).index();
    let line_of = |text: &str| 1 + INLINED.lines().position(|line| line.contains(text)).unwrap() as u32;
    for (name, text) in [("kind", "return kinds["), ("name_of", "result(context, names[i], -1);")] {
        let function = index.functions.iter().find(|function| function.name == name).unwrap();
        let last = line_of(text);
        assert!((last..=last + 1).contains(&function.end), "{function:?}");
    }
}
