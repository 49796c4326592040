-- Schema of a data file: what one process ran, from its start (or the attach) to its end.
-- Schema version: 2
--
-- The file is a plain SQLite database without a journal. It is only ever replaced as a whole, so it may be opened
-- with immutable=1, and it is self-contained: a report needs no binary. Times are milliseconds since the Unix epoch,
-- paths and names are text in which bytes that are not UTF-8 were replaced.
--
-- A set of lines ("numbits") is coverage.py's encoding: line n is bit 1 << (n % 8) of byte n / 8. The lines 1, 8 and 9
-- are x'0203'.
--
-- History
--   1  The first.
--   2  file: digest, digest_of, real, device and inode. function.told, line_bits.functions: which functions ran; in a
--      file of version 1 it reads as 0 for every function.
--
-- A reader looks at meta.schema_version first: it refuses a version above its own, and converts one below.

-- Facts about this file.
--   schema_version  The number above.
--   tool_version    Version of the cov-trace that wrote it.
--   complete        1 if everything up to the end of the process (or the detach) is in here, else 0.
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID;

-- The process; one row.
--   run                  Name of the run that measured it.
--   sequence             Position in that run's order of appearance; 0 is the program that was launched.
--   start_ticks          Start in clock ticks since boot (field 22 of /proc/PID/stat): with the pid, its identity.
--   started              The same on the wall clock.
--   attached             When it was attached to; null where it was measured from its start.
--   parent_pid           Pid of the process that created it; null where unknown.
--   parent_start_ticks   That one's start_ticks; null where unknown.
--   ended                When it ended; null while it runs, or where nobody saw the end.
--   end_reason           exited, signaled or detached.
--   exit_status          The status, if it exited.
--   end_signal           The signal's number, if one killed it.
--   core                 1 if that left a core dump, else 0.
CREATE TABLE process (
    pid INTEGER NOT NULL,
    run TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    start_ticks INTEGER NOT NULL,
    started INTEGER NOT NULL,
    attached INTEGER,
    parent_pid INTEGER,
    parent_start_ticks INTEGER,
    ended INTEGER,
    end_reason TEXT,
    exit_status INTEGER,
    end_signal INTEGER,
    core INTEGER
);

-- The program images that the pid ran, in order of id. argv is a JSON array of strings.
CREATE TABLE exec (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    exe TEXT NOT NULL,
    argv TEXT NOT NULL,
    cwd TEXT NOT NULL
);

-- The files mapped into it that have line information, in order of id.
--   build_id  GNU build-id in lower-case hexadecimal.
--   digest    Hash of the image's files, functions and warnings: images that agree in path, build_id and digest are
--             the same, so that a reader of many files takes their rows only once.
CREATE TABLE image (id INTEGER PRIMARY KEY, path TEXT NOT NULL, build_id TEXT, digest INTEGER NOT NULL);

-- The source files as one image knows them, in order of id.
--   path           As the debug info gives it.
--   executable     The lines that have code (numbits).
--   digest         MD5 of the source's text (16 bytes); null where it was not there when measured. Where digests differ, the
--                  lines are those of different texts, and numbers of the one say nothing of the other.
--   digest_of      build: of what the image was built from, by its debug info or because the source is older than the image.
--                  changed: of the source as it was when measured, which was changed after the image was made.
--   real           Its path without symbolic links, as it was found when measured; null where it was not.
--   device, inode  What it had there: sources that agree in both and in their digest are one.
CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES image (id),
    path TEXT NOT NULL,
    executable BLOB NOT NULL,
    digest BLOB,
    digest_of TEXT,
    real TEXT,
    device INTEGER,
    inode INTEGER
);

-- The functions that start in a file, in order of rowid.
--   last  The last line of the body that has code.
--   told  1 if line_bits.functions tells whether it ran, 0 if only its lines may.
CREATE TABLE function (
    file INTEGER NOT NULL REFERENCES file (id),
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    name TEXT NOT NULL,
    told INTEGER NOT NULL
);

-- Labels of contexts; id 0 is the empty one.
CREATE TABLE context (id INTEGER PRIMARY KEY, label TEXT NOT NULL);

-- What ran of one file under one context.
--   numbits    The lines.
--   functions  The functions (numbits): bit n is the file's function n, counted from 0.
CREATE TABLE line_bits (
    file INTEGER NOT NULL REFERENCES file (id),
    context INTEGER NOT NULL REFERENCES context (id),
    numbits BLOB NOT NULL,
    functions BLOB NOT NULL,
    PRIMARY KEY (file, context)
) WITHOUT ROWID;

-- When how many lines were seen for the first time: growth over time.
--   new_lines   Lines that this process had not run before.
--   new_in_run  Those of them that no process of the run had run before.
CREATE TABLE flush (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    new_lines INTEGER NOT NULL,
    new_in_run INTEGER NOT NULL
);

-- What lowers the truth of the data: of one image, or of the process where image is null.
--   slug   Stable machine-readable name.
--   text   What it is about and what it means for the result.
--   count  How many places it concerns.
CREATE TABLE warning (
    id INTEGER PRIMARY KEY,
    image INTEGER REFERENCES image (id),
    slug TEXT NOT NULL,
    text TEXT NOT NULL,
    count INTEGER NOT NULL
);
