/** What reconstruct() is given: all records that may belong together, in any order, with any repetition. */
import type { ClockBounds } from '../clock/clocks.ts';
import type { FailedAttempts } from '../loss/failedAttempts.ts';
import type { LossWindows } from '../loss/lossWindows.ts';
import type { Topology } from '../topology/topology.ts';
import type {
  ExchangeRecord,
  LegRecord,
  NodeAddress,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RefusalRecord,
  Sourced,
} from '../wire/v1.ts';
import type { ImagesByNetns } from './program.ts';
import type { ProxyHistory } from './ruleScores.ts';

export type Leg = Sourced<LegRecord>;
export type Refusal = Sourced<RefusalRecord>;
export type ProxyLink = Sourced<ProxyLinkRecord>;
export type ProxyHeader = Sourced<ProxyHeaderRecord>;

export type Exchange = Sourced<ExchangeRecord>;

/** One request of a connection, by either of its ISN pairs. */
export interface RequestRef {
  readonly isnPairHash: string;
  readonly burst: number;
}

/** What inferLinks() made of a place's whole window: this request caused that one, with this chance. */
export interface InferredLink {
  /** `byteCounters`: of the connections as a whole; given both, the engine finds it by itself. */
  readonly method: 'timing' | 'byteCounters';
  readonly inbound: RequestRef;
  readonly outbound: RequestRef;
  readonly confidence: number;
}

export interface Evidence {
  readonly legs: readonly Leg[];
  readonly refusals: readonly Refusal[];
  readonly proxyLinks: readonly ProxyLink[];
  readonly proxyHeaders: readonly ProxyHeader[];
  /** Absent: the agents told of none. */
  readonly exchanges?: readonly Exchange[];
  /** Absent: no times were compared, or nothing followed. What is witnessed stands above them. */
  readonly inferredLinks?: readonly InferredLink[];
}

export interface Context {
  readonly cluster: string;
  readonly topology: Topology;
  /** Interface addresses that the agents reported; MASQUERADE may choose any of them. */
  readonly addressesByNode: ReadonlyMap<string, readonly NodeAddress[]>;
  /** Whose addresses were looked up already: reconstruct() gives each call one of its own. */
  readonly ownerMemo?: Map<string, string | null>;
  /** What observe() learnt so far of the agents' clocks; without it no one-way time is given. */
  readonly clocks?: ClockBounds;
  /**
   * The evidence holds everything that the agents saw of the proxies in its time, not only what shares a key. Only
   * then may times be compared: a request that is missing from the evidence could be the cause.
   */
  readonly hasWholeWindow?: boolean;
  /** The same, but of this place alone (a key of proxyPlaces). */
  readonly wholePlace?: string;
  /** When agents lost records; without it, silence is taken for what it seems. */
  readonly losses?: LossWindows;
  /** Which Pods dialled in vain; without it, a proxy that answers by itself is believed to have had no upstream. */
  readonly failedAttempts?: FailedAttempts;
  /** What earlier evidence showed of the rules that each proxy program obeys; without it, only the evidence at hand. */
  readonly proxyHistory?: ProxyHistory;
  /** Which image runs where; without it, programs are told apart by their names. */
  readonly images?: ImagesByNetns;
}

export const NO_EVIDENCE: Evidence = { legs: [], refusals: [], proxyLinks: [], proxyHeaders: [] };
