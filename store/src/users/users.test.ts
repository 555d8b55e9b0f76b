import { expect, test } from '@jest/globals';
import { readUserSecrets } from './secrets.ts';
import { usersSql } from './usersSql.ts';

const LONG = 'a-long-and-random-text';

test('a user is made for each password that is given, and none without', () => {
  const secrets = readUserSecrets({ HOPTRACE_STORE_READER_PASSWORD: LONG });
  expect(secrets).toMatchObject([{ role: 'reader', password: LONG }]);
  for (const [environment, field] of [
    [{}, 'HOPTRACE_STORE_WRITER_PASSWORD'],
    [{ HOPTRACE_STORE_GRAFANA_PASSWORD: 'short' }, 'HOPTRACE_STORE_GRAFANA_PASSWORD'],
  ] as const) {
    expect(() => readUserSecrets(environment)).toThrow(
      expect.objectContaining({ code: 'HOP_STORE_CONFIG', field }),
    );
  }
});

test('the statements hold a salted hash and no password, and run on the whole cluster where there is a Keeper', () => {
  const secrets = [{ role: 'grafana', password: LONG, salt: 'ab' }] as const;
  const statements = usersSql(secrets, { database: 'd', cluster: { name: 'c', hasKeeper: true } });
  expect(statements.join('\n')).not.toContain(LONG);
  expect(statements.every((sql) => sql.includes(' ON CLUSTER `c`'))).toBe(true);
  const grants = statements.filter((sql) => sql.startsWith('GRANT'));
  expect(grants.slice(0, 2)).toEqual([
    'GRANT ON CLUSTER `c` SELECT ON d.paths_v1 TO hoptrace_grafana',
    'GRANT ON CLUSTER `c` SELECT ON d.paths_v1_local TO hoptrace_grafana',
  ]);
  expect(grants.filter((sql) => /legs|exchanges|proxy|INSERT|ALTER/.test(sql))).toEqual([]);
  expect(statements[1]).toContain('readonly = 2 CONST, max_execution_time = 20 MIN 1 MAX 20');
});
