/** One true TCP connection: when each of its packets passed each tap. All times true, in nanoseconds. */
import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import { answerExchange, beginExchange, type Carrier, type SimRequest } from './exchange.ts';
import { type IsnHashes, innerPart, outerHashes, outerPart } from './middlebox.ts';
import type { Random } from './random.ts';
import type { Route } from './route.ts';
import type { Wires } from './wires.ts';

/** Its own hashes are those that the server sees. */
export interface SimConnection extends IsnHashes, Carrier {
  readonly id: number;
  /** Before a middlebox on the route, seen from the client. */
  readonly outer: IsnHashes | null;
  readonly route: Route;
  readonly startNs: number;
  /** By tap. A tap behind a lost SYN sees the repetition only; behind a SYNPROXY none, until the client answered it. */
  synNs: number[];
  synCount: number[];
  synAckNs: number[];
  ackNs: number[];
  requestNs: number[];
  responseNs: number[];
  endNs: number[];
  end: LegRecord['end'];
  refusal: TrueRefusal | null;
  /** When the client's stack had the SYN-ACK and sent the ACK. */
  clientSynAckNs: number;
  clientAckNs: number;
  /** The client it announces at the start, where its opener speaks the PROXY protocol. */
  announced: LegRecord['tuple'] | null;
}

export type TrueRefusal = Pick<
  RefusalRecord,
  'refusal' | 'evidence' | 'icmpType' | 'icmpCode' | 'reason'
> & {
  readonly atNs: number;
};

const RETRY_NS = 1_000_000_000;
const STACK_NS = 8_000;

export function newConnection(
  random: Random,
  wires: Wires,
  id: number,
  route: Route,
  startNs: number,
  synLoss: number,
): SimConnection {
  const { synNs, synCount } = passSyn(random, wires, outerPart(route), startNs, synLoss);
  const hashes = {
    clientHash: random.hash64(),
    serverHash: random.hash64(),
    pairHash: random.hash64(),
  };
  return {
    id,
    ...hashes,
    outer: outerHashes(random, route, hashes.clientHash),
    route,
    startNs,
    synNs,
    synCount,
    synAckNs: [],
    ackNs: [],
    requestNs: [],
    responseNs: [],
    endNs: [],
    end: 'unanswered',
    refusal: null,
    clientSynAckNs: 0,
    clientAckNs: 0,
    announced: null,
    exchanges: [],
    isTls: false,
    firstFlightHash: null,
    prefaceBytes: 0,
  };
}

/** The first SYN may get lost between two taps; the repetition passes all of them. */
function passSyn(random: Random, wires: Wires, route: Route, startNs: number, synLoss: number) {
  const lostBefore = random.chance(synLoss) ? random.below(route.sites.length) : 0;
  const first = wires.forward(route, startNs, true);
  if (lostBefore === 0) return { synNs: first, synCount: first.map(() => 1) };
  const again = wires.forward(route, startNs + RETRY_NS, true);
  return {
    synNs: again.map((ns, index) => (index < lostBefore ? (first[index] ?? ns) : ns)),
    synCount: again.map((_, index) => (index < lostBefore ? 2 : 1)),
  };
}

/** The hashes that this tap sees. */
export function hashesAt({ outer, route, ...own }: SimConnection, site: number): IsnHashes {
  return outer !== null && site < (route.middlebox?.before ?? 0) ? outer : own;
}

/** SYN-ACK and ACK. Answers when the client may send. `isAcknowledged` false: a half-open flood. */
export function establish(wires: Wires, connection: SimConnection, isAcknowledged = true): number {
  const route = outerPart(connection.route);
  const arrivedNs = lastOf(connection.synNs);
  connection.end = 'open';
  const back = wires.backward(route, arrivedNs + STACK_NS);
  connection.synAckNs = back.atNs;
  connection.clientSynAckNs = back.sourceNs;
  connection.clientAckNs = back.sourceNs + STACK_NS;
  if (!isAcknowledged) return connection.clientAckNs;
  connection.ackNs = wires.forward(route, connection.clientAckNs, false);
  const inner = innerPart(connection.route);
  return inner === null ? connection.clientAckNs : establishInner(wires, connection, inner);
}

/** A SYNPROXY believes the client now, and opens the rest of the way; until then it lets no data through. */
function establishInner(wires: Wires, connection: SimConnection, inner: Route): number {
  const synNs = wires.forward(inner, lastOf(connection.ackNs) + STACK_NS, true);
  const back = wires.backward(inner, lastOf(synNs) + STACK_NS);
  const ackNs = wires.forward(inner, back.sourceNs + STACK_NS, false);
  connection.synNs = [...connection.synNs, ...synNs];
  connection.synCount = [...connection.synCount, ...synNs.map(() => 1)];
  connection.synAckNs = [...connection.synAckNs, ...back.atNs];
  connection.ackNs = [...connection.ackNs, ...ackNs];
  return lastOf(ackNs);
}

/** A request of the client; the leg stamps the first one only. Answers when the server reads it. */
export function sendRequest(
  wires: Wires,
  connection: SimConnection,
  atNs: number,
  request: SimRequest,
): number {
  const passed = wires.forward(connection.route, atNs, false);
  beginExchange(connection, request, passed);
  if (connection.requestNs.length === 0) connection.requestNs = passed;
  return lastOf(passed) + STACK_NS;
}

/** The response of the server. Answers when the client reads it. */
export function sendResponse(
  wires: Wires,
  connection: SimConnection,
  atNs: number,
  bytes: number,
): number {
  const back = wires.backward(connection.route, atNs);
  answerExchange(connection, bytes, back.atNs);
  if (connection.responseNs.length === 0) connection.responseNs = back.atNs;
  return back.sourceNs;
}

export function endConnection(wires: Wires, connection: SimConnection, atNs: number): void {
  connection.end = 'fin';
  connection.endNs = wires.forward(connection.route, atNs, false);
}

export function refuse(connection: SimConnection, refusal: TrueRefusal): void {
  connection.refusal = refusal;
  connection.end = refusal.refusal === 'reset' ? 'reset' : 'unanswered';
}

/** Nothing listens there. Answers when the client knows. */
export function resetByServer(wires: Wires, connection: SimConnection): number {
  const atNs = lastOf(connection.synNs) + STACK_NS;
  const evidence = { evidence: 'rst', reason: 'NO_SOCKET', icmpType: 0, icmpCode: 0 } as const;
  refuse(connection, { refusal: 'reset', ...evidence, atNs });
  return wires.backward(connection.route, atNs).sourceNs;
}

export function lastOf(times: readonly number[]): number {
  return times[times.length - 1] ?? 0;
}
