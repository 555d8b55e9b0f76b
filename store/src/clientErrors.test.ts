import { ClickHouseError } from '@clickhouse/client';
import { expect, test } from '@jest/globals';
import { toStoreError } from './clientErrors.ts';
import { StoreError } from './errors.ts';

const call = { name: 'insert legs_v1', url: 'http://127.0.0.1:1' };
const refused = (code: string) =>
  toStoreError(new ClickHouseError({ message: 'no', code, type: 'SOME_TYPE' }), call);

test.each([
  ['a row that cannot be parsed', '27', 'HOP_STORE_ROW', false],
  ['too much memory', '241', 'HOP_STORE_BUSY', true],
  ['too many parts', '252', 'HOP_STORE_BUSY', true],
  ['a code that nobody knows', '99999', 'HOP_STORE_BUSY', true],
  ['a missing table', '60', 'HOP_STORE_REFUSED', true],
  ['a wrong password', '516', 'HOP_STORE_REFUSED', true],
])('%s: code %s is %s, retryable %s', (_, number, code, isRetryable) => {
  expect(refused(number)).toMatchObject({ code, isRetryable });
});

test('what is no answer of ClickHouse is unreachable and retryable', () => {
  const none = new AggregateError([new Error('connect ECONNREFUSED ::1:1')], '');
  expect(toStoreError(none, call)).toMatchObject({
    code: 'HOP_STORE_UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED'),
    isRetryable: true,
  });
});

test('an abort and an error of our own stay what they are', () => {
  const abort = new DOMException('stop', 'AbortError');
  const own = new StoreError('HOP_STORE_CURSOR', 'x', { remedy: 'y' });
  expect(toStoreError(abort, call)).toBe(abort);
  expect(toStoreError(own, call)).toBe(own);
});

test('of a cluster, a server that another one cannot reach is a missing shard, retryable', () => {
  const error = new ClickHouseError({ message: 'no', code: '279', type: 'ALL_TRIES_FAILED' });
  const cluster = { name: 'c', hasKeeper: true };
  expect(toStoreError(error, { ...call, cluster })).toMatchObject({
    code: 'HOP_STORE_SHARD',
    isRetryable: true,
  });
  expect(toStoreError(error, call)).toMatchObject({ code: 'HOP_STORE_BUSY' });
});
