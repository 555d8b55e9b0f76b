/** From a query to frames: which calls it takes and in which form the answers come. Knows nothing of Grafana. */
import { agentFrame, overviewFrame, serviceFrame } from '../frames/cluster.ts';
import { graphOf } from '../frames/graph.ts';
import { graphFrames } from '../frames/graphFrames.ts';
import { hopsFrame } from '../frames/hops.ts';
import { pathListFrame } from '../frames/pathList.ts';
import { cutNotice, type PlainFrame } from '../frames/plainFrame.ts';
import {
  type Buckets,
  refusalCounts,
  refusalFrame,
  refusalMarks,
  refusalStates,
} from '../frames/refusals.ts';
import { traceFrame } from '../frames/trace.ts';
import type { Path } from '../rest/types.ts';
import { DEFAULT_LIMIT, type Form, type HoptraceQuery, MAX_LIMIT } from './query.ts';
import type { Filters, Listing, Reader } from './reader.ts';

export interface Asked {
  readonly reader: Reader;
  /** With variables already filled in. */
  readonly query: HoptraceQuery;
  readonly range: { readonly fromMs: number; readonly toMs: number };
  /** As many steps of time as can be drawn. */
  readonly maxSteps: number;
  /** Explore shows every form of a path side by side. */
  readonly isExplore: boolean;
}

/** Widths of a step of time that people can read. */
const STEPS_MS = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 86_400].map(
  (s) => s * 1000,
);
/** Refusals further apart are two marks. */
const MARK_GAP_MS = 60_000;

export async function answerOf(asked: Asked): Promise<PlainFrame[]> {
  const { reader, query } = asked;
  switch (query.kind) {
    case 'paths': {
      const { items, isCut } = await pathsOf(asked);
      return [pathListFrame(items, { isCut })];
    }
    case 'path':
      return formsOf(await reader.path(query.pathId ?? ''), formsWanted(asked));
    case 'graph': {
      const { items, isCut } = await pathsOf(asked);
      const notices = cutNotice(items.length, 'paths', isCut);
      return graphFrames(graphOf(items), { paths: items.length, notices });
    }
    case 'overview':
      return [overviewFrame(await reader.overview(windowOf(asked)))];
    case 'services':
      return [serviceFrame(await reader.overview(windowOf(asked)))];
    case 'agents':
      return [agentFrame((await reader.agents()).items)];
    default:
      return [await refusalsAs(query.kind, asked)];
  }
}

async function refusalsAs(kind: HoptraceQuery['kind'], asked: Asked): Promise<PlainFrame> {
  const { reader, query } = asked;
  const filters = { ...sharedFilters(asked), kind: query.refusalKind };
  const { items, isCut } = await reader.refusals(filters, limitOf(query));
  const cut = { isCut };
  if (kind === 'refusalStates') return refusalStates(items, cut, bucketsOf(asked));
  if (kind === 'refusalCounts') return refusalCounts(items, cut, bucketsOf(asked));
  if (kind === 'refusalMarks') return refusalMarks(items, cut, MARK_GAP_MS);
  return refusalFrame(items, cut);
}

export function pathsOf(asked: Asked): Promise<Listing<Path>> {
  const { query, reader } = asked;
  return reader.paths({ ...windowOf(asked), ...pathFilters(query) }, limitOf(query));
}

/** All but those of time. */
export function pathFilters(query: HoptraceQuery): Filters {
  const { service, client, node, outcome, extraHops } = query;
  return { service, client, node, outcome, extraHops, class: query.class };
}

/** Microseconds as text, which the API reads. Its end is exclusive, Grafana's is not. */
export function windowOf({ range }: Asked): Filters {
  return { from: `${range.fromMs}000`, to: `${range.toMs + 1}000` };
}

function sharedFilters(asked: Asked): Filters {
  const { service, client, node } = asked.query;
  return { ...windowOf(asked), service, client, node };
}

export function limitOf({ limit }: HoptraceQuery): number {
  return Math.min(MAX_LIMIT, Math.max(1, Math.floor(limit ?? DEFAULT_LIMIT)));
}

function bucketsOf({ range: { fromMs, toMs }, maxSteps }: Asked): Buckets {
  const wanted = (toMs - fromMs) / Math.max(1, Math.min(maxSteps, 200));
  const widest = STEPS_MS.at(-1) ?? 1;
  const stepMs = STEPS_MS.find((step) => step >= wanted) ?? Math.ceil(wanted / widest) * widest;
  return { fromMs, toMs, stepMs };
}

function formsWanted({ query, isExplore }: Asked): readonly Form[] {
  return isExplore ? ['hops', 'trace', 'nodeGraph'] : [query.form ?? 'hops'];
}

function formsOf(path: Path, forms: readonly Form[]): PlainFrame[] {
  return forms.flatMap((form) => {
    if (form === 'trace') return [traceFrame(path)];
    if (form === 'nodeGraph') return graphFrames(graphOf([path]), { paths: 1, notices: [] });
    return [hopsFrame(path)];
  });
}
