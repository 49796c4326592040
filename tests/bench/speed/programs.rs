//! The programs that are timed: one entry each.

/// A program to time.
pub struct Program {
    pub name: &'static str,
    /// Executable in the target directory, made by `tests/bench/speed/build`.
    pub executable: &'static str,
    /// It is run in the repository's top directory.
    pub args: &'static [&'static str],
    /// File of the repository that is its standard input.
    pub input: Option<&'static str>,
}

/// Every benchmark, in the order in which they are printed.
pub const ALL: &[Program] = &[
    Program { name: "lua -O0 print", executable: "truth/lua-O0/lua", args: &["-e", "print('hi')"], input: None },
    Program {
        name: "lua -O2 fib+sort",
        executable: "truth/lua-O2/lua",
        args: &["tests/bench/speed/subjects/fib_sort.lua"],
        input: None,
    },
    Program {
        name: "sqlite -O0",
        executable: "truth/sqlite3-O0/sqlite3",
        args: &[":memory:"],
        input: Some("tests/bench/speed/subjects/joins.sql"),
    },
    Program {
        name: "sqlite -O2",
        executable: "truth/sqlite3-O2/sqlite3",
        args: &[":memory:"],
        input: Some("tests/bench/speed/subjects/joins.sql"),
    },
    Program { name: "50 rounds of 8 threads", executable: "bench/threads", args: &["50", "8"], input: None },
    Program { name: "100 forks", executable: "bench/forks", args: &["100"], input: None },
    Program { name: "1000 forks", executable: "bench/forks", args: &["1000"], input: None },
];
