-- A data file of coverage.py, schema version 7: what `coverage combine` and the report commands open.
--
-- Numbits and line numbers are as in our own files; no line is 0. A file holds lines or arcs, never both: a line that
-- ran is an arc to itself where somebody combines it with what `coverage run --branch` wrote.

CREATE TABLE coverage_schema (version INTEGER);

-- has_arcs is the text 0 or 1, version tells who wrote the file.
CREATE TABLE meta (key TEXT, value TEXT, UNIQUE (key));

CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT, UNIQUE (path));

-- What ran under no context belongs to the empty one.
CREATE TABLE context (id INTEGER PRIMARY KEY, context TEXT, UNIQUE (context));

CREATE TABLE line_bits (
    file_id INTEGER REFERENCES file (id),
    context_id INTEGER REFERENCES context (id),
    numbits BLOB,
    UNIQUE (file_id, context_id)
);

CREATE TABLE arc (
    file_id INTEGER REFERENCES file (id),
    context_id INTEGER REFERENCES context (id),
    fromno INTEGER,
    tono INTEGER,
    UNIQUE (file_id, context_id, fromno, tono)
);

-- The plugin that knows a file: without a row here coverage.py takes it for Python.
CREATE TABLE tracer (file_id INTEGER PRIMARY KEY REFERENCES file (id), tracer TEXT);
