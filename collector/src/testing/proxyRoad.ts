/** A proxy that tells no thread links, the stitcher that hears of it, and a store that applies what that one says. */
import type { LossWindows } from '@hoptrace/domain/loss/lossWindows.ts';
import type { TimeWindow } from '@hoptrace/domain/loss/timeWindows.ts';
import { type ConnectionSpec, clusterOf, legsOf } from '@hoptrace/domain/reconstruct/builders.ts';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import { exchangesOf } from '@hoptrace/domain/reconstruct/exchangeBuilders.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { Emission } from '../stitch/journal.ts';
import { WINDOW_LIMITS } from '../stitch/placeWindows.ts';
import { Stitcher } from '../stitch/stitcher.ts';

export const BASE_US = 1_790_000_000_000_000;
export const T0 = BASE_US / 1000;
export const MS = 1_000_000;
export const INGRESS = '10.244.2.10';

export const context: Context = clusterOf([
  { name: 'ingress', nodePort: 30080, endpoints: [`${INGRESS}:80@node2`] },
  { name: 'app', nodePort: 30090, endpoints: ['10.244.3.20:8080@node3'] },
]);

const noise = (seed: number) => {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
};

/** A client's connection to the ingress Pod, or the Pod's to the app. */
export const connection = (n: number, isUpstream: boolean, startUs: number): ConnectionSpec => {
  const tuple = isUpstream
    ? `${INGRESS}:${51_000 + n} > 10.244.3.20:8080`
    : `10.244.9.9:${40_000 + n} > ${INGRESS}:80`;
  return {
    id: (isUpstream ? 5000 : 1000) + n,
    startUs: BASE_US + startUs,
    taps: [
      { node: 'node2', role: 'pod', direction: isUpstream ? 'tx' : 'rx', tuple },
      ...(isUpstream ? [{ node: 'node3', role: 'pod', direction: 'rx', tuple } as const] : []),
    ],
  };
};

/** Request `n` of a proxy that tells no thread links: the client's connection, and the one to the app inside it. */
export function request(n: number, everyUs = 100_000): Sourced[] {
  const startUs = Math.round(n * everyUs * (0.9 + 0.2 * noise(n)));
  const gapNs = Math.round(100_000 + 20_000 * noise(n + 10_000));
  const workNs = Math.round(3 * MS * (0.5 + noise(n + 20_000)));
  const bytes = Math.floor(2000 * noise(n + 30_000));
  const client = connection(n, false, startUs);
  const upstream = connection(n, true, startUs + 500);
  // Heads grow on their way: equal lengths would say more than times.
  const sizes = (added: number) => ({ requestBytes: 200 + added, responseBytes: bytes + added });
  return [
    ...legsOf(client),
    ...exchangesOf(client, { ...sizes(24), atNs: MS, workNs: workNs + 2 * gapNs }),
    ...legsOf(upstream),
    ...exchangesOf(upstream, { ...sizes(0), atNs: MS - 500_000 + gapNs, workNs }),
  ];
}

export const requests = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => request(from + n)).flat();

/** A stitcher, and a store that applies what it says. */
export class Road {
  readonly store = new Map<string, Path>();
  readonly versions = new Map<string, number>();
  readonly emissions: Emission[] = [];
  readonly stitcher: Stitcher;
  coverage: TimeWindow | null = { fromUs: BASE_US - 1, toUs: BASE_US - 1 };
  losses: LossWindows = new Map();

  constructor(maxRecords = 100_000, maxGroupRecords = 1000) {
    this.stitcher = new Stitcher({
      ...{ quietMs: 300, maxDelayMs: 2000, keepMs: 60_000, keepOpenMs: 600_000 },
      ...{ maxRecords, maxGroupRecords, maxLeftChanges: 10_000 },
      reconstruct,
      onError: (error) => {
        throw error;
      },
      contextOf: () => ({ ...context, losses: this.losses }),
      windows: { ...WINDOW_LIMITS, coverageOf: () => this.coverage },
    });
  }

  add(records: readonly Sourced[], nowMs: number): this {
    for (const record of records) this.stitcher.add(record, nowMs);
    return this;
  }

  /** The agent says that all up to here is told. */
  tellUpTo(seconds: number): this {
    if (this.coverage !== null)
      this.coverage = { ...this.coverage, toUs: BASE_US + seconds * 1_000_000 };
    return this;
  }

  take(fromMs: number, turns = 8): this {
    for (let turn = 0; turn < turns; turn++) {
      const due = this.stitcher.takeDue(fromMs + turn * 1000, 1e6);
      const { paths, withdrawals } = due;
      this.emissions.push(...due.emissions);
      for (const { pathId, version } of withdrawals) {
        this.#raise(pathId, version);
        this.store.delete(pathId);
      }
      for (const path of paths) {
        this.#raise(path.pathId, path.version);
        this.store.set(path.pathId, path);
      }
    }
    return this;
  }

  /** Paths that the store has, with a link that times told. */
  get inferred(): Path[] {
    return [...this.store.values()].filter(({ hops }) =>
      hops.some(({ link }) => link?.method === 'timing'),
    );
  }

  #raise(pathId: string, version: number): void {
    const before = this.versions.get(pathId) ?? 0;
    if (version <= before) throw new Error(`${pathId}: version ${version} after ${before}`);
    this.versions.set(pathId, version);
  }
}
