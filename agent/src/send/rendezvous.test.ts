import { expect, test } from '@jest/globals';
import { collectorOf, ownerOf } from './rendezvous.ts';

const URLS = ['ws://a:7041', 'ws://b:7041', 'ws://c:7041', 'ws://d:7041'];
const KEYS = Array.from({ length: 20_000 }, (_, index) => [Math.imul(index, 0x9e37_79b1), index]);
const ownersAmong = (urls: readonly string[], isThere = (_url: string) => true) => {
  const collectors = urls.map(collectorOf);
  return KEYS.map(([high = 0, low = 0]) => {
    const index = ownerOf(collectors, high, low, (each) => isThere(urls[each] ?? ''));
    return urls[index];
  });
};

test('keys spread evenly, and the order of the list does not matter', () => {
  const owners = ownersAmong(URLS);
  for (const url of URLS) {
    const share = owners.filter((owner) => owner === url).length / KEYS.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.02);
  }
  expect(ownersAmong([...URLS].reverse())).toEqual(owners);
});

test('with one gone, its keys alone move, to all of the others; with all gone, none moves', () => {
  const before = ownersAmong(URLS);
  const after = ownersAmong(URLS, (url) => url !== 'ws://b:7041');
  const heirs = new Map<string, number>();
  for (const [index, owner] of before.entries()) {
    const heir = after[index] ?? '';
    if (owner !== 'ws://b:7041') expect(heir).toBe(owner);
    else heirs.set(heir, (heirs.get(heir) ?? 0) + 1);
  }
  expect([...heirs.keys()].sort()).toEqual(['ws://a:7041', 'ws://c:7041', 'ws://d:7041']);
  expect(Math.min(...heirs.values())).toBeGreaterThan(KEYS.length / 4 / 3 / 1.2);
  expect(after).toEqual(ownersAmong(URLS.filter((url) => url !== 'ws://b:7041')));
  expect(ownersAmong(URLS, () => false)).toEqual(before);
});
