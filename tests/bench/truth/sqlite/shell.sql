.tables
.schema author
.indexes book
.mode csv
SELECT id, title, price FROM book LIMIT 3;
.mode column
SELECT id, title, price FROM book LIMIT 3;
.mode line
SELECT id, title, price FROM book LIMIT 2;
.mode json
SELECT id, title, note FROM book JOIN author USING(id) LIMIT 3;
.mode insert target
SELECT id, title, price, note FROM book JOIN author USING(id) LIMIT 3;
.mode html
SELECT '<b>' AS "a&b", 2;
.mode box
SELECT id, title, price FROM book LIMIT 3;
.mode markdown
SELECT id, title FROM book LIMIT 2;
.mode table
SELECT id, title FROM book LIMIT 2;
.mode tabs
SELECT id, title FROM book LIMIT 2;
.mode quote
SELECT id, title, NULL, x'01', 1.5 FROM book LIMIT 2;
.mode tcl
SELECT id, title FROM book LIMIT 2;
.mode list
.separator ;
.nullvalue nil
SELECT NULL, 1;
.headers off
.width 10 -5
.parameter init
.parameter set :answer 42
SELECT :answer, ?1;
.parameter list
.print a line of text
.show
.dump author
.limit length
.eqp on
SELECT count(*) FROM book WHERE author = 2;
.eqp off
.changes on
UPDATE author SET born = born;
.changes off
.stats off
.timer off
.databases
.fullschema
.lint fkey-indexes
.sha3sum author
.explain off
.no_such_command
.mode nonsense
.read no-such-file.sql
.open :memory:
CREATE TABLE fresh(x);
.import --csv --skip 1 rows.csv fresh
SELECT * FROM fresh;
.exit 3
