import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch } from '@hoptrace/domain/wire/binary.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { envelope, leg, NOW_MS } from '../testing/builders.ts';
import {
  metricValue,
  openStream,
  type TestCollector,
  testCollector,
} from '../testing/collector.ts';
import { createAuthenticate } from './auth.ts';
import { TokenBook } from './tokenBook.ts';

const FIRST = 'first-token-0123456';
const SECOND = 'second-token-012345';
const bookOf = (...tokens: string[]) =>
  new TokenBook({ tokens, tokenFile: null, revokedFile: null }, () => NOW_MS);
const authenticate = createAuthenticate(bookOf(FIRST, SECOND));
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let folder: string;
let collector: TestCollector | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoptrace-tokens-'));
});
afterEach(async () => {
  await collector?.close();
  collector = null;
  await rm(folder, { recursive: true, force: true });
});

test('each of the tokens opens, in any spelling of Bearer', () => {
  authenticate(bearer(FIRST));
  authenticate({ authorization: `bearer  ${SECOND}` });
});

test('a missing, a malformed and a wrong token are told apart, and none is repeated', () => {
  const refusal = (authorization?: string) => {
    try {
      authenticate({ authorization });
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return 'accepted';
  };
  expect(refusal()).toBe('this collector requires a bearer token');
  expect(refusal('Basic Zm9vOmJhcg==')).toBe('the authorization header is no bearer token');
  expect(refusal('Bearer first-token-012345')).toBe('the token is wrong');
  expect(refusal('Bearer first-token-01234567')).toBe('the token is wrong');
});

test('without tokens everybody may send, but never a web page', () => {
  const open = createAuthenticate(bookOf());
  open({});
  expect(() => open({ origin: 'https://example.com' })).toThrow('https://example.com');
  expect(() => authenticate({ origin: 'null', ...bearer(FIRST) })).toThrow('web pages');
});

/** A collector with a token file and a list of revoked ones, both as given. */
async function guarded(lines: string, revoked = '') {
  const tokenFile = join(folder, 'tokens');
  const revokedFile = join(folder, 'revoked');
  await writeFile(tokenFile, lines);
  await writeFile(revokedFile, revoked);
  const clock = { nowMs: NOW_MS };
  const book = new TokenBook({ tokens: [], tokenFile, revokedFile }, () => clock.nowMs);
  await book.poll();
  return { book, clock, tokenFile, revokedFile };
}

test('an expired and a revoked token open nothing, from that moment on', async () => {
  const until = new Date(NOW_MS + 1000).toISOString();
  const { book, clock, revokedFile } = await guarded(`${FIRST} expires=${until}\n${SECOND}\n`);
  const check = createAuthenticate(book);
  const first = check(bearer(FIRST));
  const second = check(bearer(SECOND));
  clock.nowMs += 1000;
  expect(() => check(bearer(FIRST))).toThrow('has expired');
  expect([book.isGood(first), book.isGood(second)]).toEqual([false, true]);
  await writeFile(revokedFile, `${SECOND}\n`);
  expect(await book.poll()).toEqual([`${revokedFile}: 1 tokens revoked`]);
  expect(() => check(bearer(SECOND))).toThrow('is revoked');
  expect(book.isGood(second)).toBe(false);
});

test('what was revoked stays so when the list breaks, and that is said', async () => {
  const { book, revokedFile } = await guarded(`${FIRST}\n${SECOND}\n`, `${FIRST}\n`);
  await writeFile(revokedFile, 'nonsense\n');
  await book.poll();
  expect(book.errors[0]).toContain('line 1 is neither');
  expect(book.identify(FIRST)).toEqual({ refusal: 'revoked' });
  await rm(revokedFile);
  await book.poll();
  expect(book.identify(FIRST)).toEqual({ refusal: 'revoked' });
  expect(book.errors).toHaveLength(1);
});

test('a token file without a line any more ends what the line opened; a new line opens', async () => {
  const { book, tokenFile } = await guarded(`${FIRST}\n`);
  const found = book.identify(FIRST);
  await writeFile(tokenFile, `${SECOND}   \n`);
  await book.poll();
  expect('identity' in found && book.isGood(found.identity)).toBe(false);
  expect(book.identify(SECOND)).toHaveProperty('identity');
});

const BATCH_TYPE = 'application/vnd.hoptrace.batch';
const batch = (firstSeq: number, part = {}) =>
  encodeBatch(envelope({ firstSeq, ...part }), [leg({ seq: firstSeq })]);

test('a token speaks for its own cluster and node alone: nothing of others is accepted, on no road', async () => {
  const { tokenFile, revokedFile } = await guarded(
    `${FIRST} tenant=acme cluster=lab node=node1\n${SECOND} cluster=other\n`,
  );
  collector = await testCollector({
    HOPTRACE_COLLECTOR_TOKEN: 'third-token-0123456',
    HOPTRACE_COLLECTOR_TOKEN_FILE: tokenFile,
    HOPTRACE_COLLECTOR_REVOKED_FILE: revokedFile,
  });
  const { app, store } = collector;
  const post = async (token: string, payload: Uint8Array) => {
    const headers = { 'content-type': BATCH_TYPE, ...bearer(token) };
    const url = '/v1/batches';
    const answer = await app.inject({
      method: 'POST',
      url,
      headers,
      payload: Buffer.from(payload),
    });
    return [answer.statusCode, answer.json().code];
  };
  expect(await post(SECOND, batch(1))).toEqual([403, 'HOP_FORBIDDEN']);
  expect(await post(FIRST, batch(2, { node: 'node2' }))).toEqual([403, 'HOP_FORBIDDEN']);
  expect(await post('wrong-token-0123456', batch(3))).toEqual([401, 'HOP_UNAUTHORIZED']);
  const stream = await openStream(collector, bearer(FIRST));
  stream.send(batch(4, { node: 'node2' }));
  expect(await stream.next()).toMatchObject({
    ...{ type: 'refused', firstSeq: 4, code: 'HOP_FORBIDDEN' },
    problems: [{ field: 'node' }],
  });
  expect(store.records).toEqual([]);
  stream.send(batch(5));
  expect(await stream.next()).toMatchObject({ type: 'stored', firstSeq: 5 });
  expect(await post('third-token-0123456', batch(6, { node: 'node9' }))).toEqual([200, undefined]);
});

test('a connection whose token expires is closed, and what it sends then is not accepted', async () => {
  const clock = { nowMs: NOW_MS };
  const tokenFile = join(folder, 'tokens');
  await writeFile(tokenFile, `${FIRST} expires=${new Date(NOW_MS + 1000).toISOString()}\n`);
  collector = await testCollector(
    { HOPTRACE_COLLECTOR_TOKEN_FILE: tokenFile },
    { nowMs: () => clock.nowMs, readText: () => `${FIRST}\n` },
  );
  const stream = await openStream(collector, bearer(FIRST));
  stream.send(batch(1));
  expect(await stream.next()).toMatchObject({ type: 'stored' });
  clock.nowMs += 1000;
  const closed = new Promise((resolve) => stream.socket.once('close', resolve));
  stream.send(batch(2));
  expect(await closed).toBe(1008);
  expect(collector.store.records.map(({ seq }) => seq)).toEqual([1]);
  expect(await metricValue(collector, 'unauthorized_total')).toBe(1);
});
