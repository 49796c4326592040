-- Table of what processes ran, in a file whose images are in files of their own: ten thousand processes of one program have
-- ten thousand of these. `cov-trace export --pid PID` and `cov-trace combine` write the same as rows that are easy to query
-- (sets.sql).
--
-- The executable lines of an image are counted through, in ascending order of source (file.number) and line, and so are its
-- functions. Each column has the runs of those that ran under a context, in ascending order: how many were left out since
-- the run before, and how many the run has, as two unsigned LEB128 numbers, the last of which is never 0. The 9th to the 16th
-- and the 18th line are x'0808' and x'0101'.
CREATE TABLE hits (
    process INTEGER,
    image INTEGER,
    context INTEGER,
    lines BLOB NOT NULL,
    functions BLOB NOT NULL,
    PRIMARY KEY (process, image, context)
) WITHOUT ROWID;
