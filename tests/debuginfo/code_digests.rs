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

/// Programs whose code is the same before and after, and does something else: `V` is 1, and then 2.
const BY_DATA: [(&str, &str, &[&str], &str); 5] = [
    (
        "circles",
        "struct s { const char *name; const struct s *next, *last; };
         extern const struct s a, b, c;
         #if V == 1
         const struct s a = {\"a\", &b, &a}, b = {\"b\", &c, &b}, c = {\"c\", &a, &c};
         #else
         const struct s a = {\"a\", &c, &a}, b = {\"b\", &a, &b}, c = {\"c\", &b, &c};
         #endif
         const char *found(void) { return a.next->name; }
         int main(void) { return found()[0]; }",
        &["gcc", "-O1"],
        "found",
    ),
    (
        "tables that the linker delimits",
        "static const int one __attribute__((section(\"numbers\"), used)) = 1;
         static const int two __attribute__((section(\"numbers\"), used)) = V;
         extern const int __start_numbers[], __stop_numbers[];
         int found(void) { int sum = 0; for (const int *at = __start_numbers; at < __stop_numbers; at++) sum += *at; return sum; }
         int main(void) { return found(); }",
        &["gcc", "-O0"],
        "found",
    ),
    (
        "constants that are a part of others",
        "void found(int *o) { o[0] = 1; o[1] = 2; o[2] = 3; o[3] = V + 30; }
         void other(int *o) { o[0] = 3; o[1] = V + 30; }
         int main(void) { int o[4]; found(o); other(o); return o[0]; }",
        &["gcc", "-O2"],
        "found",
    ),
    (
        "ways of exceptions",
        "extern \"C\" __attribute__((noinline)) void thrown(int a) { if (a) throw a; }
         #if V == 1
         #define NONE
         #else
         #define NONE noexcept
         #endif
         extern \"C\" int found(int a) NONE { thrown(a); return a + 1; }
         int main(int count, char **) { return found(count - 1); }",
        &["g++", "-O0"],
        "found",
    ),
    (
        "addresses of threads' own",
        "static __thread const char *own = V == 1 ? \"hello\" : \"jello\";
         int main(void) { return own[0]; }",
        &["gcc", "-O0"],
        "",
    ),
];

#[test]
fn what_only_data_tell_differs() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    for (what, source, compiler, name) in BY_DATA {
        let file = if compiler[0] == "g++" { ["-x", "c++"] } else { ["-x", "c"] };
        let of = |value: &str| digests(&built(folder.path(), value, source, &[compiler, &file, &[value]].concat()));
        let (before, after) = (of("-DV=1"), of("-DV=2"));
        match name {
            "" => assert_ne!(before.rest, after.rest, "{what}"),
            name => assert_eq!(before.is_same(&after, CodeDigests::key(name.as_bytes())), Some(false), "{what}"),
        }
        assert_eq!(before, of("-DV=1"), "{what}");
    }
}

#[test]
fn functions_of_one_name_are_told_apart_by_their_sources() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let made = |[one, two]: [&str; 2]| {
        for (file, name, value) in [("one.c", "one", one), ("two.c", "two", two)] {
            let source =
                format!("static int helper(void) {{ return {value}; }}\nint {name}(void) {{ return helper(); }}\n");
            fs::write(folder.path().join(file), source).unwrap();
        }
        let main = "int one(void), two(void);\nint main(void) { return one() + two(); }\n";
        digests(&built(folder.path(), "both", main, &["gcc", "-O0", "one.c", "two.c"]))
    };
    let (before, after) = (made(["1", "2"]), made(["2", "1"]));
    assert_eq!(before.is_same(&after, CodeDigests::key(b"helper")), Some(false), "they have changed places");
    assert_eq!(before.is_same(&after, CodeDigests::key(b"main")), Some(true));
}

#[test]
fn what_a_library_offers_is_compared_as_one() {
    let folder = tempfile::tempdir_in(build::output()).unwrap();
    let of = |source: &str| digests(&built(folder.path(), "lib.so", source, &["gcc", "-shared", "-fPIC"])).rest;
    let before = of("const int limits[] = {1, 2};\nint given(void) { return 1; }\n");
    assert_ne!(before, of("const int limits[] = {1, 3};\nint given(void) { return 1; }\n"));
    assert_ne!(
        before,
        of("const int limits[] = {1, 2};\nint given(void) { return 1; }\nint more(void) { return 1; }\n")
    );
    assert_eq!(before, of("const int limits[] = {1, 2};\nint given(void) { return 2; }\n"), "that is the function's");
}
