-- Tables of what processes ran, in a file that has the tables of images too (facts.sql): `combine` and `export` write it.
--
-- A set of lines ("numbits") is coverage.py's encoding, from a line `first` on, which is a multiple of 8: line first + n is
-- bit 1 << (n % 8) of byte n / 8. The lines 801, 808 and 809 are first 800 and x'0203'. A set has several rows where lines
-- between them are missing.

-- What a process ran of a source file under a context.
--   file     The number of the source among those of the image.
--   numbits  The lines.
CREATE TABLE line_bits (
    process INTEGER,
    image INTEGER,
    file INTEGER,
    context INTEGER,
    first INTEGER,
    numbits BLOB NOT NULL,
    PRIMARY KEY (process, image, file, context, first)
) WITHOUT ROWID;

-- The same of functions: a set of numbers of functions among those of the file.
CREATE TABLE function_bits (
    process INTEGER,
    image INTEGER,
    file INTEGER,
    context INTEGER,
    first INTEGER,
    numbits BLOB NOT NULL,
    PRIMARY KEY (process, image, file, context, first)
) WITHOUT ROWID;
