/**
 * A small ground truth: connections happen at true times, every agent stamps what passes its taps with its own
 * clock, and beside the records stands what really happened. No randomness: the same scene gives the same files.
 */
import { createHash } from 'node:crypto';
import type {
  BurstRef,
  ExchangeRecord,
  LegRecord,
  ProxyHeaderRecord,
  ProxyLinkRecord,
  RefusalRecord,
  Sourced,
} from '@hoptrace/domain/wire/v1.ts';
import { type ConnectionSpec, EPOCH_US, flow, type TapSpec } from './connection.ts';
import { legsOf, type NodeClock } from './stamps.ts';
import { type Truth, truthOf } from './truth.ts';

export type SceneRecord = Sourced;

export interface LinkSpec {
  readonly side: 'request' | 'response';
  /** Connection id, or [connection id, burst]. Burst 1 unless said. */
  readonly subject: BurstName;
  readonly lastRead: BurstName | null;
  readonly oldest: BurstName | null;
  readonly atUs: number;
  readonly node?: string;
  readonly pid?: number;
  readonly process?: string;
}

export type BurstName = string | readonly [string, number];

/** Everything that one scenario is made of. */
export interface Scene {
  readonly records: SceneRecord[];
  readonly truth: Truth[];
  connect(spec: ConnectionSpec): ConnectionSpec;
  refuse(spec: ConnectionSpec, tap: TapSpec, fields: Partial<RefusalRecord>): void;
  link(spec: LinkSpec): void;
  /** Rules of both kinds that name the same bursts, on both sides: what a proxy with one client at a time gives. */
  agree(inbound: BurstName, outbound: BurstName, atUs: number, part?: Partial<LinkSpec>): void;
  /** One request on a connection and its response, at each of its taps. */
  exchange(spec: ConnectionSpec, request: RequestSpec): void;
  header(
    spec: ConnectionSpec,
    claimed: string | null,
    part?: Partial<ProxyHeaderRecord> & { node?: string },
  ): void;
  /** One true path: its connections from the client to the app. */
  happened(id: string, ...chain: ConnectionSpec[]): void;
}

export interface RequestSpec {
  /** True time at the last tap, µs after the scene's start. */
  readonly atUs: number;
  readonly workUs: number;
  readonly burst?: number;
  readonly requestId?: string;
  readonly responseBytes?: number;
}

export interface SceneOptions {
  readonly cluster?: string;
  readonly clocks?: Readonly<Record<string, NodeClock>>;
}

export function hashOf(kind: 'client' | 'server' | 'pair' | 'requestId', name: string): string {
  return createHash('sha256').update(`${kind}:${name}`).digest('hex').slice(0, 16);
}

export function newScene({ cluster = 'test', clocks = {} }: SceneOptions = {}): Scene {
  const records: SceneRecord[] = [];
  const truth: Truth[] = [];
  const pairs = new Map<string, string>();
  const nextSeq = new Map<string, number>();

  const source = <
    T extends LegRecord | RefusalRecord | ProxyLinkRecord | ProxyHeaderRecord | ExchangeRecord,
  >(
    node: string,
    bootId: string,
    record: Omit<T, 'seq'>,
  ): void => {
    const sender = `${node}|${bootId}`;
    const seq = nextSeq.get(sender) ?? 1;
    nextSeq.set(sender, seq + 1);
    const extra = record.kind === 'leg' ? { legId: seq } : {};
    records.push({ ...record, ...extra, seq, cluster, node, bootId } as unknown as SceneRecord);
  };
  const clockOf = (node: string): NodeClock => clocks[node] ?? {};
  const burst = (name: BurstName): BurstRef => {
    const [id, number] = typeof name === 'string' ? [name, 1] : name;
    return { isnPairHash: pairs.get(id) ?? hashOf('pair', `${id}|${id}`), burst: number };
  };

  const scene: Scene = {
    records,
    truth,
    connect(spec) {
      const [client, server] = [spec.clientIsn ?? spec.id, spec.serverIsn ?? spec.id];
      const hashes = {
        client: hashOf('client', client),
        server: hashOf('server', server),
        pair: hashOf('pair', `${client}|${server}`),
      };
      pairs.set(spec.id, hashes.pair);
      for (const { tap, leg } of legsOf(spec, hashes, clockOf)) {
        source<LegRecord>(tap.node, tap.bootId ?? 'boot-0001', leg);
      }
      return spec;
    },
    refuse(spec, tap, fields) {
      source<RefusalRecord>(tap.node, 'boot-0001', {
        kind: 'refusal',
        startUs: EPOCH_US + spec.atUs,
        tap: { netns: tap.netns ?? 1, ifindex: 2, role: tap.role, synDirection: tap.direction },
        tuple: flow(tap.tuple),
        clientIsnHash: hashOf('client', spec.clientIsn ?? spec.id),
        refusal: 'dropped',
        evidence: 'kfreeSkb',
        afterNs: 20_000,
        synCount: 1,
        icmpType: 0,
        icmpCode: 0,
        reason: '',
        ...fields,
      });
    },
    link({ side, subject, lastRead, oldest, atUs, node = 'node2', pid = 42, process = 'nginx' }) {
      source<ProxyLinkRecord>(node, 'boot-0001', {
        kind: 'proxyLink',
        startUs: EPOCH_US + atUs,
        netns: 2,
        pid,
        side,
        subject: burst(subject),
        lastRead: lastRead === null ? null : burst(lastRead),
        oldest: oldest === null ? null : burst(oldest),
        process,
      });
    },
    agree(inbound, outbound, atUs, part = {}) {
      scene.link({
        side: 'request',
        subject: outbound,
        lastRead: inbound,
        oldest: inbound,
        atUs,
        ...part,
      });
      scene.link({
        side: 'response',
        subject: inbound,
        lastRead: outbound,
        oldest: outbound,
        atUs: atUs + 400,
        ...part,
      });
    },
    header(spec, claimed, { node = 'node2', ...part } = {}) {
      const pair = `${spec.clientIsn ?? spec.id}|${spec.serverIsn ?? spec.id}`;
      source<ProxyHeaderRecord>(node, 'boot-0001', {
        kind: 'proxyHeader',
        startUs: EPOCH_US + spec.atUs + 500,
        isnPairHash: hashOf('pair', pair),
        version: 2,
        command: claimed === null ? 'local' : 'proxy',
        claimed: claimed === null ? null : flow(claimed),
        ...part,
      });
    },
    exchange(spec, { atUs, workUs, burst: number = 1, requestId, responseBytes = 1000 }) {
      const ends = spec.taps.length - 1;
      for (const [index, tap] of spec.taps.entries()) {
        const wayUs = (ends - index) * 5;
        source<ExchangeRecord>(tap.node, 'boot-0001', {
          kind: 'exchange',
          startUs: EPOCH_US + atUs - wayUs,
          tap: {
            netns: tap.netns ?? (tap.role === 'pod' ? 2 : 1),
            ifindex: tap.ifindex ?? index + 2,
            role: tap.role,
            synDirection: tap.direction,
          },
          isnPairHash: burst(spec.id).isnPairHash,
          burst: number,
          requestOffset: (number - 1) * 300,
          responseOffset: (number - 1) * responseBytes,
          requestFirstNs: 0,
          requestLastNs: 0,
          responseFirstNs: (workUs + 2 * wayUs) * 1000,
          responseLastNs: (workUs + 2 * wayUs) * 1000,
          requestBytes: 300,
          responseBytes,
          method: 'GET',
          status: 200,
          requestIdHash: requestId === undefined ? null : hashOf('requestId', requestId),
          traceIdHash: null,
          protocol: 'http1',
          firstFlightHash: null,
        });
      }
    },
    happened(id, ...chain) {
      truth.push(truthOf(id, chain));
    },
  };
  return scene;
}
