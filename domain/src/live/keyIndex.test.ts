import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyIndex } from './keyIndex.ts';

function valuesOf(index: KeyIndex, key: number): number[] {
  const values: number[] = [];
  for (let cursor = index.first(key); ; cursor = index.next(cursor)) {
    const value = index.valueAt(cursor, key);
    if (value === -1) return values.sort((a, b) => a - b);
    if (value >= 0) values.push(value);
  }
}

test('what was inserted and not removed is found, under collisions and at the end of the table', () => {
  // Few keys, among them the last slot's: chains run into each other and around the end.
  const key = fc.constantFrom(0, 1, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff);
  const step = fc.record({ key, value: fc.nat(20), isRemoval: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const index = new KeyIndex(64);
      const model = new Set<string>();
      for (const { key, value, isRemoval } of steps) {
        if (isRemoval) {
          index.remove(key, value);
          model.delete(`${key}/${value}`);
        } else if (!model.has(`${key}/${value}`)) {
          index.insert(key, value);
          model.add(`${key}/${value}`);
        }
      }
      const found = [0, 1, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff].flatMap((each) =>
        valuesOf(index, each).map((value) => `${each}/${value}`),
      );
      expect(new Set(found)).toEqual(model);
      expect(index.size).toBe(model.size);
    }),
    { numRuns: 300 },
  );
});

test('a full index refuses and stays searchable', () => {
  const index = new KeyIndex(3);
  expect([7, 8, 9, 10].map((value) => index.insert(5, value))).toEqual([true, true, true, false]);
  expect(valuesOf(index, 5)).toEqual([7, 8, 9]);
});
