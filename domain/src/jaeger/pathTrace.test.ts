import { expect, test } from '@jest/globals';
import { crossNodePath, samplePaths } from '../../../test/samples/paths.ts';
import { jaegerTraceSchema } from '../rest/jaeger.ts';
import { pathIdOf, pathTrace, traceIdOf } from './pathTrace.ts';

test.each(samplePaths().map((path) => [path.outcome, path] as const))(
  'a path that was %s is a trace whose spans form one tree',
  (_, path) => {
    const trace = jaegerTraceSchema.parse(pathTrace(path));
    const ids = new Set(trace.spans.map(({ spanID }) => spanID));
    expect(ids.size).toBe(trace.spans.length);
    expect(trace.spans.filter(({ references }) => references.length === 0)).toHaveLength(1);
    for (const span of trace.spans) {
      expect(span.traceID).toBe(trace.traceID);
      expect(trace.processes).toHaveProperty(span.processID);
      for (const { spanID } of span.references) expect(ids.has(spanID)).toBe(true);
    }
    expect(pathIdOf(trace.traceID)).toBe(path.pathId);
  },
);

test('a hop that nobody saw is no span but a warning, and an upper bound is no value', () => {
  const path = crossNodePath();
  const hops = path.hops.map((hop) =>
    hop.index === 1
      ? {
          ...hop,
          times: { ...hop.times, synNs: null, clock: null },
          gap: { reason: 'lost' as const, text: 'the agent lost it' },
        }
      : hop,
  );
  const { spans } = pathTrace({ ...path, hops });
  const seen = hops.filter(({ times }) => times.synNs !== null);
  expect(spans).toHaveLength(seen.length + 1);
  expect(spans[0]?.warnings.join()).toContain('is missing: the agent lost it');
  for (const [index, hop] of seen.entries()) {
    const keys = spans[index + 1]?.tags.map(({ key }) => key) ?? [];
    expect(keys.includes('rtt.valueNs')).toBe(hop.rtt?.method === 'handshakeDifference');
    expect(keys.includes('rtt.highNs')).toBe(hop.rtt !== null);
  }
});

test('trace ids are those of paths, with or without leading zeros, and nothing else', () => {
  const id = traceIdOf('0hofps1zvkm-6af2d5c5cc73540e');
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(pathIdOf(id.replace(/^0+/, ''))).toBe('0hofps1zvkm-6af2d5c5cc73540e');
  for (const other of ['', 'x'.repeat(32), 'f'.repeat(32), '1234', `${id}0`]) {
    expect(pathIdOf(other)).toBeNull();
  }
});
