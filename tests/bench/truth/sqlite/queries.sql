-- Joins, subqueries, windows, JSON, functions of every kind.
SELECT a.name, count(*) AS books, round(avg(b.price), 3), min(b.year), max(b.title) FROM author a JOIN book b ON b.author = a.id GROUP BY a.id HAVING books > 10 ORDER BY books DESC, a.name;
SELECT a.name, b.title FROM author a LEFT JOIN book b ON b.author = a.id AND b.price > 44.5 ORDER BY 1, 2 LIMIT 7 OFFSET 2;
SELECT a.name, s.shop FROM author a CROSS JOIN (SELECT DISTINCT shop FROM stock) s ORDER BY s.shop DESC, a.name COLLATE BINARY LIMIT 4;
SELECT count(*) FROM book NATURAL JOIN (SELECT id, price FROM book WHERE price BETWEEN 10 AND 12);
SELECT count(*) FROM author a FULL JOIN book b ON a.id = b.author AND b.year = 1999;
SELECT count(*) FROM book b RIGHT JOIN author a USING(id);
SELECT title FROM book WHERE author IN (SELECT id FROM author WHERE born = 1906) AND year = 1950 ORDER BY title LIMIT 3;
SELECT count(*) FROM book b WHERE EXISTS (SELECT 1 FROM stock s WHERE s.book = b.id AND s.amount > 15) AND NOT EXISTS (SELECT 1 FROM log WHERE new = b.price);
SELECT name, (SELECT max(price) FROM book WHERE author = author.id), (SELECT title FROM book b WHERE b.author = author.id ORDER BY year DESC, id LIMIT 1) FROM author;
SELECT title FROM book WHERE lower(title) = 'title 0042' AND length(title) = 10;
SELECT count(*) FROM book WHERE price < 6 OR year > 2017 OR (author = 3 AND title LIKE '%99%');
SELECT count(*) FROM book WHERE title GLOB 'Title 0[1-3]*' AND title NOT LIKE 'title 01\_%' ESCAPE '\';
SELECT id FROM book WHERE (author, year) = (2, 1941) OR (author, year) > (5, 2018) ORDER BY id LIMIT 5;
SELECT 1 UNION SELECT 2 UNION ALL SELECT 2 EXCEPT SELECT 1 INTERSECT SELECT 2;
SELECT year / 10 * 10 AS decade, count(*), group_concat(DISTINCT author), total(price), sum(price) FILTER (WHERE price > 30) FROM book GROUP BY decade ORDER BY decade;
SELECT id, title, row_number() OVER w, rank() OVER w, dense_rank() OVER w, ntile(4) OVER w, percent_rank() OVER w, cume_dist() OVER w,
  lag(title, 1, 'none') OVER w, lead(title) OVER w, first_value(id) OVER w, last_value(id) OVER w, nth_value(id, 2) OVER w
  FROM book WHERE id < 30 WINDOW w AS (PARTITION BY author ORDER BY price);
SELECT id, sum(price) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW), avg(price) OVER (ORDER BY year RANGE BETWEEN 3 PRECEDING AND CURRENT ROW),
  count(*) OVER (ORDER BY author GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING EXCLUDE TIES), group_concat(id, '-') OVER (ORDER BY id DESC ROWS 2 PRECEDING), max(price) OVER (ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING) FROM book WHERE id < 12;
WITH RECURSIVE fibonacci(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fibonacci LIMIT 30) SELECT group_concat(a) FROM fibonacci;
WITH RECURSIVE tree(id, parent, depth) AS MATERIALIZED (SELECT 1, NULL, 0 UNION SELECT id + 1, id, depth + 1 FROM tree WHERE depth < 6 ORDER BY 3 DESC) SELECT * FROM tree;
WITH RECURSIVE x(x) AS (VALUES(-2.0) UNION ALL SELECT x + 0.25 FROM x WHERE x < 0.5), y(y) AS (VALUES(-1.0) UNION ALL SELECT y + 0.5 FROM y WHERE y < 1.0),
  m(i, cx, cy, x, y) AS (SELECT 0, x, y, 0.0, 0.0 FROM x, y UNION ALL SELECT i + 1, cx, cy, x * x - y * y + cx, 2.0 * x * y + cy FROM m WHERE x * x + y * y < 4.0 AND i < 12),
  r(i, cx, cy) AS (SELECT max(i), cx, cy FROM m GROUP BY cx, cy)
  SELECT group_concat(substr(' .+*#', 1 + min(i / 3, 4), 1), '') FROM r GROUP BY cy;
SELECT json_extract(tags, '$[0]'), tags ->> '$[2]', tags -> 1, json_array_length(tags), json_valid('{"a":}'), json_type(tags, '$[2]') FROM book WHERE id = 9;
SELECT j.key, j.value, j.type, j.path FROM json_each('{"a":[1,2.5e3,{"b":null}],"c":"\u00e4\n","d":true}') j;
SELECT fullkey, atom FROM json_tree('[{"x":1},[false,"s"]]') WHERE atom IS NOT NULL;
SELECT json_set('{"a":1}', '$.b', 2, '$.a', json('[1]')), json_insert('[1]', '$[#]', 9), json_replace('{"a":1}', '$.a', 'z'), json_remove('[1,2,3]', '$[1]'), json_patch('{"a":1,"b":2}', '{"b":null,"c":3}'), json_quote('q"'), json_object('k', 1.5, 'n', NULL);
SELECT json_group_array(name), json_group_object(name, born) FROM author;
SELECT json_extract('{"a', '$.a');
SELECT json_extract('{"a":1}', 'bad path');
SELECT t.value, count(*) FROM book, json_each(book.tags) t WHERE t.key < 2 GROUP BY 1 ORDER BY 2 DESC, 1;
SELECT abs(-3), coalesce(NULL, 4), hex('abc'), instr('hello', 'l'), length('añ'), ltrim('  x'), max(1, 'b', 2.5), nullif(1, 1), quote('it''s'), replace('aXbX', 'X', '--'), rtrim('xx  '), sign(-2), substr('hello', -3, 2), trim('--x--', '-'), typeof(x'00'), unicode('€'), upper('straße'), zeroblob(3), char(72, 228), iif(1 > 2, 'y', 'n'), likely(1), printf('%05.2f|%-8s|%,d|%q|%w|%x|%e|%g|%c', 3.14159, 'left', 1234567, 'it''s', 'a"b', 255, 12345.678, 1e-10, 'z');
SELECT sqrt(2), pow(2, 10), ln(10), log(2, 8), exp(1), sin(0.5), cos(0.5), atan2(1, 2), pi(), ceil(1.2), floor(-1.2), trunc(1.9), mod(7, 3), degrees(pi()), radians(180), acos(2);
SELECT date('2024-02-28', '+2 days'), datetime('2026-11-23 10:20:30', 'start of month', '-1 day', 'weekday 1'), julianday('2000-01-01'), strftime('%Y|%m|%d|%H|%M|%S|%j|%w|%s|%W|%f|%J', '2026-11-23 10:20:30.125'), time('12:00', '+90 minutes'), unixepoch('1970-01-02'), date('not a date'), datetime(1e9, 'unixepoch'), datetime(2451545, 'julianday', 'start of year', '+1.5 months');
SELECT 7 / 2, 7 % 0, 7 / 0, 9223372036854775807 + 1, -9223372036854775808, 1 << 65, -1 >> 2, ~5, 5 & 3 | 8, 'a' || 1 || NULL, '12abc' + 1, 0x1F, 1e400, -1e-400, .5, 1 IS NOT NULL, NULL IS NULL, NOT 5, 2 IN (1, 2, NULL), 3 IN (1, NULL), 'a' < 'B' COLLATE NOCASE, x'01' < 'a', CAST('12.9x' AS INTEGER), CAST(1.5 AS TEXT), CAST('abc' AS BLOB), CASE WHEN NULL THEN 1 ELSE 2 END;
SELECT abs(-9223372036854775808);
SELECT like('a%', 'abc'), glob('*[^a-c]', 'abx'), 'x' REGEXP 'y';
SELECT total_changes() > 0, changes() >= 0, last_insert_rowid() > 0, sqlite_version() IS NOT NULL, length(randomblob(5));
-- Enough random numbers for both signs on every run.
SELECT sum(random() < 0) > 0 FROM (SELECT id FROM book LIMIT 100);
EXPLAIN QUERY PLAN SELECT * FROM book b, author a WHERE a.id = b.author AND b.price < 15 AND (b.year = 1950 OR b.id = 3) ORDER BY b.title;
EXPLAIN SELECT count(*) FROM author WHERE born > 1900;
SELECT * FROM shelf ORDER BY price DESC, title LIMIT 3;
SELECT nope FROM author;
SELECT * FROM no_such_table;
SELECT no_such_function(1);
SELECT count(*) FROM author GROUP BY count(*);
SELECT 1 FROM (SELECT 1, 2) UNION SELECT 1, 2;
SELEC 1;
SELECT 'unterminated;
'
;
