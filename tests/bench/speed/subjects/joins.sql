-- Joins, JSON and updates in memory.
CREATE TABLE author(id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE book(id INTEGER PRIMARY KEY, author INT REFERENCES author, title TEXT, price REAL, tags TEXT);
CREATE INDEX book_author ON book(author);
INSERT INTO author SELECT value, 'author ' || value FROM generate_series(1, 50);
INSERT INTO book SELECT value, 1 + value % 50, 'title ' || value, value % 97, json_array(value % 7, 'tag', value) FROM generate_series(1, 3000);
SELECT name, count(*), sum(price) FROM author JOIN book ON book.author = author.id GROUP BY name ORDER BY 3 DESC LIMIT 5;
SELECT count(*) FROM book, json_each(book.tags) WHERE json_each.value = 3;
UPDATE book SET price = price * 2 WHERE id % 3 = 0;
DELETE FROM book WHERE price > 150;
SELECT title, rank() OVER (PARTITION BY author ORDER BY price DESC) FROM book ORDER BY price DESC, id LIMIT 5;
SELECT count(*) FROM book a JOIN book b ON a.price = b.price AND a.id < b.id WHERE a.author = b.author;
