import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { timesOf } from '../reconstruct/hops.ts';
import { HOP_KINDS, ROLES, sourceVerdictSchema } from '../rest/path.ts';
import { C, context, LB } from './builders.ts';
import { parseXForwardedFor } from './forwarded.ts';
import { sourceVerdictOf } from './sourceVerdict.ts';

test('hops, arrivals and headers that do not fit together: a verdict, never an exception', () => {
  const ip = fc.constantFrom(C, LB, '192.168.50.13', '10.244.2.10', '', 'nonsense', '2001:db8::1');
  const endpoint = fc.record({ ip, port: fc.nat(65535) });
  const party = endpoint.chain((at) =>
    fc
      .constantFrom(...ROLES)
      .map((role) => ({ ...at, role, name: null, node: null, observed: false })),
  );
  const rewrite = fc.record({
    mechanism: fc.constant('snat' as const),
    before: fc.string(),
    after: fc.oneof(fc.string(), fc.constant(`${LB}:1`)),
    cause: fc.string(),
    recoverable: fc.constant(null),
  });
  const hop = fc.record({
    from: party,
    to: party,
    kind: fc.constantFrom(...HOP_KINDS),
    crossesNode: fc.constantFrom(true, false, null),
    rewrite: fc.option(rewrite),
  });
  const blank = {
    extra: null,
    extraReason: null,
    rtt: null,
    class: 'B',
    times: timesOf(null, 0),
  } as const;
  const header = fc.record({
    version: fc.constantFrom(1 as const, 2 as const),
    command: fc.constantFrom('local' as const, 'proxy' as const),
    claimed: fc.option(fc.record({ src: endpoint, dst: endpoint })),
  });
  const evidence = fc.record({
    hops: fc
      .array(hop, { maxLength: 5 })
      .map((list) => list.map((each, index) => ({ ...blank, ...each, index }))),
    arrivals: fc.array(fc.option(endpoint), { maxLength: 6 }),
    headers: fc.array(fc.option(header), { maxLength: 4 }),
    forwarded: fc.array(
      fc.record({
        hop: fc.nat(6),
        chain: fc.array(ip).map((ips) => parseXForwardedFor([ips.join()])),
      }),
    ),
  });
  fc.assert(
    fc.property(evidence, (each) => {
      const frozen = structuredClone(each);
      const verdict = sourceVerdictOf({ ...each, context });
      expect(each).toEqual(frozen);
      if (verdict === null) return expect(each.hops).toEqual([]);
      sourceVerdictSchema.parse(verdict);
      expect(verdict.clientSeenBy).toHaveLength(each.hops.length);
      expect(verdict.believable === false).toBe(verdict.scenario === 'forged');
      expect(verdict.text).not.toMatch(/undefined|null/);
    }),
    { numRuns: 300 },
  );
});
