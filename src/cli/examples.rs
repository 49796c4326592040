//! What `--help` shows below the options: when to use a command, and how.

pub(super) const MAIN_EXAMPLES: &str = "\
Examples:
  cov-trace -- ./prog --its-own-option     measure a program and all its descendants
  cov-trace --include src -- make test     measure a test suite, only sources below src
  cov-trace -- report                      measure a program called report
  cov-trace attach 4711                    measure a process that runs already
  cov-trace report --show-missing          show what ran";

pub(super) const ATTACH_EXAMPLES: &str = "\
What the processes ran before is not known; everything that they run from then on is, with all their threads and all
processes that they make. Ctrl-C, SIGTERM, SIGHUP and `cov-trace detach` detach from them; they go on as before.
SIGUSR1 has everything that ran written to the files.

Examples:
  cov-trace attach 4711                    measure a process until Ctrl-C
  cov-trace attach --children 4711         with the workers that it has already
  cov-trace attach $(pidof nginx) --for 5m detach after five minutes
  cov-trace attach --include src --verify-detach 4711

Exit status: 0 if the measurement ended properly, 1 if nothing could be attached to or something is missing.";

pub(super) const STATUS_EXAMPLES: &str = "\
NEW/MIN is how many lines were new in the last minute.

Examples:
  cov-trace status                         all measurements under way
  cov-trace status 4711                    the one that measures process 4711";

pub(super) const FLUSH_EXAMPLES: &str = "\
Files are never more than about a second behind; this waits until they are not behind at all. SIGUSR1 to cov-trace
asks for the same.

Examples:
  cov-trace flush && cov-trace lcov -o coverage.info";

pub(super) const DETACH_EXAMPLES: &str = "\
A measurement is ended as a whole: with the process named, it detaches from all others that it measures too. A program that was
launched goes on, too, and cov-trace goes on waiting for it.

Examples:
  cov-trace detach                         end all measurements of this data directory
  cov-trace detach 4711                    end the one that measures process 4711";

pub(super) const CONTEXT_EXAMPLES: &str = "\
When it returns, what ran before is kept under the context before, and what runs from then on under the new one; what both
run is in both. A line that runs while it switches is in one of them. It does not work with --once, --only-new and
--fork=inherit, which do not measure again what was seen.

Examples:
  cov-trace context login                 all that is measured
  cov-trace context 'search, no result' 1234 1235
  cov-trace context --pop                 the context before again
  cov-trace context --pop --pid 1234
  cov-trace who src/login.c:120";

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  cov-trace report                         all sources, all processes
  cov-trace report -m --sort cover         the least covered first, with the lines that did not run
  cov-trace report --fail-under 87.5       status 2 if the total is below 87.5 %
  cov-trace report --pid 4711              what one process ran
  cov-trace report --growth                how the coverage grew over time
  cov-trace report --include src --exclude '*.h' --module 'libfoo.so*'

Exit status: 0 if all is well, 1 on an error, 2 if the coverage is below --fail-under.";

pub(super) const WHO_EXAMPLES: &str = "\
A context is what --context or --context-by gave what ran a name: a test, a run, a user story. LINES says how many of the
lines that were asked for, and have code, ran in it.

Examples:
  cov-trace --context-by process -- make check
  cov-trace who src/parse.c:120            which tests ran the line
  cov-trace who src/parse.c:100-140        which ran some of the lines
  cov-trace who parse_number               which called the function
  cov-trace who src/parse.c:120 --json";

pub(super) const WHY_EXAMPLES: &str = "\
Reads the executables and libraries again that have the source, and shows every row of their line tables for the line, the
inlined functions that it calls or declares, and at which addresses its execution is seen. An executable or library that
was built again since it was measured is not asked.

Examples:
  cov-trace why src/parse.c:120            why is it missed, or not listed?
  cov-trace why src/parse.c:120 --image build/parser
                                           what could be seen of it, measured or not
  cov-trace why src/parse.c:120 --json";

pub(super) const AFFECTED_EXAMPLES: &str = "\
Each executable and library that was measured is compared with the build that is there now, function by function: a test
must run if it ran a function that does something else now, a changed macro, constant or header included. What is only
moved does not count, nor do the lines that panics tell.

With --diff or --files sources are followed from the text that was measured to the one that is there, to the lines and functions
that changed, and other files to the tests that opened them. Files that tests read (cov-trace --files) are compared in any case. Where something is not known, the tests
that it may concern are among them, with the cause. Programs and libraries that were not measured are not looked at.

Examples:
  cov-trace --files --context-by gtest -- ./tests
                                           measure each test, and the files that it opens
  make tests                               change something, and build it
  cov-trace affected                       the tests that must run, and why
  cov-trace affected --diff main           the same for what changed since a revision, data and scripts included
  cov-trace affected --files src/parse.c   the tests that a change of this file would concern
  ./tests $(cov-trace affected --format gtest)
  cargo test -- $(cov-trace affected --format libtest)
  cov-trace affected --binary build/tests build-new/tests
  cov-trace affected --diff main --ignore '*.md' --always 'Smoke.*' --order --format json";

pub(super) const STABILITY_EXAMPLES: &str = "\
Only runs of the same build are compared, context by context. Lines that ran in some of them and not in all are those of tests
that depend on the time, on chance, on other programs or on what ran before.

Examples:
  cov-trace --context-by gtest -- ./tests  measure each test, twice
  cov-trace --context-by gtest -- ./tests
  cov-trace stability                      the tests that did not run the same
  cov-trace stability monday tuesday       the same of the runs in two data directories";

pub(super) const QUERY_EXAMPLES: &str = "\
A question is an object with one field, the command: who, what, why, contexts, affected or stability. Its value is the
argument, an array of them, or an object with the command's options and `arguments`. A field `id` comes back with the answer.

Examples:
  echo '{\"who\": \"src/parse.c:120\"}' | cov-trace query
  echo '{\"id\": 1, \"affected\": {\"diff\": \"main\", \"order\": true}}' | cov-trace query
  cov-trace query --schema                 what questions and answers look like";

pub(super) const WHAT_EXAMPLES: &str = "\
Examples:
  cov-trace what 'test_login*'             the lines and functions that ran in these tests
  cov-trace what test_login --annotated    the sources, with what ran of them";

pub(super) const CONTEXTS_EXAMPLES: &str = "\
KIND is what opened it: the run, a process (its exec), a function, a command or the program's probe.
UNIQUE is how many lines ran in no other context.
TIME and RESULT are those of the processes that opened it; one that they left has no result.

Examples:
  cov-trace contexts --sort time           the slowest tests first
  cov-trace contexts --redundant           the tests that reach nothing that no other does
  cov-trace contexts --context 'test_*' --json";

pub(super) const SHOW_EXAMPLES: &str = "\
Each line has its number, a sign and its text: + ran, - did not run, x does not count. Where several processes were
measured, their pids stand behind the sign.

Examples:
  cov-trace show src/lib.c                 the whole source
  cov-trace show --missed lib.c util.c     only what did not run, with 3 lines around it
  cov-trace show --missed=0 --pid 4711 lib.c";

pub(super) const DIFF_EXAMPLES: &str = "\
Files that git does not know yet do not count; a message says so. Names are relative to the top of the working tree.

Examples:
  cov-trace diff origin/main               what changed on this branch
  cov-trace diff HEAD                      what is not committed
  cov-trace diff origin/main --fail-under 90 --format github
  cov-trace diff origin/main --format markdown >> \"$GITHUB_STEP_SUMMARY\"

Exit status: 0 if all is well, 1 on an error, 2 if the coverage is below --fail-under.";

pub(super) const LCOV_EXAMPLES: &str = "\
Counts are 0 or 1: whether a line ran, not how often.

Examples:
  cov-trace lcov -o coverage.info          for genhtml, editors and coverage services
  cov-trace lcov --checksum -o coverage.info    genhtml then refuses sources that were changed
  cov-trace lcov --include src | lcov --summary -";

pub(super) const COMBINE_EXAMPLES: &str = "\
The combined file holds every process with what it ran, and what is known of the images, so that it needs no other file.
The order of the inputs does not matter: the same processes give the same bytes, also when some of them were combined
before. Inputs stay unless --delete is given.

With --flat it holds only which lines ran under which contexts; an image is then one image wherever it was, if its build-id
is the same.

Examples:
  cov-trace combine -o all .cov-trace      the measurements of ten thousand processes in one file
  cov-trace combine -o small --flat .cov-trace
                                           only what ran, not in which process
  cov-trace combine -o all ci/*/ && cov-trace report --data all
  cov-trace combine -o all --map '/build/*=.' --strict ci/*/*.sqlite";

pub(super) const EXPORT_EXAMPLES: &str = "\
A data directory keeps what is known of an executable or library once, for all processes. The file that is written here has
that in it too, so it can be copied alone; combine and every SQLite client read it.

Examples:
  cov-trace export --pid 4711 -o 4711.sqlite
  cov-trace export -o all.sqlite           all processes
  cov-trace export --parquet fleet         as tables for DuckDB, Spark and others";

pub(super) const COBERTURA_EXAMPLES: &str = "\
Names are relative to the top of the git working tree, as GitLab and Jenkins want them. Hits are 0 or 1.

Examples:
  cov-trace cobertura -o coverage.xml      for artifacts:reports:coverage_report of GitLab
  cov-trace cobertura | xmllint --format - for people";

pub(super) const JSON_EXAMPLES: &str = "\
Examples:
  cov-trace json -o coverage.json          lines, functions, totals and notes of every source
  cov-trace json | jq .totals              how many lines and functions ran
  cov-trace json --schema                  what each field means, as a JSON Schema";

pub(super) const CODECOV_EXAMPLES: &str = "\
Examples:
  cov-trace codecov -o codecov.json        for codecov do-upload --file codecov.json";

pub(super) const SONARQUBE_EXAMPLES: &str = "\
Examples:
  cov-trace sonarqube -o sonarqube.xml     for sonar.coverageReportPaths=sonarqube.xml";

pub(super) const COVERALLS_EXAMPLES: &str = "\
The token and the job, which Coveralls wants too, are for the sender to add.

Examples:
  cov-trace coveralls | jq '. + {repo_token: env.COVERALLS_REPO_TOKEN}' > coveralls.json";

pub(super) const COVERAGEPY_EXAMPLES: &str = "\
Each process becomes a data file, .coverage.HOST.pidPID.XXXXXXXx, with its contexts. The plugin cov_trace_coverage, in the
folder src/python of cov-trace's sources, tells coverage.py what lines and functions there are; it reads cov-trace.json, which
is written beside the data files.

Examples:
  cov-trace coveragepy && coverage combine && coverage html
  cov-trace coveragepy --merged -o out     one data file for all processes
  cov-trace coveragepy --branch            to combine with what coverage run --branch wrote";

pub(super) const PS_EXAMPLES: &str = "\
Examples:
  cov-trace ps                             every process of every run, children below their parents
  cov-trace ps --wide                      with all their arguments
  cov-trace ps --include src               count only lines of sources below src";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  cov-trace doctor                         this machine and this directory
  cov-trace doctor ./prog                  and whether a program can be measured
  cov-trace doctor 4711                    and whether a process can be attached to

Exit status: 0 if it would work, 1 if something would not.";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  cov-trace completions bash > /etc/bash_completion.d/cov-trace
  cov-trace completions zsh > ~/.zfunc/_cov-trace
  cov-trace completions fish > ~/.config/fish/completions/cov-trace.fish";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  cov-trace man | man -l -                 read it
  cov-trace man -o /usr/local/share/man/man1";

pub(super) const ERASE_EXAMPLES: &str = "\
What is being measured right now is kept, and so are files that are not cov-trace's.

Examples:
  cov-trace erase                          start afresh
  cov-trace erase --run 20261128T101500.000Z-4711
                                           remove what one run measured
  cov-trace erase --older 7d               remove what runs measured that began more than a week ago
  cov-trace erase --data /tmp/coverage     remove the measurements in another directory";

pub(super) const HTML_EXAMPLES: &str = "\
Examples:
  cov-trace html                           then open coverage-html/index.html
  cov-trace html -o /tmp/site --include src
  cov-trace html --title 'nightly tests' --map /build/project=.";
