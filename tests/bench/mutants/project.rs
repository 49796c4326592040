//! The projects, and how they are fetched, built, measured and tested.

use super::mutation::Mutation;
use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

/// A project with tests; its commands are for a shell in its folder.
pub struct Project {
    pub name: &'static str,
    /// Puts it into the folder, which is empty.
    fetch: &'static str,
    build: &'static str,
    /// Runs cov-trace, `$COV_TRACE`.
    measure: &'static str,
    test: &'static str,
    /// Finds in what `test` prints the label of a test that failed.
    failed: &'static str,
    /// Where lines of code are.
    pub code: &'static [&'static str],
    /// Where constants are.
    pub constants: &'static [&'static str],
    /// A file, what is in it, and what is put in place of that.
    pub flags: &'static [(&'static str, &'static str, &'static str)],
    /// What is read by tests, or is one.
    pub files: &'static [&'static str],
    /// Two lines that mean nothing.
    pub comment: &'static str,
}

const YAML_CPP: &str = r#"../../../tests/bench/fetch "$PWD/.." yaml-cpp yaml-cpp.source && cp -r ../yaml-cpp.source/. . && cat > Makefile <<'END'
G = /usr/src/googletest
OBJ = $(patsubst %.cpp,o/%.o,$(wildcard src/*.cpp test/*.cpp test/node/*.cpp test/integration/*.cpp)) o/gtest.o o/gmock.o
CXXFLAGS = -g -O0 -std=c++14 -MMD -Iinclude -Isrc -Itest -I$G/googletest/include -I$G/googlemock/include -I$G/googletest -I$G/googlemock
tests: $(OBJ)
	g++ -o $@ $(OBJ) -pthread
o/gtest.o: $G/googletest/src/gtest-all.cc Makefile
	@mkdir -p o
	g++ $(CXXFLAGS) -c -o $@ $<
o/gmock.o: $G/googlemock/src/gmock-all.cc Makefile
	@mkdir -p o
	g++ $(CXXFLAGS) -c -o $@ $<
o/%.o: %.cpp Makefile
	@mkdir -p $(dir $@)
	g++ $(CXXFLAGS) -c -o $@ $<
-include $(OBJ:.o=.d)
END
printf 'o/\ntests\n' > .gitignore"#;

const EXPAT: &str = r#"../../../tests/bench/fetch "$PWD/.." expat expat.source && cp -r ../expat.source/expat/lib ../expat.source/expat/tests . && cat > Makefile <<'END'
CFLAGS = -g -O0 -DXML_DTD -DXML_NS -DXML_CONTEXT_BYTES=1024 -DXML_DEV_URANDOM -DHAVE_GETRANDOM -DBYTEORDER=1234 -Ilib
OBJ = lib/xmlparse.o lib/xmlrole.o lib/xmltok.o tests/runtests.o tests/minicheck.o tests/memcheck.o tests/chardata.o tests/structdata.o
test: $(OBJ)
	gcc -o $@ $(OBJ) -lm
%.o: %.c $(wildcard lib/*.h lib/xmltok_*.c) Makefile
	gcc $(CFLAGS) -c -o $@ $<
END
printf '*.o\n/test\n' > .gitignore"#;

pub const ALL: [Project; 5] = [
    Project {
        name: "strsim",
        fetch: "cp -r $(ls -d ${CARGO_HOME:-$HOME/.cargo}/registry/src/*/strsim-0.11.1 | head -1)/. . && rm -f Cargo.lock && printf '\n[workspace]\n' >> Cargo.toml && \
                printf 'target/\n/tests_bin\nCargo.lock\n' > .gitignore",
        build: "out=$(cargo test --lib --no-run --offline 2>&1) && cp \"$(echo \"$out\" | sed -n 's/.*(\\(target[^)]*\\)).*/\\1/p')\" tests_bin",
        measure: "$COV_TRACE -q --include 'src/**' --files --context-by libtest -- ./tests_bin --test-threads=1",
        test: "./tests_bin --test-threads=1",
        failed: r"(?m)^test (\S+) \.\.\. FAILED",
        code: &["src/*.rs"],
        constants: &[],
        flags: &[("Cargo.toml", "[package]", "[profile.dev]\noverflow-checks = false\n\n[package]")],
        files: &[],
        comment: "",
    },
    Project {
        name: "yaml-cpp",
        fetch: YAML_CPP,
        build: "make -s -j2",
        measure: "$COV_TRACE -q --include 'src/**' --include 'include/**' --include 'test/**' --files --context-by gtest -- ./tests",
        test: "./tests",
        failed: r"(?m)^\[  FAILED  \] ([^\s,]+\.[^\s,]+),?",
        code: &["src/*.cpp"],
        constants: &["src/*.cpp", "src/*.h", "include/yaml-cpp/*.h", "include/yaml-cpp/node/*.h"],
        flags: &[
            ("Makefile", "-O0", "-O0 -funsigned-char"),
            ("Makefile", "-O0", "-O1"),
            ("Makefile", "c++14", "c++17"),
        ],
        files: &[],
        comment: "// One.\n// Two.\n",
    },
    Project {
        name: "expat",
        fetch: EXPAT,
        build: "make -s -j2",
        measure: "$COV_TRACE -q --files --context-function '^(test_.*)' -- ./test",
        test: "./test -v",
        failed: r"(?m)^FAIL: (\S+)",
        code: &["lib/*.c"],
        constants: &["lib/*.c", "lib/*.h"],
        flags: &[
            ("Makefile", "-O0", "-O0 -fsigned-char -DXML_MIN_SIZE"),
            ("Makefile", "CONTEXT_BYTES=1024", "CONTEXT_BYTES=16"),
        ],
        files: &[],
        comment: "/* One.\n * Two. */\n",
    },
    Project {
        name: "go-json",
        fetch: "cp -r $(go env GOROOT)/src/encoding/json/. . && rm -f bench_test.go && \
                printf 'module example.org/json\n\ngo 1.19\n' > go.mod && printf '/tests_bin\n' > .gitignore",
        build: "go test -c -gcflags='-N -l' -o tests_bin .",
        // Each test is a process: functions of Go cannot be contexts.
        measure: "$COV_TRACE -q --files --context-by process --context-template '{env:TEST}' -- \
                  sh -c 'for t in $(./tests_bin -test.list .); do TEST=$t ./tests_bin -test.run \"^$t$\"; done'",
        test: "./tests_bin -test.v",
        failed: r"(?m)^--- FAIL: (\S+)",
        code: &["decode.go", "encode.go", "scanner.go", "indent.go", "stream.go", "fold.go", "tags.go"],
        constants: &["decode.go", "encode.go", "scanner.go", "tables.go", "fold.go"],
        flags: &[("go.mod", "go 1.19", "go 1.16")],
        files: &[],
        comment: "",
    },
    Project {
        name: "simplejson",
        fetch: "cp -r ../../consumers/pytest/simplejson/. . && rm -rf build && printf 'build/\n*.so\n__pycache__/\n.pytest_cache/\n*.egg-info/\n' > .gitignore",
        build: "CFLAGS='-O0 -g' ../../consumers/pytest/bin/python setup.py -q build_ext --inplace",
        measure: "PYTHONPATH=$PLUGIN $COV_TRACE -q --files --include 'simplejson/*.c' -- \
                  ../../consumers/pytest/bin/python -m pytest -q -p cov_trace_pytest --cov-trace -p no:cacheprovider simplejson/tests",
        test: "../../consumers/pytest/bin/python -m pytest -q -rfE -p no:cacheprovider simplejson/tests",
        failed: r"(?m)^(?:FAILED|ERROR) (\S+)",
        code: &["simplejson/*.c"],
        constants: &["simplejson/*.c"],
        flags: &[],
        files: &["simplejson/*.py", "simplejson/tests/*.py"],
        comment: "",
    },
];

/// A project that was built and measured.
pub struct Prepared {
    project: &'static Project,
    folder: PathBuf,
    failed: Regex,
    /// Tests that fail without a change.
    usual: BTreeSet<String>,
    /// How many tests were measured.
    pub tests: usize,
}

/// The tests that were named.
pub struct Named {
    pub labels: BTreeSet<String>,
    /// All that are known.
    pub all: BTreeSet<String>,
    pub seconds: f64,
}

impl Named {
    /// The tests that failed and were not named; a file of tests stands for all of them.
    pub fn missed(&self, failed: &BTreeSet<String>) -> Vec<String> {
        let is_of = |test: &String, failed: &String| {
            test.strip_prefix(failed.as_str()).is_some_and(|rest| rest.starts_with("::"))
        };
        let meant = |failed: &String| {
            let of_file = self.all.iter().filter(|test| is_of(test, failed)).cloned();
            of_file.chain((!failed.ends_with(".py")).then(|| failed.clone())).collect::<Vec<_>>()
        };
        failed.iter().flat_map(meant).filter(|test| !self.labels.contains(test)).collect()
    }
}

impl Prepared {
    /// Fetches, builds and measures a project, unless one that is there is to be kept.
    pub fn of(project: &'static Project, keep: bool) -> Result<Self, String> {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mutants");
        let folder = top.join(project.name);
        if !keep && folder.exists() {
            fs::remove_dir_all(&folder).map_err(|error| format!("remove {}: {error}", folder.display()))?;
        }
        let is_new = !folder.exists();
        fs::create_dir_all(&folder).map_err(|error| format!("make {}: {error}", folder.display()))?;
        let failed = Regex::new(project.failed).map_err(|error| error.to_string())?;
        let mut prepared = Prepared { project, folder, failed, usual: BTreeSet::new(), tests: 0 };
        if is_new {
            prepared.done("fetch it", project.fetch)?;
            prepared.done(
                "commit it",
                "printf '.cov-trace/\\n' >> .gitignore && git init -q && git add -A && \
                 git -c user.name=m -c user.email=m@example.org commit -q -m first",
            )?;
        } else {
            prepared.done("restore it", "git checkout -q .")?;
        }
        prepared.done("build it", project.build)?;
        prepared.done("measure it", &format!("rm -rf .cov-trace && {}", project.measure))?;
        prepared.usual = prepared.failing().unwrap_or_default();
        prepared.tests = prepared.affected()?.all.len();
        Ok(prepared)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn shell(&self, seconds: u32, script: &str) -> Result<Output, String> {
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python");
        let mut command = Command::new("timeout");
        command.args(["-k", "2", &seconds.to_string(), "sh", "-c", script]).current_dir(&self.folder);
        command.env("COV_TRACE", env!("CARGO_BIN_EXE_cov-trace")).env("PLUGIN", plugin).stdin(Stdio::null());
        command.output().map_err(|error| format!("run a shell: {error}"))
    }

    fn done(&self, what: &str, script: &str) -> Result<(), String> {
        let ran = self.shell(600, script)?;
        if ran.status.success() || what == "measure it" && ran.status.code() == Some(1) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        Err(format!("{}: cannot {what}: {}: {said}", self.project.name, ran.status))
    }

    /// Builds it again; false if that fails.
    pub fn build(&self) -> bool {
        self.shell(300, self.project.build).is_ok_and(|ran| ran.status.success())
    }

    pub fn apply(&self, mutation: &Mutation) -> Result<(), String> {
        match &mutation.after {
            Some(text) => fs::write(&mutation.path, text),
            None => fs::remove_file(&mutation.path),
        }
        .map_err(|error| format!("change {}: {error}", mutation.path.display()))
    }

    pub fn undo(&self, mutation: &Mutation) -> Result<(), String> {
        let written = fs::write(&mutation.path, &mutation.before);
        written.map_err(|error| format!("restore {}: {error}", mutation.path.display()))
    }

    /// The tests that fail and did not before; `None` if that cannot be told.
    pub fn failing(&self) -> Option<BTreeSet<String>> {
        let ran = self.shell(60, self.project.test).ok()?;
        let text = String::from_utf8_lossy(&ran.stdout);
        let failed: BTreeSet<String> = self.failed.captures_iter(&text).map(|found| found[1].to_owned()).collect();
        // Without a name the program was killed, or never came to its tests.
        let is_known = ran.status.success() || !failed.is_empty() && ran.status.code().is_some_and(|code| code < 124);
        is_known.then(|| failed.difference(&self.usual).cloned().collect())
    }

    /// Asks which tests a change concerns.
    pub fn affected(&self) -> Result<Named, String> {
        let began = Instant::now();
        let ran = self.shell(60, "$COV_TRACE affected --diff HEAD --format json")?;
        let seconds = began.elapsed().as_secs_f64();
        let told: serde_json::Value = serde_json::from_slice(&ran.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&ran.stderr)))?;
        let tests = told["tests"].as_array().ok_or("no tests were told")?;
        let labels = |is_meant: &dyn Fn(&serde_json::Value) -> bool| {
            let meant = tests.iter().filter(|test| is_meant(test));
            meant.filter_map(|test| test["label"].as_str()).map(str::to_owned).collect()
        };
        Ok(Named { labels: labels(&|test| test["affected"] == true), all: labels(&|_| true), seconds })
    }
}
