/** What an agent makes of the packets that pass its taps: records, each with the true time of its emission. */
import type { LegRecord, RefusalRecord } from '@hoptrace/domain/wire/v1.ts';
import type { AgentClock } from './clock.ts';
import { hashesAt, lastOf, type SimConnection } from './connection.ts';
import { exchangeEmissions } from './exchangeTaps.ts';
import type { Random } from './random.ts';
import type { Site } from './route.ts';
import { type Emission, stampsFrom, type TapPlan } from './stamps.ts';

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
  const exchanges = plan.hasExchanges
    ? sites.flatMap(([index, site]) =>
        exchangeEmissions(random, clock, plan, connection, site, index),
      )
    : [];
  return [...emissions, ...exchanges, ...refusalEmissions(clock, connection, machine)];
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
    synNs: stamps.startNs,
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
    afterNs: (stamps.after(atNs) ?? 0) - stamps.startNs,
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
