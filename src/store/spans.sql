-- Table of the contexts that processes were in, in a file of processes that were in any but the empty one, and in one that
-- `combine` or `export` wrote. What a process ran while it was in a context is kept under that.
--
--   at       When it entered the context, in which it was until the next of them.
--   context  A key of the table context.
--   opened   What opened the context: 0 nothing, it was in that of its parent; 1 unknown, as in every file of version 4;
--            2 the run, 3 a program that it executed, 4 a function, 5 a command, 6 the program by its probe.
CREATE TABLE span (
    process INTEGER,
    number INTEGER,
    at INTEGER NOT NULL,
    context INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    PRIMARY KEY (process, number)
) WITHOUT ROWID;
