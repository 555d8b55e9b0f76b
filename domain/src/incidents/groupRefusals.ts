/**
 * Refusals into incidents.
 *
 *   time ──►   ✕ ✕✕  ✕         ✕ ✕
 *              └─ one ─┘  gap  └ the next ┘
 */

/** What is needed of one refused path. */
export interface RefusalFact {
  readonly pathId: string;
  readonly startedAtUs: number;
  readonly cluster: string;
  readonly service: {
    readonly namespace: string;
    readonly name: string;
    readonly port: string;
  } | null;
  /** Needed only where no service is known. */
  readonly destination: { readonly ip: string; readonly port: number } | null;
  readonly kind: 'reset' | 'rejected' | 'dropped';
  readonly node: string | null;
  readonly cause: string;
  readonly clientIp: string | null;
  readonly nodes: readonly string[];
}

export interface RefusalGroup
  extends Pick<RefusalFact, 'cluster' | 'service' | 'destination' | 'node' | 'cause'> {
  readonly incidentId: string;
  readonly kinds: { readonly reset: number; readonly rejected: number; readonly dropped: number };
  readonly startUs: number;
  readonly endUs: number;
  readonly refusals: number;
  readonly clients: number;
  readonly clientExamples: string[];
  readonly nodes: string[];
  readonly firstPathId: string;
  readonly newestPathId: string;
}

const EXAMPLES = 5;

/**
 * Groups by cluster, service (or destination, where none is known), node and cause; a silence of more than `gapUs`
 * ends a group. The facts may come in any order and twice; the newest group first.
 */
export function groupRefusals(facts: readonly RefusalFact[], gapUs: number): RefusalGroup[] {
  const ordered = [...new Map(facts.map((fact) => [fact.pathId, fact])).values()].sort(byTime);
  const groups: RefusalFact[][] = [];
  const open = new Map<string, RefusalFact[]>();
  for (const fact of ordered) {
    const key = subjectOf(fact);
    const group = open.get(key);
    const last = group?.at(-1);
    if (group !== undefined && last !== undefined && fact.startedAtUs - last.startedAtUs <= gapUs) {
      group.push(fact);
      continue;
    }
    const fresh = [fact];
    open.set(key, fresh);
    groups.push(fresh);
  }
  return groups
    .flatMap(summed)
    .sort((a, b) => b.startUs - a.startUs || (a.incidentId < b.incidentId ? -1 : 1));
}

function byTime(a: RefusalFact, b: RefusalFact): number {
  return a.startedAtUs - b.startedAtUs || (a.pathId < b.pathId ? -1 : 1);
}

function subjectOf({ cluster, service, destination, node, cause }: RefusalFact): string {
  const what =
    service === null
      ? ['to', destination?.ip ?? '', destination?.port ?? 0]
      : [service.namespace, service.name, service.port];
  return JSON.stringify([cluster, what, node, cause]);
}

function summed(facts: readonly RefusalFact[]): RefusalGroup[] {
  const first = facts[0];
  const last = facts.at(-1);
  if (first === undefined || last === undefined) return [];
  const { cluster, service, destination, node, cause } = first;
  const clients = new Set(facts.flatMap(({ clientIp }) => clientIp ?? []));
  const count = (kind: RefusalFact['kind']) => facts.filter((fact) => fact.kind === kind).length;
  return [
    {
      incidentId: incidentIdOf(first),
      ...{ cluster, service, node, cause },
      destination: service === null ? destination : null,
      kinds: { reset: count('reset'), rejected: count('rejected'), dropped: count('dropped') },
      startUs: first.startedAtUs,
      endUs: last.startedAtUs,
      refusals: facts.length,
      clients: clients.size,
      clientExamples: [...clients].slice(0, EXAMPLES),
      nodes: [...new Set(facts.flatMap((fact) => fact.nodes))].sort(),
      firstPathId: first.pathId,
      newestPathId: last.pathId,
    },
  ];
}

const ID_DIGITS = 11;
const BASE = 36;

/** Of the form of a path id: the time of its first refusal, and a hash of what it is about. */
function incidentIdOf(first: RefusalFact): string {
  const time = first.startedAtUs.toString(BASE).padStart(ID_DIGITS, '0');
  return `${time}-${hash64(subjectOf(first))}`;
}

/** Time of the first refusal in an id, in microseconds, and the hash of the subject; null for other text. */
export function readIncidentId(id: string): { startUs: number; subject: string } | null {
  const found = /^([0-9a-z]{11})-([0-9a-f]{16})$/.exec(id);
  const startUs = Number.parseInt(found?.[1] ?? '', BASE);
  return found === null || !Number.isSafeInteger(startUs)
    ? null
    : { startUs, subject: found[2] ?? '' };
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** FNV-1a: no secret depends on it, and it must be the same everywhere. */
function hash64(text: string): string {
  let hash = FNV_OFFSET;
  for (const sign of text) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(sign.codePointAt(0) ?? 0)) * FNV_PRIME);
  }
  return hash.toString(16).padStart(16, '0');
}
