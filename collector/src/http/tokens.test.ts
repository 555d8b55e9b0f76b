import { expect, test } from '@jest/globals';
import { digestOf, parseRevoked, parseTokens } from './tokens.ts';

const TOKEN = 'first-token-0123456';

test('a line is a token and what it may speak for', () => {
  const text = `# of the production cluster\n${TOKEN} tenant=acme cluster=prod node=node1 expires=2027-01-31T00:00:00Z # a\n\nsecond-token-012345,third-token-0123456\n`;
  const [first, ...others] = parseTokens(text);
  expect(first).toEqual({
    ...{ tenant: 'acme', cluster: 'prod', node: 'node1' },
    expiresMs: Date.UTC(2027, 0, 31),
    digest: digestOf(TOKEN),
  });
  expect(others.map(({ tenant, cluster, expiresMs }) => [tenant, cluster, expiresMs])).toEqual([
    ['default', null, Number.POSITIVE_INFINITY],
    ['default', null, Number.POSITIVE_INFINITY],
  ]);
});

test.each([
  ['short', 'line 1: each token needs at least 16 characters'],
  [`\n${TOKEN} expires=tomorrow`, 'line 2: expires= needs a time'],
  [`${TOKEN} second-token-012345`, 'line 1: what follows the token is not known'],
  [`${TOKEN} node=a node=b`, 'line 1: what follows the token is not known'],
])('a mistake is named by its line, and no token is shown: %#', (text, message) => {
  expect(() => parseTokens(text)).toThrow(message);
  expect(() => parseTokens(text)).not.toThrow(/token-0/);
});

test('tokens are revoked by themselves or by their digest', () => {
  const digest = digestOf('second-token-012345');
  expect(parseRevoked(`${TOKEN}\nsha256:${digest.toUpperCase()} # lost laptop\n`)).toEqual(
    new Set([digestOf(TOKEN), digest]),
  );
  expect(() => parseRevoked('sha256:12')).toThrow('line 1 is neither');
  expect(() => parseRevoked(`${TOKEN} tenant=a`)).toThrow('line 1 holds more');
});
