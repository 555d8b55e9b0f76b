import { expect, test } from '@jest/globals';
import { readStoreConfig } from './config.ts';

const server = {
  CLICKHOUSE_URL: 'https://clickhouse.example:8443',
  CLICKHOUSE_USER: 'hoptrace',
  CLICKHOUSE_PASSWORD: 'secret',
};

test('without CLICKHOUSE_URL the embedded engine is used, its port moved by HOPTRACE_PORT_OFFSET', () => {
  expect(
    readStoreConfig({ HOPTRACE_PORT_OFFSET: '100', HOPTRACE_DATA_DIR: '/srv/hoptrace' }),
  ).toEqual({
    kind: 'embedded',
    dataDir: '/srv/hoptrace',
    httpPort: 7142,
    retention: { rawTtlDays: 3, pathTtlDays: 14, minuteTtlDays: 90, hourTtlDays: 730 },
  });
});

test('with CLICKHOUSE_URL a server is used', () => {
  expect(readStoreConfig({ ...server, HOPTRACE_PATH_TTL_DAYS: '30' })).toEqual({
    kind: 'server',
    connection: {
      url: 'https://clickhouse.example:8443',
      user: 'hoptrace',
      password: 'secret',
      database: 'hoptrace',
    },
    retention: { rawTtlDays: 3, pathTtlDays: 30, minuteTtlDays: 90, hourTtlDays: 730 },
  });
});

test('roll-ups are kept as long as what they are counted from, or longer', () => {
  const retentionOf = (env: Record<string, string>) => readStoreConfig(env).retention;
  expect(retentionOf({ HOPTRACE_PATH_TTL_DAYS: '1000' })).toMatchObject({
    minuteTtlDays: 1000,
    hourTtlDays: 1000,
  });
  expect(retentionOf({ HOPTRACE_MINUTE_TTL_DAYS: '20' })).toMatchObject({ minuteTtlDays: 20 });
  for (const env of [
    { HOPTRACE_MINUTE_TTL_DAYS: '13' },
    { HOPTRACE_MINUTE_TTL_DAYS: '50', HOPTRACE_HOUR_TTL_DAYS: '49' },
  ]) {
    const field = Object.keys(env).at(-1);
    expect(() => retentionOf(env)).toThrow(
      expect.objectContaining({ code: 'HOP_STORE_CONFIG', field }),
    );
  }
});

test('credentials have no default, and an empty password has to be asked for', () => {
  for (const field of ['CLICKHOUSE_USER', 'CLICKHOUSE_PASSWORD']) {
    const without = { ...server, [field]: undefined };
    expect(() => readStoreConfig(without)).toThrow(expect.objectContaining({ field }));
  }
  expect(readStoreConfig({ ...server, CLICKHOUSE_PASSWORD: '' }).kind).toBe('server');
});

test.each([
  ['CLICKHOUSE_URL', 'clickhouse:8123'],
  ['CLICKHOUSE_URL', 'http://user:pw@clickhouse:8123'],
  ['CLICKHOUSE_DATABASE', 'a; DROP DATABASE b'],
  ['HOPTRACE_PORT_OFFSET', '-1'],
  ['HOPTRACE_PORT_OFFSET', 'many'],
  ['HOPTRACE_RAW_TTL_DAYS', '0'],
])('%s = %s is refused with its name', (field, value) => {
  expect(() => readStoreConfig({ ...server, [field]: value })).toThrow(
    expect.objectContaining({ code: 'HOP_STORE_CONFIG', field }),
  );
});

test('a refused URL does not show its password', () => {
  const url = 'http://user:hunter2@clickhouse:8123';
  expect(() => readStoreConfig({ CLICKHOUSE_URL: url })).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});

test('CLICKHOUSE_CLUSTER names the cluster, with a Keeper unless that is off; the embedded engine is none', () => {
  const clusterOf = (more: Record<string, string>) => {
    const config = readStoreConfig({ ...server, ...more });
    return config.kind === 'server' ? config.connection.cluster : null;
  };
  expect(clusterOf({ CLICKHOUSE_CLUSTER: 'main' })).toEqual({ name: 'main', hasKeeper: true });
  expect(clusterOf({ CLICKHOUSE_CLUSTER: 'main', CLICKHOUSE_CLUSTER_KEEPER: 'off' })).toEqual({
    name: 'main',
    hasKeeper: false,
  });
  for (const bad of [{ CLICKHOUSE_CLUSTER: "x' ON" }, { CLICKHOUSE_CLUSTER_KEEPER: 'maybe' }]) {
    expect(() => clusterOf(bad)).toThrow(
      expect.objectContaining({ field: Object.keys(bad)[0] ?? '' }),
    );
  }
  expect(() => readStoreConfig({ CLICKHOUSE_CLUSTER: 'main' })).toThrow(
    expect.objectContaining({ field: 'CLICKHOUSE_CLUSTER', code: 'HOP_STORE_CONFIG' }),
  );
});
