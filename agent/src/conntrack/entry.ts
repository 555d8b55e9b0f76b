/** What is remembered of a connection that only conntrack tells of. */
import type { LegRecord, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { ConntrackFrame } from '../frames/frame.ts';

/** enum tcp_conntrack. */
export const TCP_STATE = {
  synRecv: 2,
  established: 3,
  finWait: 4,
  lastAck: 6,
  timeWait: 7,
  close: 8,
} as const;

/** More than any connection lasts: 52 days. */
const LASTS_MAX_NS = 2 ** 52;

/** IPS_SEEN_REPLY: something came back. */
const SEEN_REPLY = 2;

export interface Entry {
  readonly key: string;
  readonly legId: number;
  readonly tap: Tap;
  /** It was there before anybody looked: when it began is not told. */
  readonly isOld: boolean;
  /** CLOCK_REALTIME, nanoseconds: when it began, or was found. */
  readonly startNs: bigint;
  /** CLOCK_MONOTONIC, when the loader told of it. */
  readonly heardNs: bigint;
  readonly original: ConntrackFrame['original'];
  readonly reply: ConntrackFrame['reply'];
  isAnswered: boolean;
  revision: number;
  told: LegRecord['end'] | null;
}

export function hasReply(frame: ConntrackFrame): boolean {
  return (frame.status & SEEN_REPLY) !== 0 || isHandshakeOver(frame.tcpState);
}

function isHandshakeOver(tcpState: number): boolean {
  return tcpState >= TCP_STATE.synRecv && tcpState < TCP_STATE.close;
}

/** How the connection ended, as the entry's state tells; null while it has not, or nobody knows how. */
export function endOf({ event, tcpState }: ConntrackFrame): 'fin' | 'reset' | null {
  if (tcpState === TCP_STATE.close) return 'reset';
  if (tcpState === TCP_STATE.lastAck || tcpState === TCP_STATE.timeWait) return 'fin';
  // An entry that goes in the middle of a connection timed out or was flushed.
  return event === 'destroy' && tcpState === TCP_STATE.finWait ? 'fin' : null;
}

/** One connection at one place of one node, as far as conntrack knows it: no ISN, no stamps of packets. */
export function recordOf(entry: Entry, end: LegRecord['end'], endAtNs: bigint | null): LegRecord {
  const startUs = Number(entry.startNs / 1000n);
  const restNs = Number(entry.startNs % 1000n);
  const afterNs = endAtNs === null ? null : lastedNs(entry, endAtNs);
  const endNs = afterNs === null ? null : afterNs + restNs;
  return {
    kind: 'leg',
    seq: 0,
    startUs,
    tap: entry.tap,
    tuple: entry.original,
    original: entry.original,
    reply: entry.reply,
    ...{ clientIsnHash: null, serverIsnHash: null, isnPairHash: null },
    synTtl: 0,
    synCount: entry.isOld ? 0 : 1,
    synNs: restNs,
    ...{ synAckNs: null, ackNs: null, firstRequestNs: null, firstResponseNs: null },
    endNs,
    end,
    revision: Math.min(entry.revision, 0xff),
    legId: entry.legId,
  };
}

/** Null where that cannot be: of two stamps of the wall clock, which was set in between. */
export function lastedNs(entry: Entry, untilNs: bigint): number | null {
  const ns = Math.max(0, Number(untilNs - entry.startNs));
  return ns > LASTS_MAX_NS ? null : ns;
}
