import { CLASSES, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { expect, test } from '@jest/globals';
import { SAMPLE_STARTED_AT_US, samplePaths } from '../../test/samples/paths.ts';

test.each(samplePaths().map((path) => [path.pathId, path] as const))(
  'sample %s is valid and does not contradict itself',
  (pathId, path) => {
    expect(pathSchema.parse(path)).toEqual(path);
    expect(pathId).toMatch(/^[0-9a-z]{11}-[0-9a-f]{16}$/);
    expect(Number.parseInt(pathId.slice(0, 11), 36)).toBe(path.startedAtUs);
    expect(path.crossings).toBe(path.hops.filter((hop) => hop.crossesNode === true).length);
    expect(path.extraHops).toBe(path.hops.filter((hop) => hop.extra === true).length);
    const known = path.hops.map((hop) => hop.class).filter((each) => String(each) !== 'M');
    expect(path.class).toBe(CLASSES.filter((each) => known.includes(each)).at(-1));
    expect(path.hops.map((hop) => hop.index)).toEqual([...path.hops.keys()]);
    expect(path.refusal?.kind ?? 'served').toBe(path.outcome);
    for (const hop of path.hops) {
      const next = path.hops[hop.index + 1];
      if (next !== undefined) expect(next.from.name).toBe(hop.to.name);
      if (hop.extra === true)
        expect([hop.crossesNode, typeof hop.extraReason]).toEqual([true, 'string']);
      if (hop.rtt !== null) {
        expect(hop.rtt.lowNs).toBeLessThanOrEqual(hop.rtt.valueNs);
        expect(hop.rtt.highNs).toBeGreaterThanOrEqual(hop.rtt.valueNs);
      }
    }
  },
);

test('samples are fresh documents with ids of their own', () => {
  const [first, second] = [samplePaths(), samplePaths(SAMPLE_STARTED_AT_US + 1)];
  expect(new Set([...first, ...second].map((path) => path.pathId)).size).toBe(14);
  expect(samplePaths()[0]).not.toBe(first[0]);
});
