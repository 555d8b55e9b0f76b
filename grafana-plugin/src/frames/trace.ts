/**
 * One path in the form of Grafana's trace view: a span per hop, each the child of the one before.
 * Spans of different machines carry different clocks, and say so as a warning; nothing is shifted.
 */

import type { Hop, Path } from '../rest/types.ts';
import { formatBounds, formatRtt } from '../view/format.ts';
import { partyName } from '../view/lanes.ts';
import { METHOD_SHORT } from '../view/words.ts';
import { fieldsOf, msOf, number, other, type PlainFrame, text } from './plainFrame.ts';

interface Tag {
  readonly key: string;
  readonly value: unknown;
}

interface Span {
  readonly hop: Hop;
  readonly startMs: number;
  readonly durationMs: number;
  readonly warnings: readonly string[];
  readonly isRefused: boolean;
}

const NS_PER_MS = 1e6;

export function traceFrame(path: Path): PlainFrame {
  return {
    name: path.pathId,
    meta: { preferredVisualisationType: 'trace', custom: { traceFormat: 'otlp' } },
    fields: fieldsOf(spansOf(path), {
      traceID: text(() => path.pathId),
      spanID: text(({ hop }) => spanId(hop.index)),
      parentSpanID: text(({ hop }) => (hop.index === 0 ? null : spanId(hop.index - 1))),
      operationName: text(({ hop }) => `${partyName(hop.from)} → ${partyName(hop.to)}`),
      serviceName: text(({ hop }) => hop.to.node ?? partyName(hop.to)),
      serviceTags: other(({ hop }) => serviceTags(hop)),
      startTime: number(({ startMs }) => startMs),
      duration: number(({ durationMs }) => durationMs),
      tags: other(({ hop }) => hopTags(hop)),
      logs: other(() => []),
      references: other(() => []),
      kind: text(({ hop }) => (hop.kind === 'proxy' ? 'client' : 'server')),
      statusCode: number(({ isRefused }) => (isRefused ? 2 : 0)),
      statusMessage: text(({ isRefused }) => (isRefused ? (path.refusal?.text ?? '') : '')),
      warnings: other(({ warnings }) => warnings),
    }),
  };
}

function spanId(index: number): string {
  return `hop-${index + 1}`;
}

/** A hop that nobody saw has no time of its own: it is put where the one before starts, and says so. */
function spansOf(path: Path): Span[] {
  const firstClock = path.hops.find(({ times }) => times.clock !== null)?.times.clock ?? null;
  let offsetNs = 0;
  return path.hops.map((hop, index) => {
    const { synNs, endNs, clock } = hop.times;
    const warnings = [];
    if (synNs === null) warnings.push('No agent saw this hop arrive: when is not known.');
    if (clock !== null && clock !== firstClock)
      warnings.push(
        `Times by the clock of ${clock}, which is not aligned with that of ${firstClock}.`,
      );
    if (hop.gap != null) warnings.push(hop.gap.text);
    offsetNs = synNs ?? offsetNs;
    return {
      hop,
      startMs: msOf(path.startedAtUs) + offsetNs / NS_PER_MS,
      durationMs: synNs === null || endNs === null ? 0 : (endNs - synNs) / NS_PER_MS,
      warnings,
      isRefused: path.refusal !== null && index === path.hops.length - 1,
    };
  });
}

function serviceTags({ to }: Hop): Tag[] {
  return [
    { key: 'party', value: partyName(to) },
    { key: 'role', value: to.role },
    { key: 'address', value: `${to.ip}:${to.port}` },
    { key: 'seen by an agent', value: to.observed },
  ];
}

function hopTags(hop: Hop): Tag[] {
  const { rtt, rewrite } = hop;
  const tags: (Tag | null)[] = [
    { key: 'class', value: hop.class },
    { key: 'crosses node', value: hop.crossesNode ?? 'not known' },
    { key: 'extra hop', value: hop.extra ?? 'not judged' },
    hop.extraReason === null ? null : { key: 'extra hop because', value: hop.extraReason },
    rtt === null
      ? { key: 'round trip', value: 'not measured' }
      : {
          key: 'round trip',
          value: `${formatRtt(rtt)} (${formatBounds(rtt)}, ${METHOD_SHORT[rtt.method]})`,
        },
    rewrite === null
      ? null
      : {
          key: 'source rewritten',
          value: `${rewrite.before} → ${rewrite.after}: ${rewrite.cause}`,
        },
  ];
  return tags.filter((tag) => tag !== null);
}
