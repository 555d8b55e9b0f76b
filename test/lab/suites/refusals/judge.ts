/** Attempts against what the agents said of them. Pure. */
import type { LegRecord, RefusalRecord, Sourced } from '@hoptrace/domain/wire/v1.ts';
import { CLIENT_IP } from '../../plan.ts';
import type { Attempt } from './attempts.ts';
import { ATTEMPT_KINDS, type AttemptKind, type Outcome } from './kinds.ts';

export interface Said {
  readonly refusal: Sourced<RefusalRecord>;
  readonly arrivedAtUs: number;
}

export interface KindResult {
  readonly kind: AttemptKind;
  readonly attempts: number;
  readonly right: number;
  /** Right, and there within the limit. */
  readonly inTime: number;
  /** Right, but told as silence, or a bare drop, until the node heard more. */
  readonly revised: number;
  /** From the failure to the record's arrival, sorted; empty where nothing is to be reported. */
  readonly afterMs: readonly number[];
  /** Kind, ICMP or reason, and how often: `dropped NETFILTER_DROP`. */
  readonly reasons: Readonly<Record<string, number>>;
  /** The first of those that are wrong. */
  readonly wrong: readonly string[];
}

export interface Judgement {
  readonly kinds: readonly KindResult[];
  /** Refusals of connections that nobody refused. */
  readonly falseAlarms: number;
}

/** The must-hold: within 3 s. */
export const LIMIT_MS = 3_000;
const MAX_WRONG_SHOWN = 5;

export function judgeRefusals(
  attempts: readonly Attempt[],
  said: readonly Said[],
  legs: readonly Sourced<LegRecord>[],
): Judgement {
  const portByIsn = clientPorts(legs);
  const byPort = new Map<number | null, Said[]>();
  for (const each of said) {
    const port = clientPortOf(each.refusal, portByIsn);
    byPort.set(port, [...(byPort.get(port) ?? []), each]);
  }
  const ports = new Set(attempts.map(({ clientPort }) => clientPort));
  const kinds = ATTEMPT_KINDS.map((kind) =>
    judgeKind(
      kind,
      attempts
        .filter((each) => each.kind === kind)
        .map((attempt) => ({ attempt, said: byPort.get(attempt.clientPort) ?? [] })),
    ),
  );
  const falseAlarms = [...byPort].reduce(
    (sum, [port, list]) => sum + (port !== null && ports.has(port) ? 0 : list.length),
    0,
  );
  return { kinds, falseAlarms };
}

/** Behind SNAT a refusal no longer carries the client's port; the sequence number, hashed, is the same everywhere. */
function clientPorts(legs: readonly Sourced<LegRecord>[]): ReadonlyMap<string, number> {
  return new Map(
    legs.flatMap(({ clientIsnHash, tuple: { src } }) =>
      clientIsnHash !== null && src.ip === CLIENT_IP ? [[clientIsnHash, src.port] as const] : [],
    ),
  );
}

function clientPortOf(
  { tuple, clientIsnHash }: RefusalRecord,
  portByIsn: ReadonlyMap<string, number>,
): number | null {
  if (tuple.src.ip === CLIENT_IP) return tuple.src.port;
  return clientIsnHash === null ? null : (portByIsn.get(clientIsnHash) ?? null);
}

interface Pair {
  readonly attempt: Attempt;
  readonly said: readonly Said[];
}

function judgeKind(kind: AttemptKind, pairs: readonly Pair[]): KindResult {
  const judged = pairs.map(({ attempt, said }) => {
    const pair = { attempt, said: lastWords(said) };
    return { ...pair, isRevised: pair.said.length < said.length, problem: problemOf(pair) };
  });
  const right = judged.filter(({ problem }) => problem === null);
  const afterMs = right.flatMap(({ attempt, said }) =>
    said.map(({ arrivedAtUs }) => (arrivedAtUs - failedAtUs(attempt)) / 1000),
  );
  const reasons: Record<string, number> = {};
  for (const { refusal } of pairs.flatMap(({ said }) => said)) {
    const text = reasonText(refusal);
    reasons[text] = (reasons[text] ?? 0) + 1;
  }
  return {
    kind,
    attempts: pairs.length,
    right: right.length,
    // Where nothing is to be said nothing can be late.
    inTime: right.length - afterMs.filter((ms) => ms > LIMIT_MS).length,
    revised: right.filter(({ isRevised }) => isRevised).length,
    afterMs: afterMs.sort((a, b) => a - b),
    reasons,
    wrong: judged
      .flatMap(({ attempt, problem }) =>
        problem === null ? [] : [`port ${attempt.clientPort}: ${problem}`],
      )
      .slice(0, MAX_WRONG_SHOWN),
  };
}

/** What was seen outranks silence, and an answer outranks both (agent/src/legs/verdict.ts). */
const RANK = { silence: 0, kfreeSkb: 1, icmp: 2, rst: 2 } as const;

/**
 * What was told is taken back where the same node later hears more, as from a kernel that looked for a neighbour for 3 s,
 * or whose ICMP errors are few: paths then tell the answer alone (domain/reconstruct/refusals.ts).
 */
function lastWords(said: readonly Said[]): readonly Said[] {
  return said.filter(
    ({ refusal, arrivedAtUs }) =>
      !said.some(
        (other) =>
          RANK[other.refusal.evidence] > RANK[refusal.evidence] &&
          other.refusal.node === refusal.node &&
          other.arrivedAtUs >= arrivedAtUs,
      ),
  );
}

/** A dropped attempt failed with its first SYN, any other when the client was told. */
function failedAtUs(attempt: Attempt): number {
  return outcomeOf(attempt)?.refusal === 'dropped' ? attempt.startedAtUs : attempt.endedAtUs;
}

/** What truly happened; undefined where the lab did not do what it is built to do. */
function outcomeOf({ kind, isConnected, errorCode }: Attempt): Outcome | undefined {
  return isConnected ? undefined : kind.outcomes.find((each) => each.errorCode === errorCode);
}

function problemOf({ attempt, said }: Pair): string | null {
  const outcome = outcomeOf(attempt);
  if (outcome === undefined) {
    const { isConnected, errorCode } = attempt;
    return `the lab itself failed: ${isConnected ? 'connected' : errorCode}`;
  }
  const [first, second] = said;
  if (outcome.refusal === null)
    return first === undefined ? null : `said ${reasonText(first.refusal)}`;
  if (first === undefined) return 'nothing was said';
  if (second !== undefined)
    return `said twice: ${said.map(({ refusal }) => `${refusal.node} ${reasonText(refusal)}`).join(', ')}`;
  const { refusal, icmpType, icmpCode } = first.refusal;
  if (refusal !== outcome.refusal)
    return `said ${reasonText(first.refusal)}, truth ${outcome.refusal}`;
  const [type, code] = outcome.icmp ?? [0, 0];
  if (icmpType === type && icmpCode === code) return null;
  return `said ICMP ${icmpType}/${icmpCode}, truth ${type}/${code}`;
}

function reasonText({ refusal, evidence, icmpType, icmpCode, reason }: RefusalRecord): string {
  const icmp = evidence === 'icmp' ? ` ICMP ${icmpType}/${icmpCode}` : '';
  return `${refusal} by ${evidence}${icmp}${reason === '' ? '' : ` ${reason}`}`;
}
