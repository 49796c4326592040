-- Table of the files that processes opened, or tried to, in a file of processes of which that is known (--files), and in one
-- that `combine` or `export` wrote. A process of which it is known has a row whose path is empty, too.
--
--   context  A key of the table context.
--   path     The absolute path, without . and ..
--   used     What for: 1 to read, 2 to write, 3 both; 0 where the path is empty.
--   digest   XXH3 of what the file had when it was read, as a signed number; null if it was no regular file, or could not be
--            read, or was only written to.
CREATE TABLE opened (
    process INTEGER,
    context INTEGER,
    path TEXT,
    used INTEGER NOT NULL,
    digest INTEGER,
    PRIMARY KEY (process, context, path)
) WITHOUT ROWID;
