/** Answers from the sample paths of the views, moved to the time that is asked for: a first look without an agent. */
import type { AgentList, Overview, Path, RefusalItem } from '../rest/types.ts';
import { serviceText } from '../view/words.ts';
import type { Filters, Listing, Reader } from './reader.ts';

const MANY = 120;

export class SampleReader implements Reader {
  private readonly load: () => Promise<readonly Path[]>;

  /** `load` fetches the sample documents, which lie beside the module: most never need them. */
  constructor(load: () => Promise<readonly Path[]>) {
    this.load = load;
  }

  async paths(filters: Filters, limit: number): Promise<Listing<Path>> {
    const samples = await this.load();
    const many = Array.from({ length: MANY }, (_, index) => samples[index % samples.length]);
    const spread = within(
      filters,
      many.filter((path) => path !== undefined),
    );
    const found = spread.filter((path) => matches(path, filters));
    return { items: found.slice(0, limit), isCut: found.length > limit };
  }

  /** Any identity will do: the first sample stands in for one that is not known. */
  async path(pathId: string): Promise<Path> {
    const samples = await this.load();
    const path = samples.find((each) => each.pathId === pathId) ?? samples[0];
    if (path === undefined) throw new Error('There is no sample path.');
    return path;
  }

  async refusals(filters: Filters, limit: number): Promise<Listing<RefusalItem>> {
    const { items } = await this.paths({ ...filters, outcome: undefined }, MANY);
    const found = items.flatMap(refusalOf).filter(({ kind }) => (filters.kind ?? kind) === kind);
    return { items: found.slice(0, limit), isCut: found.length > limit };
  }

  async overview(window: Filters): Promise<Overview> {
    const { items } = await this.paths(window, MANY);
    const count = (outcome: Path['outcome']) =>
      items.filter((path) => path.outcome === outcome).length;
    return {
      fromUs: Number(window.from),
      toUs: Number(window.to),
      paths: items.length,
      outcomes: {
        served: count('served'),
        reset: count('reset'),
        rejected: count('rejected'),
        dropped: count('dropped'),
        unknown: count('unknown'),
      },
      crossings: items.reduce((sum, path) => sum + path.crossings, 0),
      withExtraHops: items.filter((path) => path.extraHops > 0).length,
      services: servicesOf(items),
      agents: { known: 0, silent: 0 },
    };
  }

  async agents(): Promise<AgentList> {
    return { items: [], nextCursor: null };
  }
}

function refusalOf({ refusal, hops, ...path }: Path): RefusalItem[] {
  if (refusal === null) return [];
  const { ip = '', port = 0 } = hops.at(-1)?.to ?? {};
  const { pathId, startedAtUs, cluster, client, service } = path;
  return [{ pathId, startedAtUs, cluster, client, service, destination: { ip, port }, ...refusal }];
}

function servicesOf(paths: readonly Path[]): Overview['services'] {
  const found = new Map<string, Overview['services'][number]>();
  for (const { service, refusal, extraHops } of paths) {
    if (service === null) continue;
    const key = serviceText(service);
    const known = found.get(key) ?? { ...service, paths: 0, refused: 0, withExtraHops: 0 };
    found.set(key, {
      ...known,
      paths: known.paths + 1,
      refused: known.refused + (refusal === null ? 0 : 1),
      withExtraHops: known.withExtraHops + (extraHops > 0 ? 1 : 0),
    });
  }
  return [...found.values()].sort((a, b) => b.paths - a.paths);
}

/** Spread evenly over the time range, newest first. */
function within({ from, to }: Filters, paths: readonly Path[]): Path[] {
  const endUs = Number(to);
  const stepUs = Math.floor((endUs - Number(from)) / (paths.length + 1));
  return paths.map((path, index) => ({ ...path, startedAtUs: endUs - (index + 1) * stepUs }));
}

function matches(path: Path, { service, outcome, node, class: wanted }: Filters): boolean {
  const nodes = path.hops.flatMap(({ from, to }) => [from.node, to.node]);
  return (
    (service === undefined ||
      (path.service !== null && serviceText(path.service).startsWith(service))) &&
    (outcome ?? path.outcome) === path.outcome &&
    (wanted ?? path.class) === path.class &&
    (node === undefined || nodes.includes(node))
  );
}
