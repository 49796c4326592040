-- Schema of a data file: what one process ran, from its start (or the attach) to its end, or what several did.
-- Schema version: 6
--
-- The file is a plain SQLite database without a journal. It is only ever replaced as a whole, so it may be opened
-- with immutable=1. What is known of the images is in files of their own beside it, images/KEY.sqlite (facts.sql),
-- which several data files share; a file that `combine` or `export` wrote has those tables in it. A report needs no binary.
-- A process in which something was planted has the file PID-RUN-SEQUENCE.sqlite. The others of a run are in its files
-- 0-RUN-N.sqlite; number 0 has those that went on, of which some may be in a file that was written after it as well, and
-- the labels of the run (labels.sql), with no process where there is none.
-- Times are milliseconds since the Unix epoch, paths and names are text in which bytes that are not UTF-8 were replaced.
--
-- Keys are made of what they stand for: 63 bits of an MD5. Equal images, processes and labels have equal keys in all files,
-- so that the rows of several files can be put together as they are.
--
-- What a process ran is in the table hits (packed.sql), or in line_bits and function_bits (sets.sql) in a file that has the
-- tables of images as well.
--
-- Columns of a primary key are never null, also where that is not written. Each file holds the statements below in their
-- shortest form, since they are a good part of a small one.
--
-- History
--   1  The first.
--   2  file: digest, digest_of, real, device and inode. function.told, line_bits.functions: which functions ran; in a
--      file of version 1 it reads as 0 for every function.
--   3  Facts of images are in files of their own, and keys are made of content. Several processes in a file. Labels of runs
--      (labels.sql).
--   4  Files without the tables of images have hits, where they had line_bits and function_bits.
--   5  span.opened says what opened a context, where it said whether something did.
--   6  The files that processes opened (files.sql).
--
-- A reader looks at meta.schema_version first: it refuses a version above its own, and converts one below.

-- Facts about this file.
--   schema_version  The number above.
--   tool_version    Version of the cov-trace that wrote it.
CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID;

-- The processes.
--   id                   Key of run, sequence, pid, start_ticks and started.
--   run                  Name of the run that measured it.
--   sequence             Position in that run's order of appearance; 0 is the program that was launched.
--   complete             1 if everything up to the end of the process (or the detach) is in here, else 0.
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
--   scope                What was to be measured: all, chosen (by --include or --module), or the folder of the project, an
--                        absolute path; null where unknown.
CREATE TABLE process (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    run TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    start_ticks INTEGER NOT NULL,
    started INTEGER NOT NULL,
    attached INTEGER,
    parent_pid INTEGER,
    parent_start_ticks INTEGER,
    ended INTEGER,
    end_reason TEXT,
    exit_status INTEGER,
    end_signal INTEGER,
    core INTEGER,
    scope TEXT
);

-- The program images that a process ran, in order of number. argv is a JSON array of strings.
CREATE TABLE exec (
    process INTEGER,
    number INTEGER,
    at INTEGER NOT NULL,
    exe TEXT NOT NULL,
    argv TEXT NOT NULL,
    cwd TEXT NOT NULL,
    PRIMARY KEY (process, number)
) WITHOUT ROWID;

-- The files mapped into a process that have line information: keys of images.
CREATE TABLE process_image (process INTEGER, image INTEGER, PRIMARY KEY (process, image)) WITHOUT ROWID;

-- Labels of contexts, by their keys; that of the empty one is 0.
CREATE TABLE context (id INTEGER PRIMARY KEY, label TEXT NOT NULL);

-- When how many lines were seen for the first time: growth over time.
--   new_lines   Lines that this process had not run before.
--   new_in_run  Those of them that no process of the run had run before.
CREATE TABLE flush (
    process INTEGER,
    number INTEGER,
    at INTEGER NOT NULL,
    new_lines INTEGER NOT NULL,
    new_in_run INTEGER NOT NULL,
    PRIMARY KEY (process, number)
) WITHOUT ROWID;

-- What lowers the truth of the data of a process.
--   slug   Stable machine-readable name.
--   text   What it is about and what it means for the result.
--   count  How many places it concerns.
CREATE TABLE warning (
    process INTEGER,
    number INTEGER,
    slug TEXT NOT NULL,
    text TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (process, number)
) WITHOUT ROWID;
