/** One TCP connection: every leg with the same ISN pair, wherever it was seen, in path order. */
import type { Warning } from '../rest/path.ts';
import type { Leg, ProxyHeader, Refusal } from './evidence.ts';

export interface Connection {
  /** The ISN pair hash, or `c:` and the client ISN hash where no SYN-ACK was seen. Stable under arrival order. */
  readonly key: string;
  /** Empty where no SYN-ACK was seen; two behind a SYNPROXY. */
  readonly pairHashes: readonly string[];
  /** From client to server, once ordered. */
  readonly legs: readonly Leg[];
  readonly refusal: Refusal | null;
  readonly proxyHeader: ProxyHeader | null;
  /** `A`: joined by the ISN pair. `B`: some leg joined by client ISN and tuple only. `D`: evidence disagrees. */
  readonly joinClass: 'A' | 'B' | 'D';
  readonly warnings: readonly Warning[];
  /** Joined across something that changes sequence numbers: strong, not proven. */
  readonly isBridged?: boolean;
}

/** Duration from SYN to SYN-ACK at this tap. It shrinks from tap to tap towards the server. */
export function toServerNs(leg: Leg): number | null {
  return leg.synAckNs === null ? null : leg.synAckNs - leg.synNs;
}

/** Duration from SYN-ACK to ACK at this tap. It grows from tap to tap towards the server. */
export function toClientNs(leg: Leg): number | null {
  return leg.ackNs === null || leg.synAckNs === null ? null : leg.ackNs - leg.synAckNs;
}

export function legSubject(leg: Leg): string {
  return `${leg.node}/${leg.tap.netns}/${leg.tap.ifindex}`;
}
