-- Virtual tables: FTS5, R-Tree, the table-valued functions.
CREATE VIRTUAL TABLE document USING fts5(title, body, tokenize = 'porter unicode61', prefix = '2 3');
INSERT INTO document SELECT title, 'the quick brown fox number ' || id || ' jumps over ' || (SELECT group_concat(value, ' ') FROM json_each(tags)) FROM book WHERE id < 400;
SELECT rowid, highlight(document, 1, '[', ']'), snippet(document, 1, '<', '>', '...', 4), bm25(document, 2.0, 1.0) < 0 FROM document WHERE document MATCH 'jumping AND "number 1"*' ORDER BY rank, rowid LIMIT 3;
SELECT count(*) FROM document WHERE document MATCH 'title:0* OR NEAR(quick fox, 3) NOT t1';
SELECT count(*) FROM document('^quick + brown'); SELECT count(*) FROM document WHERE document MATCH '{title body} : t5'; SELECT * FROM document WHERE document MATCH '"unterminated';
UPDATE document SET body = 'nothing left' WHERE rowid % 50 = 0; DELETE FROM document WHERE rowid % 60 = 0;
INSERT INTO document(document) VALUES('optimize'); INSERT INTO document(document) VALUES('integrity-check'); INSERT INTO document(document, rank) VALUES('rank', 'bm25(5.0)'); INSERT INTO document(document) VALUES('rebuild');
CREATE VIRTUAL TABLE term USING fts5vocab('document', 'row'); SELECT term, doc, cnt FROM term ORDER BY cnt DESC, term LIMIT 5;
CREATE VIRTUAL TABLE place USING rtree(id, x0, x1, y0, y1, +label);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400) INSERT INTO place SELECT i, i * 37 % 100, i * 37 % 100 + i % 5, i * 53 % 90, i * 53 % 90 + i % 7, 'p' || i FROM n;
SELECT count(*), min(label) FROM place WHERE x0 > 20 AND x1 < 40 AND y0 >= 10 AND y1 <= 50; DELETE FROM place WHERE id % 2; UPDATE place SET x1 = x1 + 1 WHERE id = 4; SELECT rtreecheck('place'); INSERT INTO place VALUES(1, 5, 3, 0, 0, 'x');
SELECT name, type FROM pragma_table_info('book') ORDER BY cid; SELECT count(*) > 10 FROM pragma_function_list; SELECT value FROM generate_series(5, 20, 5);
DROP TABLE term; DROP TABLE document; DROP TABLE place;
