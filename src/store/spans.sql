-- Table of the contexts that processes were in, in a file of processes that were in any but the empty one, and in one that
-- `combine` or `export` wrote. What a process ran while it was in a context is kept under that.
--
--   at       When it entered the context, in which it was until the next of them.
--   context  A key of the table context.
--   opened   1 if the context began with it or with its program, 0 if it was in that of its parent.
CREATE TABLE span (
    process INTEGER,
    number INTEGER,
    at INTEGER NOT NULL,
    context INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    PRIMARY KEY (process, number)
) WITHOUT ROWID;
