import { expect, test } from '@jest/globals';
import { translateStatement } from './translate.ts';

const database = 'hoptrace';
const withKeeper = { form: { name: 'c', hasKeeper: true }, database };
const without = { form: { name: 'c', hasKeeper: false }, database };

const CREATE = `CREATE TABLE IF NOT EXISTS t_v1
(
    cluster LowCardinality(String),
    v UInt32 COMMENT 'a comma, and ENGINE = MergeTree; -- so' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(v)
ORDER BY v
SETTINGS a = 1, non_replicated_deduplication_window = 5, b = 2`;

test('a table becomes a replicated local one and a Distributed one over it', () => {
  const [local, distributed, ...more] = translateStatement(CREATE, withKeeper);
  expect(more).toEqual([]);
  expect(local).toBe(`CREATE TABLE IF NOT EXISTS \`hoptrace\`.t_v1_local ON CLUSTER \`c\`
(
    cluster LowCardinality(String),
    v UInt32 COMMENT 'a comma, and ENGINE = MergeTree; -- so' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', v)
ORDER BY v
SETTINGS a = 1, replicated_deduplication_window = 5, replicated_deduplication_window_seconds = 604800, b = 2`);
  expect(distributed).toBe(
    "CREATE TABLE IF NOT EXISTS `hoptrace`.t_v1 ON CLUSTER `c` AS `hoptrace`.t_v1_local\nENGINE = Distributed('c', 'hoptrace', 't_v1_local', cityHash64(cluster))",
  );
});

test('without a Keeper the local table stays as it is written', () => {
  const [local, distributed] = translateStatement(CREATE, without);
  expect(local).toBe(CREATE.replace('t_v1', '`hoptrace`.t_v1_local'));
  expect(distributed).toContain('`hoptrace`.t_v1 AS');
});

test('the engine may have no brackets, or empty ones', () => {
  const engineOf = (engine: string) =>
    translateStatement(CREATE.replace('ReplacingMergeTree(v)', engine), withKeeper)[0]
      ?.split('\n')
      .find((line) => line.startsWith('ENGINE'));
  const wanted =
    "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')";
  expect(engineOf('MergeTree')).toBe(wanted);
  expect(engineOf('MergeTree()')).toBe(wanted);
});

test('what concerns columns is altered in both tables, what concerns storage in the local one', () => {
  const alter = (commands: string) =>
    translateStatement(`ALTER TABLE t_v1 ${commands}`, withKeeper).map((sql) =>
      sql.replace(/\s+/g, ' '),
    );
  const column = "ADD COLUMN IF NOT EXISTS a String DEFAULT 'x, y' CODEC(ZSTD(1))";
  expect(alter(column)).toEqual([
    `ALTER TABLE \`hoptrace\`.t_v1_local ON CLUSTER \`c\` ${column}`,
    `ALTER TABLE \`hoptrace\`.t_v1 ON CLUSTER \`c\` ${column}`,
  ]);
  expect(
    alter('MODIFY SETTING fsync_after_insert = 1, non_replicated_deduplication_window = 9'),
  ).toEqual([
    'ALTER TABLE `hoptrace`.t_v1_local ON CLUSTER `c` MODIFY SETTING fsync_after_insert = 1, replicated_deduplication_window = 9, replicated_deduplication_window_seconds = 604800',
  ]);
  expect(
    alter('MODIFY TTL d + toIntervalDay({days:UInt16}) SETTINGS materialize_ttl_after_modify = 0'),
  ).toEqual([
    'ALTER TABLE `hoptrace`.t_v1_local ON CLUSTER `c` MODIFY TTL d + toIntervalDay({days:UInt16}) SETTINGS materialize_ttl_after_modify = 0',
  ]);
  expect(
    alter('ADD COLUMN a UInt8, ADD INDEX i a TYPE minmax, DROP COLUMN b, MODIFY SETTING c = 1'),
  ).toEqual([
    'ALTER TABLE `hoptrace`.t_v1_local ON CLUSTER `c` ADD COLUMN a UInt8, ADD INDEX i a TYPE minmax, DROP COLUMN b, MODIFY SETTING c = 1',
    'ALTER TABLE `hoptrace`.t_v1 ON CLUSTER `c` ADD COLUMN a UInt8, DROP COLUMN b',
  ]);
});

test('a view reads the Distributed tables, a materialized one the local table into a local table', () => {
  expect(
    translateStatement(
      'CREATE VIEW IF NOT EXISTS w AS SELECT a FROM (SELECT * FROM t_v1) JOIN u_v1 USING a',
      withKeeper,
    ),
  ).toEqual([
    'CREATE VIEW IF NOT EXISTS `hoptrace`.w ON CLUSTER `c` AS SELECT a FROM (SELECT * FROM `hoptrace`.t_v1) JOIN `hoptrace`.u_v1 USING a',
  ]);
  expect(
    translateStatement(
      'CREATE MATERIALIZED VIEW IF NOT EXISTS w_mv_v1 TO u_v1 AS SELECT a FROM t_v1',
      without,
    ),
  ).toEqual([
    'CREATE MATERIALIZED VIEW IF NOT EXISTS `hoptrace`.w_mv_v1 TO `hoptrace`.u_v1_local AS SELECT a FROM `hoptrace`.t_v1_local',
  ]);
});

test('rows are deleted where they lie, by a condition about the rows of all shards', () => {
  expect(
    translateStatement('DELETE FROM t_v1 WHERE a IN (SELECT a FROM u_v1 WHERE b)', withKeeper),
  ).toEqual([
    'DELETE FROM `hoptrace`.t_v1_local ON CLUSTER `c` WHERE a IN (SELECT a FROM `hoptrace`.u_v1 WHERE b)',
  ]);
});

test('a dropped table goes with its local one', () => {
  expect(translateStatement('DROP TABLE IF EXISTS t_v1', withKeeper)).toEqual([
    'DROP TABLE IF EXISTS `hoptrace`.t_v1 ON CLUSTER `c` SYNC',
    'DROP TABLE IF EXISTS `hoptrace`.t_v1_local ON CLUSTER `c` SYNC',
  ]);
});

test.each([
  ['ORDER BY start_s', 'start_s'],
  ['ORDER BY (collector, at)', 'collector'],
])('without the column cluster a table with %s is spread by %s', (order, column) => {
  const sql = `CREATE TABLE IF NOT EXISTS t (b Tuple(cluster String)) ENGINE = MergeTree ${order} SETTINGS a = 1`;
  expect(translateStatement(sql, withKeeper)[1]).toContain(`cityHash64(${column})`);
});

test.each([
  ['INSERT INTO t_v1 SELECT 1', 'must not start with "INSERT"'],
  ['RENAME TABLE a TO b', 'must not start with "RENAME"'],
  ['CREATE TABLE t_v1 (cluster String) ENGINE = MergeTree', 'IF NOT EXISTS is missing'],
  ['CREATE TABLE IF NOT EXISTS db.t (cluster String) ENGINE = MergeTree', 'carry a database'],
  ['CREATE TABLE IF NOT EXISTS t AS u', '"AS" stands where ( must'],
  [
    'CREATE TABLE IF NOT EXISTS t (cluster String) ENGINE = Memory',
    'Memory is not of the MergeTree',
  ],
  [
    'CREATE TABLE IF NOT EXISTS t (a UInt8) ENGINE = MergeTree ORDER BY intDiv(a, 2)',
    'this table has neither',
  ],
  ['CREATE TABLE IF NOT EXISTS t (cluster String', 'a bracket is not closed'],
  ["CREATE TABLE IF NOT EXISTS t (cluster String COMMENT 'x)", 'is not closed'],
  ['ALTER TABLE t_v1 ATTACH PARTITION 1', '"ATTACH PARTITION" is not known'],
  ['ALTER TABLE t_v1 UPDATE a = 1 WHERE 1', '"UPDATE A" is not known'],
  ['ALTER TABLE t_v1 ADD COLUMN a UInt8,', 'a command is empty'],
  ['CREATE VIEW v AS WITH a AS (SELECT 1) SELECT * FROM a', 'WITH hides'],
  ['CREATE VIEW v AS SELECT * FROM numbers(3)', 'a plain table or a subquery'],
  ['CREATE VIEW v AS SELECT extract(DAY FROM d) FROM t', 'FROM belongs to no SELECT'],
  [
    'CREATE MATERIALIZED VIEW IF NOT EXISTS v ENGINE = Memory AS SELECT 1 FROM t',
    'needs a table to write TO',
  ],
  [
    'CREATE MATERIALIZED VIEW IF NOT EXISTS v TO u AS SELECT 1 FROM t JOIN s USING a',
    'must read one table',
  ],
])('%s is refused', (sql, reason) => {
  const translate = () => translateStatement(sql, withKeeper);
  expect(translate).toThrow(expect.objectContaining({ code: 'HOP_STORE_TRANSLATION' }));
  expect(translate).toThrow(reason);
  expect(translate).toThrow(sql.slice(0, 40));
});
