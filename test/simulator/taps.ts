/** What an agent makes of the packets that pass its taps: records, each with the true time of its emission. */
import type { LegRecord, RefusalRecord, WireRecord } from '@hoptrace/domain/wire/v1.ts';
import { type AgentClock, EPOCH_US } from './clock.ts';
import { hashesAt, lastOf, type SimConnection } from './connection.ts';
import type { Random } from './random.ts';
import type { Site } from './route.ts';

export interface Emission {
  readonly record: WireRecord;
  readonly atNs: number;
  /** When what the record tells began; an agent that restarts in between knows nothing of it. */
  readonly sinceNs: number;
}

/** Losses of single packets' events at a tap, before any record is made. */
export interface TapPlan {
  readonly milestoneLoss: number;
}

const SILENT_NS = 3_000_000_000;
const TOLD_NS = 1_000_000_000;
const HOP_LIMIT = 64;

/** The records about this connection from the agent of one machine. */
export function observe(
  random: Random,
  clock: AgentClock,
  plan: TapPlan,
  connection: SimConnection,
  machine: string,
  nextLegId: () => number,
): Emission[] {
  const sites = [...connection.route.sites.entries()].filter(
    ([index, site]) => site.machine === machine && connection.synNs[index] !== undefined,
  );
  const emissions = sites.flatMap(([index, site]) =>
    random.chance(plan.milestoneLoss)
      ? []
      : legEmissions(random, clock, plan, connection, site, index, nextLegId()),
  );
  return [...emissions, ...refusalEmissions(clock, connection, machine)];
}

function legEmissions(
  random: Random,
  clock: AgentClock,
  plan: TapPlan,
  connection: SimConnection,
  site: Site,
  index: number,
  legId: number,
): Emission[] {
  const synNs = connection.synNs[index] ?? 0;
  const stamps = stampsFrom(clock, synNs);
  const seen = (times: readonly number[]) => {
    const atNs = times[index];
    return atNs === undefined || random.chance(plan.milestoneLoss) ? null : atNs;
  };
  const [synAck, ack, request, response, end] = [
    connection.synAckNs,
    connection.ackNs,
    connection.requestNs,
    connection.responseNs,
    connection.endNs,
  ].map(seen) as [number | null, number | null, number | null, number | null, number | null];
  const knowsServer = synAck !== null || ack !== null;
  const wasRefused = connection.refusal !== null;
  const hashes = hashesAt(connection, index);
  const leg: LegRecord = {
    kind: 'leg',
    seq: 0,
    startUs: stamps.startUs,
    tap: site.tap,
    tuple: site.tuple,
    original: site.original,
    reply: site.reply,
    clientIsnHash: hashes.clientHash,
    serverIsnHash: knowsServer ? hashes.serverHash : null,
    isnPairHash: knowsServer ? hashes.pairHash : null,
    synTtl: HOP_LIMIT - site.routers,
    synCount: connection.synCount[index] ?? 1,
    synNs: stamps.synNs,
    synAckNs: stamps.after(synAck),
    ackNs: stamps.after(ack),
    firstRequestNs: knowsServer ? stamps.after(request) : null,
    firstResponseNs: knowsServer ? stamps.after(response) : null,
    endNs: stamps.after(end),
    end: wasRefused
      ? connection.end
      : end === null && knowsServer
        ? 'open'
        : knowsServer
          ? connection.end
          : 'unanswered',
    revision: 0,
    legId,
  };
  const emission = { sinceNs: synNs };
  const toldNs = response ?? (ack === null ? synNs + SILENT_NS : ack + TOLD_NS);
  if (end === null) return [{ ...emission, record: leg, atNs: toldNs }];
  const open: LegRecord = { ...leg, end: 'open', endNs: null };
  return [
    { ...emission, record: open, atNs: Math.min(toldNs, end) },
    { ...emission, record: { ...leg, revision: 1 }, atNs: Math.max(toldNs, end) },
  ];
}

/** The node at which the SYN ended says so. */
function refusalEmissions(
  clock: AgentClock,
  connection: SimConnection,
  machine: string,
): Emission[] {
  const { refusal, route } = connection;
  const lastIndex = route.sites.length - 1;
  const site = route.sites[lastIndex];
  if (refusal === null || site === undefined || site.machine !== machine) return [];
  const synNs = lastOf(connection.synNs);
  const stamps = stampsFrom(clock, synNs);
  const { atNs, ...verdict } = refusal;
  const record: RefusalRecord = {
    kind: 'refusal',
    seq: 0,
    startUs: stamps.startUs,
    tap: site.tap,
    tuple: site.tuple,
    clientIsnHash: connection.clientHash,
    ...verdict,
    afterNs: (stamps.after(atNs) ?? 0) - stamps.synNs,
    synCount: lastOf(connection.synCount),
  };
  return [
    {
      record,
      atNs: atNs + TOLD_NS / 5,
      sinceNs: synNs,
    },
  ];
}

/** startUs by the wall clock, everything else as durations of the monotonic one. */
function stampsFrom(clock: AgentClock, synTrueNs: number) {
  const monotonicNs = clock.monotonicNs(synTrueNs);
  const wallNs = monotonicNs + clock.offsetNs(synTrueNs);
  const wholeUs = Math.floor(wallNs / 1000);
  const synNs = wallNs - wholeUs * 1000;
  return {
    startUs: EPOCH_US + wholeUs,
    synNs,
    after: (trueNs: number | null) =>
      trueNs === null ? null : Math.max(synNs, synNs + clock.monotonicNs(trueNs) - monotonicNs),
  };
}

/** Wall-clock microseconds of other records. */
export function wallUs(clock: AgentClock, trueNs: number): number {
  return EPOCH_US + Math.floor((clock.monotonicNs(trueNs) + clock.offsetNs(trueNs)) / 1000);
}
