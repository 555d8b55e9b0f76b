/**
 * A path as a trace in Jaeger's form: one span for the path, and below it one for each hop whose arrival an agent saw.
 * A hop that nobody saw gets no span: it is named in the warnings. What is only bounded is told by its bounds, in tags.
 *
 *   served   shop/web                 ├────────────────────────────┤
 *     1 network      node2              ├──────────────────────┤        clock of node2
 *     2 nodeForward  shop/web-7d9         ├──────────────────┤          clock of node1
 */
import type { JaegerSpan, JaegerTag, JaegerTrace } from '../rest/jaeger.ts';
import type { Hop, Party, Path } from '../rest/path.ts';

const BASE = 36;
const PATH_DIGITS = 11;
const HEX_DIGITS = 16;
const NS = 1000;

/** 32 hex digits: the time of the path, then what makes it unique. */
export function traceIdOf(pathId: string): string {
  const [time = '', rest = ''] = pathId.split('-');
  return Number.parseInt(time, BASE).toString(16).padStart(HEX_DIGITS, '0') + rest;
}

/** The other way round; null for text that is no such id. Leading zeros may be missing, as Jaeger allows. */
export function pathIdOf(traceId: string): string | null {
  if (!/^[0-9a-f]{17,32}$/i.test(traceId)) return null;
  const digits = traceId.toLowerCase().padStart(2 * HEX_DIGITS, '0');
  const timeUs = Number.parseInt(digits.slice(0, HEX_DIGITS), 16);
  const time = timeUs.toString(BASE).padStart(PATH_DIGITS, '0');
  if (!Number.isSafeInteger(timeUs) || time.length !== PATH_DIGITS) return null;
  return `${time}-${digits.slice(HEX_DIGITS)}`;
}

/** `namespace/name`; what has no known service is looked for as `unknown`. */
export function traceServiceOf({ service }: Pick<Path, 'service'>): string {
  return service === null ? 'unknown' : `${service.namespace}/${service.name}`;
}

export function pathTrace(path: Path): JaegerTrace {
  const traceID = traceIdOf(path.pathId);
  const seen = path.hops.filter(({ times }) => times.synNs !== null);
  const root = rootSpan(path, traceID, seen);
  const spans = [root];
  const processes: JaegerTrace['processes'] = {
    p0: { serviceName: traceServiceOf(path), tags: [text('cluster', path.cluster)] },
  };
  let parent = root.spanID;
  for (const hop of seen) {
    const processID = `p${hop.index + 1}`;
    processes[processID] = { serviceName: nameOf(hop.to), tags: partyTags(hop.to) };
    const span = hopSpan(path, hop, { traceID, parent, processID });
    spans.push(span);
    parent = span.spanID;
  }
  return { traceID, spans, processes, warnings: [] };
}

function rootSpan(path: Path, traceID: string, seen: readonly Hop[]): JaegerSpan {
  const first = seen[0];
  const clock = first?.times.clock ?? null;
  const missing = path.hops
    .filter(({ times }) => times.synNs === null)
    .map(
      (hop) =>
        `hop ${hop.index + 1}, ${nameOf(hop.from)} to ${nameOf(hop.to)}, is missing: ${hop.gap?.text ?? 'no agent saw it'}`,
    );
  const clocks = new Set(seen.map(({ times }) => times.clock));
  const skew =
    clocks.size > 1
      ? ['spans are placed by the clock of the machine in their tag clock; these differ']
      : [];
  const end = first === undefined ? null : lastStampNs(first);
  const open = end === null || first?.times.endNs === null ? ['its end was not seen'] : [];
  return {
    traceID,
    spanID: spanIdOf(0),
    operationName: path.outcome,
    references: [],
    startTime: path.startedAtUs,
    duration: Math.max(0, Math.round((end ?? 0) / NS)),
    tags: [
      text('pathId', path.pathId),
      text('class', path.class),
      number('confidence', path.confidence),
      number('completeness', path.completeness),
      number('crossings', path.crossings),
      number('extraHops', path.extraHops),
      text('client.source', path.client.source),
      ...optional('client.ip', path.client.ip),
      ...optional('clock', clock),
      ...refusalTags(path),
    ],
    logs: [],
    processID: 'p0',
    warnings: [...missing, ...open, ...skew, ...path.warnings.map((warning) => warning.text)],
  };
}

function refusalTags({ refusal }: Path): JaegerTag[] {
  if (refusal === null) return [];
  return [
    { key: 'error', type: 'bool', value: true },
    text('refusal.kind', refusal.kind),
    text('refusal.cause', refusal.cause),
    text('refusal.text', refusal.text),
    text('refusal.remedy', refusal.remedy),
    ...optional('refusal.node', refusal.node),
  ];
}

interface Place {
  readonly traceID: string;
  readonly parent: string;
  readonly processID: string;
}

function hopSpan(path: Path, hop: Hop, { traceID, parent, processID }: Place): JaegerSpan {
  const startNs = hop.times.synNs ?? 0;
  const endNs = lastStampNs(hop) ?? startNs;
  const isRefused = path.refusal !== null && hop === path.hops.at(-1);
  return {
    traceID,
    spanID: spanIdOf(hop.index + 1),
    operationName: `${hop.index + 1} ${hop.kind}`,
    references: [{ refType: 'CHILD_OF', traceID, spanID: parent }],
    startTime: path.startedAtUs + Math.round(startNs / NS),
    duration: Math.max(0, Math.round((endNs - startNs) / NS)),
    tags: [
      text('from', nameOf(hop.from)),
      text('to', nameOf(hop.to)),
      text('class', hop.class),
      ...optional('clock', hop.times.clock),
      ...known('crossesNode', hop.crossesNode),
      ...known('extraHop', hop.extra),
      ...optional('extraHop.reason', hop.extraReason),
      ...costTags(hop),
      ...rewriteTags(hop),
      ...(isRefused ? known('error', true) : []),
    ],
    logs: logsOf(path, hop),
    processID,
    warnings: [
      ...(hop.times.endNs === null ? ['its end was not seen'] : []),
      ...(hop.gap == null ? [] : [hop.gap.text]),
      ...(hop.extra === null ? ['whether this is an extra hop is not known'] : []),
    ],
  };
}

function costTags({ rtt, oneWay, requestCost, proxyTime, link }: Hop): JaegerTag[] {
  const bounds = (key: string, value: { lowNs: number; highNs: number } | null | undefined) =>
    value == null
      ? []
      : [number(`${key}.lowNs`, value.lowNs), number(`${key}.highNs`, value.highNs)];
  return [
    // An upper bound has no value that may be taken for the round trip.
    ...(rtt?.method === 'handshakeDifference' ? [number('rtt.valueNs', rtt.valueNs)] : []),
    ...bounds('rtt', rtt),
    ...optional('rtt.method', rtt?.method ?? null),
    ...bounds('oneWay', oneWay),
    ...bounds('requestCost', requestCost),
    ...bounds('proxyTime', proxyTime),
    ...optional('link.method', link?.method ?? null),
  ];
}

function rewriteTags({ rewrite }: Hop): JaegerTag[] {
  if (rewrite === null) return [];
  return [
    text('rewrite.mechanism', rewrite.mechanism),
    text('rewrite.before', rewrite.before),
    text('rewrite.after', rewrite.after),
    text('rewrite.cause', rewrite.cause),
  ];
}

const STAMPS = ['establishedNs', 'firstRequestNs', 'firstResponseNs'] as const;

function logsOf({ startedAtUs }: Path, { times }: Hop): JaegerSpan['logs'] {
  return STAMPS.flatMap((name) => {
    const stampNs = times[name];
    if (stampNs === null) return [];
    const timestamp = startedAtUs + Math.round(stampNs / NS);
    return [{ timestamp, fields: [text('event', name.replace(/Ns$/, ''))] }];
  });
}

/** The latest of the stamps that were seen; null: none. */
function lastStampNs({ times }: Hop): number | null {
  const stamps = [times.synNs, ...STAMPS.map((name) => times[name]), times.endNs];
  const known = stamps.filter((stamp) => stamp !== null);
  return known.length === 0 ? null : Math.max(...known);
}

const nameOf = ({ name, role, ip }: Party) => name ?? (role === 'client' ? 'client' : ip);

function partyTags({ role, node, ip, port, observed }: Party): JaegerTag[] {
  return [
    text('role', role),
    text('ip', ip),
    number('port', port),
    ...known('observed', observed),
    ...optional('node', node),
  ];
}

const spanIdOf = (index: number) => (index + 1).toString(16).padStart(HEX_DIGITS, '0');
const text = (key: string, value: string): JaegerTag => ({ key, type: 'string', value });
const number = (key: string, value: number): JaegerTag => ({
  key,
  type: Number.isInteger(value) ? 'int64' : 'float64',
  value,
});
const optional = (key: string, value: string | null) => (value === null ? [] : [text(key, value)]);
const known = (key: string, value: boolean | null): JaegerTag[] =>
  value === null ? [] : [{ key, type: 'bool', value }];
