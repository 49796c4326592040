-- Schema of what is known of images: of one in images/KEY.sqlite, of all in a data file that needs no other.
-- What is here of an image never changes; its key is made of it.

-- The images.
--   id        Key of everything that is stored of the image.
--   build_id  GNU build-id in lower-case hexadecimal.
CREATE TABLE image (id INTEGER PRIMARY KEY, path TEXT NOT NULL, build_id TEXT);

-- The source files as one image knows them, in order of number.
--   path           As the debug info gives it.
--   executable     The lines that have code (numbits from line 0 on).
--   digest         MD5 of the source's text (16 bytes); null where it was not there when measured. Where digests differ, the
--                  lines are those of different texts, and numbers of the one say nothing of the other.
--   digest_of      build: of what the image was built from, by its debug info or because the source is older than the image.
--                  changed: of the source as it was when measured, which was changed after the image was made.
--   real           Its path without symbolic links, as it was found when measured; null where it was not.
--   device, inode  What it had there: sources that agree in both and in their digest are one.
CREATE TABLE file (
    image INTEGER,
    number INTEGER,
    path TEXT NOT NULL,
    executable BLOB NOT NULL,
    digest BLOB,
    digest_of TEXT,
    real TEXT,
    device INTEGER,
    inode INTEGER,
    PRIMARY KEY (image, number)
) WITHOUT ROWID;

-- The functions that start in a file, in order of number.
--   last  The last line of the body that has code.
--   told  1 if function_bits tells whether it ran, 0 if only its lines may.
CREATE TABLE function (
    image INTEGER,
    file INTEGER,
    number INTEGER,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    name TEXT NOT NULL,
    told INTEGER NOT NULL,
    PRIMARY KEY (image, file, number)
) WITHOUT ROWID;

-- What lowers the truth of the data of an image, as in the table warning.
CREATE TABLE image_warning (
    image INTEGER,
    number INTEGER,
    slug TEXT NOT NULL,
    text TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (image, number)
) WITHOUT ROWID;
