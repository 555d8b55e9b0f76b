/** Answers from sample documents, moved to the time that is asked for: a first look without an agent. */
import type { AgentList, Overview, Path, RefusalItem } from '../rest/types.ts';
import { serviceText } from '../view/words.ts';
import type { Filters, Listing, Reader } from './reader.ts';

/** The documents of samples.json; scripts/grafanaSamples.ts writes it. */
export interface Samples {
  readonly paths: readonly Path[];
  readonly refusals: readonly RefusalItem[];
  readonly overview: Overview;
}

export class SampleReader implements Reader {
  private readonly load: () => Promise<Samples>;

  /** `load` fetches the documents, which lie beside the module: most never need them. */
  constructor(load: () => Promise<Samples>) {
    this.load = load;
  }

  async paths(filters: Filters, limit: number): Promise<Listing<Path>> {
    return listed((await this.load()).paths, filters, limit);
  }

  /** Any identity will do: the first sample stands in for one that is not known. */
  async path(pathId: string): Promise<Path> {
    const { paths } = await this.load();
    const path = paths.find((each) => each.pathId === pathId) ?? paths[0];
    if (path === undefined) throw new Error('There is no sample path.');
    return path;
  }

  async refusals(filters: Filters, limit: number): Promise<Listing<RefusalItem>> {
    return listed((await this.load()).refusals, filters, limit);
  }

  async overview(): Promise<Overview> {
    return (await this.load()).overview;
  }

  async agents(): Promise<AgentList> {
    return { items: [], nextCursor: null };
  }
}

/** Spreads the samples evenly over the time range, newest first, and obeys the filters that have a sample. */
function listed<Item extends Path | RefusalItem>(
  samples: readonly Item[],
  { from, to, service, outcome, kind, class: evidence }: Filters,
  limit: number,
): Listing<Item> {
  const endUs = Number(to);
  const stepUs = Math.floor((endUs - Number(from)) / (samples.length + 1));
  const items = samples
    .map((sample, index) => ({ ...sample, startedAtUs: endUs - (index + 1) * stepUs }))
    .filter(
      (sample) =>
        isOrAny(service, sample.service && serviceText(sample.service)) &&
        isOrAny(outcome, Reflect.get(sample, 'outcome')) &&
        isOrAny(kind, Reflect.get(sample, 'kind')) &&
        isOrAny(evidence, Reflect.get(sample, 'class')),
    );
  return { items: items.slice(0, limit), isCut: items.length > limit };
}

function isOrAny(wanted: string | undefined, value: unknown): boolean {
  return wanted === undefined || wanted === value;
}
