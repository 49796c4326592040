//! Which functions differ between two builds.

use crate::harness::build;
use cov_trace::debuginfo::{CodeDigests, code_digests, index};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#define LIMIT 100
#define KEPT __attribute__((noinline, weak))
static int weight = 3;
static int counter;
static const int primes[] = {2, 3, 5, 7, 11, 13};
static const char *const words[] = {"zero", "one", "two", "three", "four"};
struct rule { const char *name; int (*apply)(int); };
KEPT int twice(int a) { return a + a; }
KEPT int thrice(int a) { return a * 3; }
static const struct rule rules[] = {{"twice", twice}, {"thrice", thrice}};
KEPT int limited(int a) { return a > LIMIT ? LIMIT : a; }
KEPT int weighted(int a) { return a * weight; }
KEPT void heavier(void) { weight++; }
KEPT int counted(void) { return counter++; }
KEPT int prime(int a) { return primes[a % 6]; }
KEPT const char *word(int a) { return words[a % 5]; }
KEPT int applied(int a, int b) { return rules[a & 1].apply(b); }
KEPT double half(double a) { return a * 0.5; }
KEPT int where(void) { return __LINE__; }
KEPT void told(int a) { printf("told %d\n", a); }
KEPT void said(int a) { printf("said %d\n", a); }
KEPT int many(int a)
{
	switch (a) {
	case 0: return twice(a);
	case 1: return thrice(a);
	case 2: return limited(a);
	case 3: return prime(a);
	case 4: return weighted(a);
	case 5: return counted();
	default: return 0;
	}
}
int main(int argc, char **argv)
{
	heavier();
	told(many(argc));
	said(applied(argc, atoi(argv[0])) + where() + (int)half(argc));
	puts(word(argc));
	return 0;
}
"#;

/// A change of the program, and the functions that then do something else.
const CHANGES: [(&str, &str, &[&str]); 11] = [
    ("\n#include <stdlib.h>", "\n// One line more.\n#include <stdlib.h>", &[]),
    ("a + a", "a + a + 100 * a", &["twice"]),
    ("LIMIT 100", "LIMIT 101", &["limited"]),
    ("weight = 3", "weight = 4", &["weighted", "heavier"]),
    ("5, 7", "5, 17", &["prime"]),
    ("\"three\"", "\"tree\"", &["word"]),
    ("\"thrice\", thrice", "\"thrice\", twice", &["applied"]),
    ("0.5", "0.25", &["half"]),
    ("told %d", "tells %d", &["told"]),
    ("case 3: return prime(a)", "case 6: return prime(a)", &["many"]),
    ("counter++", "weight++", &["counted"]),
];

fn built(folder: &Path, name: &str, source: &str, compiler: &[&str]) -> Vec<u8> {
    fs::write(folder.join("program.c"), source).unwrap();
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(["-g", "-o", name, "program.c"]).current_dir(folder);
    assert!(command.status().unwrap().success(), "{compiler:?}");
    fs::read(folder.join(name)).unwrap()
}

fn digests(bytes: &[u8]) -> CodeDigests {
    let index = index(bytes).unwrap();
    code_digests(bytes, &|part| index.lines_in(part)).unwrap()
}

#[test]
fn those_functions_differ_that_do_something_else() {
    let names = [
        "twice", "thrice", "limited", "weighted", "heavier", "counted", "prime", "word", "applied", "half", "where",
        "told", "said", "many", "main",
    ];
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let compilers: [&[&str]; 6] = [
        &["gcc", "-O0"],
        &["gcc", "-O2"],
        &["gcc", "-O2", "-no-pie", "-fno-pie"],
        &["gcc", "-O1", "-shared", "-fPIC"],
        &["clang", "-O0"],
        &["clang", "-O2"],
    ];
    for compiler in compilers {
        let bytes = built(folder.path(), "before", PROGRAM, compiler);
        let before = digests(&bytes);
        let without_lines = code_digests(&bytes, &|_| None).unwrap();
        assert_eq!(before.functions, without_lines.functions, "{compiler:?}: not everybody knows the lines");
        assert_ne!(before.by_lines, without_lines.by_lines);
        for (from, to, expected) in CHANGES {
            assert_eq!(PROGRAM.matches(from).count(), 1, "{from}");
            let after = digests(&built(folder.path(), "after", &PROGRAM.replace(from, to), compiler));
            let differs = |name: &&str| before.is_same(&after, CodeDigests::key(name.as_bytes())) != Some(true);
            let found: BTreeSet<&str> = names.into_iter().filter(differs).collect();
            assert_eq!(found, expected.iter().copied().collect(), "{compiler:?} {to}");
            assert_eq!(before.rest, after.rest, "{compiler:?} {to}");
        }
    }
}

#[test]
fn what_is_no_functions_is_compared_as_one() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let before = digests(&built(folder.path(), "before", PROGRAM, &["gcc"]));
    let with_library = built(folder.path(), "after", PROGRAM, &["gcc", "-Wl,--no-as-needed", "-lm"]);
    assert_ne!(digests(&with_library).rest, before.rest);
    let begins = "__attribute__((constructor)) static void begin(void) { weight = 5; }\nint main(";
    let with_beginning = built(folder.path(), "after", &PROGRAM.replace("int main(", begins), &["gcc"]);
    assert_ne!(digests(&with_beginning).rest, before.rest);
    let of_threads = "static __thread int own = 9;\nint main(";
    let with_own = PROGRAM.replace("int main(", of_threads).replace("return 0;\n}", "return own;\n}");
    assert_ne!(digests(&built(folder.path(), "after", &with_own, &["gcc"])).rest, before.rest);
}

#[test]
fn any_bytes_have_an_answer() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let whole = built(folder.path(), "whole", PROGRAM, &["gcc", "-O2"]);
    let mut state = 88_172_645_463_325_252u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut read = 0;
    for _ in 0..1000 {
        let mut damaged = whole.clone();
        for _ in 0..=random(8) {
            let at = random(damaged.len());
            damaged[at] = random(256) as u8;
        }
        if random(8) == 0 {
            damaged.truncate(random(whole.len()));
        }
        read += u32::from(code_digests(&damaged, &|_| Some(1..=50)).is_ok());
    }
    assert!(read > 0);
}
