import { expect, test } from '@jest/globals';
import { readAnswer } from './answer.ts';
import { readSocketTable } from './listeners.ts';
import { withSaid } from './sightings.ts';

const body = (localEndpoints: number) =>
  JSON.stringify({
    service: { namespace: 'shop', name: 'web' },
    localEndpoints,
    serviceProxyHealthy: true,
  });

test('kube-proxy says 200 with endpoints and 503 without', () => {
  expect(readAnswer({ status: 200, body: body(2) })).toMatchObject({
    ...{ namespace: 'shop', service: 'web' },
    said: { state: 'healthy', httpStatus: 200, localEndpoints: 2, isProxyHealthy: true },
  });
  expect(readAnswer({ status: 503, body: body(0) })?.said.state).toBe('unhealthy');
});

test.each([
  ['its own /healthz', '{"lastUpdated":"2026-01-01","nodeEligible":true}'],
  ['plain text', 'ok'],
  ['a name that is none', body(1).replace('web', 'We b')],
  ['nothing', ''],
])('%s is no health check node port', (_, text) => {
  expect(readAnswer({ status: 200, body: text })).toBeNull();
});

test('sockets that listen, with the address to ask at', () => {
  const line = (at: string, state: string, inode: number) =>
    `   0: ${at} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  0  0 ${inode} 1 0 100 0`;
  const table = [
    '  sl  local_address rem_address   st',
    line('00000000:7D51', '0A', 11),
    line('0C32A8C0:7D52', '0A', 12),
    line('0C32A8C0:7D53', '01', 13),
    line('00000000000000000000000000000000:7D54', '0A', 14),
    line('0000000000000000FFFF00000100007F:7D55', '0A', 15),
    line('B80D0120000000000000000001000000:7D56', '0A', 16),
  ].join('\n');
  expect(readSocketTable(table)).toEqual([
    { host: '127.0.0.1', port: 32_081, inode: '11' },
    { host: '192.168.50.12', port: 32_082, inode: '12' },
    { host: '::1', port: 32_084, inode: '14' },
    { host: '127.0.0.1', port: 32_085, inode: '15' },
    { host: '2001:0db8:0000:0000:0000:0000:0000:0001', port: 32_086, inode: '16' },
  ]);
});

const said = (status: number) => {
  const answer = readAnswer({ status, body: body(status === 200 ? 1 : 0) });
  if (answer === null) throw new Error('no answer');
  return answer.said;
};

test('a change lies between the last probe that said otherwise and the first that says so', () => {
  let history = withSaid(null, said(200), { sentUs: 10, answeredUs: 11 });
  history = withSaid(history, said(200), { sentUs: 20, answeredUs: 21 });
  history = withSaid(history, said(503), { sentUs: 30, answeredUs: 31 });
  expect(
    history.sightings.map(({ state, earliestUs, fromUs }) => [state, earliestUs, fromUs]),
  ).toEqual([
    ['healthy', 11, 11],
    ['unhealthy', 20, 31],
  ]);
});

test('a check that flaps for ever is told within bounds, the newest first to be kept', () => {
  let history = withSaid(null, said(200), { sentUs: 1, answeredUs: 2 });
  for (let us = 10; us < 1_000; us += 10)
    history = withSaid(history, said(us % 20 === 0 ? 200 : 503), {
      sentUs: us,
      answeredUs: us + 1,
    });
  expect(history.sightings).toHaveLength(16);
  expect(history.sightings.at(-1)?.fromUs).toBe(991);
  const times = history.sightings.map(({ fromUs }) => fromUs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});
