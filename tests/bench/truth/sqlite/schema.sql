-- Tables of every kind, filled by recursive queries; no clock, no random numbers.
PRAGMA journal_mode = memory;
PRAGMA foreign_keys = ON;
CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, born INT CHECK (born > 1000), note BLOB DEFAULT x'00ff');
CREATE TABLE book(id INTEGER PRIMARY KEY AUTOINCREMENT, author INT NOT NULL REFERENCES author(id) ON DELETE CASCADE ON UPDATE CASCADE,
  title TEXT, year INT, price REAL, tags TEXT, gross REAL GENERATED ALWAYS AS (round(price * 1.19, 2)) STORED, age INT AS (2026 - year) VIRTUAL);
CREATE TABLE stock(book INT, shop TEXT, amount INT DEFAULT 0, PRIMARY KEY(book, shop)) WITHOUT ROWID;
CREATE TABLE strict_kinds(i INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;
CREATE INDEX book_author ON book(author, year DESC);
CREATE INDEX book_cheap ON book(price) WHERE price < 20;
CREATE INDEX book_expression ON book(lower(title), length(title));
CREATE UNIQUE INDEX stock_shop ON stock(shop, book);
CREATE VIEW shelf AS SELECT b.title, a.name AS author, b.price FROM book b JOIN author a ON a.id = b.author;
CREATE TABLE log(what TEXT, old, new);
CREATE TRIGGER book_insert AFTER INSERT ON book BEGIN INSERT INTO log VALUES('insert', NULL, new.title); END;
CREATE TRIGGER book_update BEFORE UPDATE OF price ON book WHEN new.price > old.price * 2
  BEGIN SELECT RAISE(ABORT, 'price more than doubled'); END;
CREATE TRIGGER book_price AFTER UPDATE OF price ON book BEGIN INSERT INTO log VALUES('price', old.price, new.price); END;
CREATE TRIGGER shelf_delete INSTEAD OF DELETE ON shelf BEGIN DELETE FROM book WHERE title = old.title; END;
INSERT INTO author(id, name, born) VALUES(1, 'Ada Lovelace', 1815), (2, 'Grace Hopper', 1906), (3, 'Alan Turing', 1912), (4, 'Kurt Gödel', 1906), (5, 'Emmy Noether', 1882);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
INSERT INTO book(author, title, year, price, tags)
  SELECT 1 + i % 5, printf('Title %04d', i * 7919 % 1500), 1900 + i % 120, 5 + (i * 37 % 400) / 10.0, json_array('t' || (i % 7), 't' || (i % 3), i) FROM n;
INSERT INTO stock SELECT id, CASE id % 3 WHEN 0 THEN 'north' WHEN 1 THEN 'south' ELSE 'west' END, id % 17 FROM book;
COMMIT;
INSERT INTO strict_kinds VALUES(1, 2.5, 'text', x'ab', NULL), ('7', 3, 'x', x'', 1.5);
INSERT INTO strict_kinds VALUES('not a number', 1, 'x', x'', 1);
ANALYZE;
SELECT count(*), max(rowid) FROM log;
SELECT name, type FROM sqlite_schema ORDER BY name;
