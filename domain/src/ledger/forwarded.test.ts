import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseForwarded, parseXForwardedFor } from './forwarded.ts';
import { parseNode } from './forwardedNode.ts';
import { trustedBy, walkTrust } from './trustWalk.ts';

const nodes = (chain: ReturnType<typeof parseForwarded>) =>
  chain.elements.map((element) => element.for?.ip ?? element.for?.kind ?? null);
const problems = (chain: ReturnType<typeof parseForwarded>) =>
  chain.problems.map(({ field, value }) => [field, value]);

test('the examples of RFC 7239 section 4, names in any case', () => {
  expect(parseForwarded(['for="_gazonk"']).elements[0]?.for).toMatchObject({
    kind: 'obfuscated',
    text: '_gazonk',
  });
  expect(parseForwarded(['For="[2001:db8:cafe::17]:4711"']).elements[0]?.for).toEqual({
    kind: 'address',
    ip: '2001:db8:cafe::17',
    port: 4711,
    text: '[2001:db8:cafe::17]:4711',
  });
  expect(parseForwarded(['for=192.0.2.60;proto=http;by=203.0.113.43']).elements).toEqual([
    {
      for: { kind: 'address', ip: '192.0.2.60', port: null, text: '192.0.2.60' },
      by: { kind: 'address', ip: '203.0.113.43', port: null, text: '203.0.113.43' },
      host: null,
      proto: 'http',
      extensions: [],
    },
  ]);
  expect(nodes(parseForwarded(['for=192.0.2.43, for=198.51.100.17']))).toEqual([
    '192.0.2.43',
    '198.51.100.17',
  ]);
});

test('the whole chain is kept over several lines, with commas and semicolons within quotes', () => {
  const chain = parseForwarded([
    'for=192.0.2.43;host="a,b;c";secret="x\\"y", , for=unknown',
    'for="198.51.100.17:_port"',
  ]);
  expect(nodes(chain)).toEqual(['192.0.2.43', 'unknown', '198.51.100.17']);
  expect(chain.elements[0]).toMatchObject({ host: 'a,b;c', extensions: [['secret', 'x"y']] });
  expect(chain.problems).toEqual([]);
});

test.each([
  ['for=2001:db8::1', 'parameter', 'for=2001:db8::1'],
  ['for=192.0.2.1:80', 'parameter', 'for=192.0.2.1:80'],
  ['for="2001:db8::1"', 'for', '2001:db8::1'],
  ['for="[192.0.2.1]"', 'for', '[192.0.2.1]'],
  ['for="192.0.2.1:99999"', 'for', '192.0.2.1:99999'],
  ['for=192.0.2.1;for=192.0.2.2', 'for', 'for=192.0.2.2'],
  ['for = 192.0.2.1', 'parameter', 'for = 192.0.2.1'],
  ['for="192.0.2.1', 'parameter', 'for="192.0.2.1'],
  ['=x', 'parameter', '=x'],
  ['for=192.0.2.1;by="[::1"', 'by', '[::1'],
])('%s breaks the grammar in %s; the element stays and names nobody', (line, field, value) => {
  const chain = parseForwarded([line]);
  expect(problems(chain)).toEqual([[field, value]]);
  expect(chain.elements).toHaveLength(1);
});

test('an open quote cannot swallow what a nearer proxy wrote on a line of its own', () => {
  expect(nodes(parseForwarded(['for="6.6.6.6', 'for=203.0.113.10']))).toEqual([
    'invalid',
    '203.0.113.10',
  ]);
  expect(nodes(parseForwarded(['for="6.6.6.6, for=203.0.113.10']))).toEqual(['invalid']);
});

test('X-Forwarded-For: all spellings in use', () => {
  const chain = parseXForwardedFor([
    '203.0.113.10, 203.0.113.11:4711,2001:DB8::1',
    '[2001:db8::2], "[2001:db8::3]:443", unknown, _x, ::ffff:192.0.2.1, evil, ',
  ]);
  expect(nodes(chain)).toEqual([
    '203.0.113.10',
    '203.0.113.11',
    '2001:db8::1',
    '2001:db8::2',
    '2001:db8::3',
    'unknown',
    'obfuscated',
    '192.0.2.1',
    'invalid',
  ]);
  expect(chain.elements[1]?.for?.port).toBe(4711);
  expect(problems(chain)).toEqual([['for', 'evil']]);
});

test('more than can be meant is cut at the left end, and said', () => {
  const many = parseXForwardedFor([Array(300).fill('192.0.2.1').join(',')]);
  expect(many.elements).toHaveLength(256);
  expect(problems(many)).toEqual([['elements', '300']]);
  expect(parseXForwardedFor(['x'.repeat(70_000)])).toMatchObject({
    elements: [],
    problems: [{ field: 'length', value: '70000' }],
  });
});

test('any text: no exception; what was read can be read again', () => {
  const texts = fc.array(fc.oneof(fc.string(), fc.stringMatching(/^[for=";,:.[\]_0-9\\]{0,40}$/)));
  fc.assert(
    fc.property(texts, (lines) => {
      for (const chain of [parseForwarded(lines), parseXForwardedFor(lines)])
        for (const { for: node } of chain.elements)
          if (node?.ip != null)
            expect(parseNode(node.text, chain.header === 'xForwardedFor')).toEqual(node);
    }),
    { numRuns: 500 },
  );
});

const isTrusted = trustedBy([
  '10.0.0.0/8',
  '192.0.2.1',
  '2001:db8:1::/48',
  '10.9.0.0/',
  'nonsense',
]);
const walk = (peer: string, ...lines: string[]) => {
  const { client, provenance, endedBy, steps } = walkTrust(
    peer,
    parseXForwardedFor(lines),
    isTrusted,
  );
  return [client?.ip ?? null, provenance, endedBy, steps.length];
};

test('the walk stops at the first address that is not trusted; what stands left of it is a mere claim', () => {
  expect(walk('192.0.2.1', '6.6.6.6, 203.0.113.10, 10.0.0.5')).toEqual([
    '203.0.113.10',
    'forwarded',
    'untrusted',
    3,
  ]);
  expect(walk('203.0.113.10', '6.6.6.6')).toEqual(['203.0.113.10', 'tcpPeer', 'untrusted', 1]);
  expect(walk('2001:db8:1::5', '2001:db8:2::1, [2001:db8:1:1::1]:80')).toEqual([
    '2001:db8:2::1',
    'forwarded',
    'untrusted',
    3,
  ]);
});

test('what cannot be read hides the client; it is not skipped', () => {
  expect(walk('10.0.0.5', '6.6.6.6, unknown')).toEqual([null, 'forwarded', 'unreadable', 2]);
  expect(walk('10.0.0.5', '6.6.6.6, _edge, 10.0.0.6')[0]).toBeNull();
  expect(walk('10.0.0.5', '6.6.6.6, garbage')[0]).toBeNull();
});

test('trusted to the end: the oldest one is the client; a mapped peer is its IPv4 address', () => {
  expect(walk('10.0.0.5', '10.0.0.7, 10.0.0.6')).toEqual([
    '10.0.0.7',
    'forwarded',
    'allTrusted',
    3,
  ]);
  expect(walk('::ffff:10.0.0.5')).toEqual(['10.0.0.5', 'tcpPeer', 'allTrusted', 1]);
});

test('what is no range trusts nobody; 0.0.0.0/0 trusts every IPv4 address and no IPv6 one', () => {
  expect(trustedBy(['/', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '', '*'])('10.0.0.0')).toBe(
    false,
  );
  expect(trustedBy(['0.0.0.0/0'])('6.6.6.6')).toBe(true);
  expect(trustedBy(['0.0.0.0/0'])('2001:db8::1')).toBe(false);
});
