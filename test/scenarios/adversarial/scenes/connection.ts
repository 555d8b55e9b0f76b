/** What a scenario says of a connection: the taps it passes, in the true order, and when. */
import type { Endpoint, Tuple } from '@hoptrace/domain/model/tuple.ts';
import type { LegRecord } from '@hoptrace/domain/wire/v1.ts';

/** Microseconds since 1970 of a scene's time 0. */
export const EPOCH_US = 1_790_000_000_000_000;

export interface TapSpec {
  readonly node: string;
  readonly role: LegRecord['tap']['role'];
  readonly direction: LegRecord['tap']['synDirection'];
  /** `ip:port > ip:port` as the SYN carries it at this tap. */
  readonly tuple: string;
  /** Before and after this node's NAT, both client to server; absent where conntrack has no entry. */
  readonly nat?: readonly [string, string];
  readonly netns?: number;
  readonly ifindex?: number;
  readonly bootId?: string;
  /** TTL set anew at this tap (a SYNPROXY sends a SYN of its own). */
  readonly ttl?: number;
  /** `syn`: no SYN-ACK came by here. `nothing`: the tap was blind, no record. `conntrack`: no ISN, no packet. */
  readonly sees?: 'all' | 'syn' | 'nothing' | 'conntrack';
  /** One way from the tap before, ns. Default: 5 µs within a machine, 100 µs between two. */
  readonly delayNs?: number;
  /** Last word on what the record says. */
  readonly fields?: Partial<LegRecord>;
}

export interface ConnectionSpec {
  readonly id: string;
  /** True time of the first SYN, µs after the scene's start. */
  readonly atUs: number;
  readonly taps: readonly TapSpec[];
  /** Names of the initial sequence numbers; the id unless said. */
  readonly clientIsn?: string;
  readonly serverIsn?: string;
  readonly isAnswered?: boolean;
  readonly hasResponse?: boolean;
  /** From SYN to end; null: still open. */
  readonly lifeUs?: number | null;
  /** The first SYN is lost on the way to this tap (index); the client repeats it after `retryUs`. */
  readonly lostBefore?: number;
  readonly retryUs?: number;
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
export function at(text: string): Endpoint {
  const colon = text.lastIndexOf(':');
  return { ip: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** `a:1 > b:2`. */
export function flow(text: string): Tuple {
  const [src = '', dst = ''] = text.split(' > ');
  return { src: at(src), dst: at(dst) };
}
