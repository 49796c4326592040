-- A database in a file: rollback journals, WAL, checkpoints, a cache too small, two connections, backup and restore.
CREATE TABLE t(k INTEGER PRIMARY KEY, v TEXT); CREATE INDEX t_v ON t(v);
BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800) INSERT INTO t SELECT i, printf('%0*d', 20 + i % 200, i * 7919) FROM n; COMMIT;
PRAGMA cache_size = 10; PRAGMA synchronous = FULL;
BEGIN; UPDATE t SET v = v || 'x' WHERE k % 3 = 0; SAVEPOINT s; DELETE FROM t WHERE k > 400; ROLLBACK TO s; COMMIT;
BEGIN; DELETE FROM t; ROLLBACK;
SELECT count(*), sum(length(v)) FROM t;
PRAGMA journal_mode = truncate; UPDATE t SET v = 'truncate' WHERE k = 1; PRAGMA journal_mode = persist; UPDATE t SET v = 'persist' WHERE k = 2;
PRAGMA journal_mode = wal; BEGIN; UPDATE t SET v = v || 'w' WHERE k % 2; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);
ATTACH 'second.db' AS second; CREATE TABLE second.u AS SELECT * FROM t WHERE k < 50; BEGIN; UPDATE second.u SET v = 'both'; UPDATE t SET v = 'both' WHERE k = 3; COMMIT;
SELECT count(*) FROM second.u JOIN t USING(k) WHERE u.v = t.v; DETACH second;
.backup copy.db
.restore copy.db
.save saved.db
PRAGMA journal_mode = delete; PRAGMA locking_mode = exclusive; VACUUM; VACUUM INTO 'packed.db'; PRAGMA integrity_check; PRAGMA page_size; PRAGMA mmap_size = 65536; SELECT max(length(v)) FROM t;
.dbinfo
.clone cloned.db
