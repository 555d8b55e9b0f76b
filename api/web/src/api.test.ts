import { afterEach, expect, jest, test } from '@jest/globals';
import { type Answer, fetchPath, fetchPaths, isLasting } from './api.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

function answerWith(status: number, body: unknown): void {
  globalThis.fetch = jest.fn(async () => new Response(JSON.stringify(body), { status }));
}

function ask(): Promise<Answer<unknown>> {
  return fetchPaths(new URLSearchParams(), new AbortController().signal);
}

test('a list is a list only with items and a cursor', async () => {
  answerWith(200, { items: [], nextCursor: null });
  expect(await ask()).toEqual({ ok: true, data: { items: [], nextCursor: null } });
  answerWith(200, { items: [] });
  expect(await ask()).toMatchObject({ ok: false, failure: { kind: 'malformed' } });
});

test('a problem is told in its own words, each only once', async () => {
  answerWith(400, {
    title: 'Bad parameter',
    status: 400,
    detail: 'service cannot be "x". Write namespace/name.',
    errors: [
      { field: 'service', text: 'service cannot be "x".', remedy: 'Write namespace/name.' },
      { field: 'limit', text: 'limit is 0.', remedy: 'Use 1 or more.' },
    ],
  });
  expect(await ask()).toMatchObject({
    failure: { title: 'Bad parameter', remedies: ['limit: limit is 0. Use 1 or more.'] },
  });
});

test('an error page of something else between is told by its status', async () => {
  globalThis.fetch = jest.fn(async () => new Response('<html>', { status: 502 }));
  expect(await ask()).toMatchObject({ failure: { title: 'The API answered 502', status: 502 } });
});

test('a connection that fails is a value, one that was given up is not', async () => {
  globalThis.fetch = jest.fn(async () => {
    throw new TypeError('fetch failed');
  });
  expect(await ask()).toMatchObject({ failure: { kind: 'unreachable' } });
  await expect(fetchPath('x', AbortSignal.abort())).rejects.toThrow();
});

test('only what the request itself caused is lasting', () => {
  const failure = { kind: 'problem', title: '', detail: '', remedies: [] } as const;
  const lasting = [400, 404, 408, 429, 500, 503, null].filter((status) =>
    isLasting({ ...failure, status }),
  );
  expect(lasting).toEqual([400, 404]);
});
