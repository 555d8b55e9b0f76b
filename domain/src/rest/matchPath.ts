/** The filters of a list, told of one path: the same answer as the SQL gives. */
import type { Path } from './path.ts';
import type { PathFilter } from './queries.ts';

export type LiveFilter = Omit<PathFilter, 'from' | 'to' | 'limit' | 'cursor'>;

export function matchesPath(path: Path, filter: LiveFilter): boolean {
  return (
    isOr(filter.cluster, path.cluster) &&
    isOr(filter.outcome, path.outcome) &&
    isOr(filter.class, path.class) &&
    isOr(filter.client, path.client.ip) &&
    path.extraHops >= (filter.extraHops ?? 0) &&
    isOfService(path, filter.service) &&
    (filter.node === undefined || nodesOf(path).includes(filter.node))
  );
}

const isOr = <T>(asked: T | undefined, value: T | null) => asked === undefined || asked === value;

function isOfService({ service }: Path, asked: string | undefined): boolean {
  if (asked === undefined) return true;
  const [namespace, name, port] = asked.split(/[/:]/);
  if (service === null || service.namespace !== namespace || service.name !== name) return false;
  return port === undefined || service.port === port;
}

/** Machines on the path, each once. */
export function nodesOf({ hops, refusal }: Path): string[] {
  const nodes = hops.flatMap(({ from, to }) => [from.node, to.node]);
  const all = [...nodes, refusal?.node ?? null].filter((node) => node !== null);
  return [...new Set(all)];
}
