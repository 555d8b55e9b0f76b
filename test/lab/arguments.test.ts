import { expect, test } from '@jest/globals';
import { parseLabArguments } from './arguments.ts';

test('options get their defaults', () => {
  expect(parseLabArguments(['traffic'])).toEqual({
    command: 'traffic',
    backend: undefined,
    requests: 20,
    concurrency: 8,
    scenario: undefined,
    delayMs: 2,
    id: undefined,
    all: false,
    json: false,
  });
});

test('options are read and scenarios may be repeated', () => {
  const args = parseLabArguments([
    ...['traffic', '--backend', 'nftables', '--requests', '200'],
    ...['--scenario', 'closed-port', '--scenario', 'no-endpoints', '--json'],
  ]);
  expect(args).toMatchObject({
    backend: 'nftables',
    requests: 200,
    scenario: ['closed-port', 'no-endpoints'],
    json: true,
  });
});

test('suites are named, and have a number of requests of their own', () => {
  const args = parseLabArguments(['check', '--suite', 'refusals,proxy']);
  expect(args).toMatchObject({ suite: 'refusals,proxy', givenRequests: undefined, requests: 20 });
  expect(parseLabArguments(['check', '--requests', '3000']).givenRequests).toBe(3000);
});

test.each([
  [['up', '--backend', 'ipvs'], /--backend/],
  [['traffic', '--requests', '0'], /--requests/],
  [['traffic', '--requests', 'many'], /--requests/],
  [['up', '--delay-ms', '-1'], /delay-ms/],
  [['up', '--colour'], /--colour/],
  [['up', 'down'], /down/],
])('%j is refused by name', (words, message) => {
  expect(() => parseLabArguments(words)).toThrow(message);
});
