import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leg, sourced } from '../testing/builders.ts';
import { SeqRanges, StoredSeqs } from './storedSeqs.ts';

test('ranges hold exactly what was added, in any order, in as few ranges as there are gaps', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 80 }), (seqs) => {
      const ranges = new SeqRanges();
      const truth = new Set(seqs);
      for (const seq of seqs) ranges.add(seq);
      for (let seq = 0; seq <= 61; seq++) expect(ranges.has(seq)).toBe(truth.has(seq));
      const gaps = [...truth].filter((seq) => !truth.has(seq - 1)).length;
      expect(ranges.size).toBe(gaps);
    }),
  );
});

test('beyond a thousand gaps the lowest are forgotten, the newest known', () => {
  const ranges = new SeqRanges();
  for (let seq = 0; seq < 4000; seq += 2) ranges.add(seq);
  expect(ranges.size).toBe(1000);
  expect(ranges.has(0)).toBe(false);
  expect(ranges.has(3998)).toBe(true);
});

test('a new boot of a node numbers from the start', () => {
  const stored = new StoredSeqs();
  stored.add(sourced(leg({ seq: 1 })));
  expect(stored.has(sourced(leg({ seq: 1 })))).toBe(true);
  expect(stored.has(sourced(leg({ seq: 1 }), { bootId: 'fedcba9876543210' }))).toBe(false);
  expect(stored.has(sourced(leg({ seq: 1 }), { node: 'node2' }))).toBe(false);
});
