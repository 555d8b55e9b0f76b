import { expect, test } from '@jest/globals';
import { failureText } from './failure.ts';
import { healthOf, missingText } from './health.ts';

test('a token that the API does not accept is told as such, also in the words of the proxy', () => {
  const words = 'did not accept the token';
  expect(failureText({ status: 401 })).toContain(words);
  const message = 'Authentication to data source failed';
  expect(failureText({ status: 400, data: { message, response: message } })).toContain(words);
});

test('an API that does not answer: the URL is to be checked', () => {
  expect(failureText({ status: 502, data: '' })).toContain('cannot be reached from Grafana (502)');
  expect(failureText({})).toContain('Check the API URL');
});

test('what the API says is passed on, field by field', () => {
  const data = {
    code: 'HOP_PARAMETER_INVALID',
    detail: 'service "shop" is not namespace/name',
    errors: [{ field: 'service', text: 'has no namespace.', remedy: 'Write shop/web.' }],
  };
  expect(failureText({ status: 400, data })).toBe(
    'service "shop" is not namespace/name service: has no namespace. Write shop/web.',
  );
  expect(
    failureText({ status: 503, data: { code: 'HOP_X', title: 'The store is slow', detail: '' } }),
  ).toBe('The store is slow');
});

test('anything else names the status, and doubts the address', () => {
  expect(failureText({ status: 404, statusText: 'Not Found', data: '<html>' })).toContain(
    '404 Not Found',
  );
  expect(failureText({ status: 403, data: { message: 'no route' } })).toContain('no route');
});

const overview = (known: number, silent: number) => ({
  fromUs: 0,
  toUs: 1,
  paths: 12,
  outcomes: { served: 12, reset: 0, rejected: 0, dropped: 0, unknown: 0 },
  crossings: 0,
  withExtraHops: 0,
  services: [],
  agents: { known, silent },
});

test.each([
  [0, 0, 'warning', 'no agent has reported'],
  [3, 3, 'warning', 'all 3 agents are silent'],
  [3, 1, 'warning', '1 of 3 agents are silent'],
  [3, 0, 'success', '12 paths in the last 15 minutes, 3 agents known'],
] as const)('health with %i agents, %i of them silent: %s', (known, silent, status, words) => {
  const health = healthOf(overview(known, silent));
  expect(health.status).toBe(status);
  expect(health.message).toContain(words);
});

test('what is missing is told with its remedy; what is not required is not', () => {
  const check = {
    name: 'store',
    isReady: false,
    isRequired: true,
    text: 'No store.',
    remedy: 'Start it.',
  };
  const page = { ...check, name: 'page', isRequired: false };
  expect(missingText({ status: 'notReady', missing: ['store'], checks: [check, page] })).toBe(
    'No store. Start it.',
  );
  expect(missingText({ status: 'ready', missing: ['page'], checks: [page] })).toBeNull();
});
