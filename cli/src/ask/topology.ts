/** `hoptrace topology`: Kubernetes objects and agents' facts, as they were at one time. */
import { type TopologyItem, topologyListSchema } from '@hoptrace/domain/rest/topology.ts';
import { timeText } from './columns.ts';
import type { ExitCode } from './exitCodes.ts';
import { type Asking, printList } from './output.ts';
import type { Column } from './table.ts';
import { instantUs } from './timeRange.ts';

const MAX_PAGE = 1000;

export interface TopologyFlags {
  readonly at?: string;
  readonly cluster?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly limit: number;
  readonly all: boolean;
}

/** All pages are of one time, the first one's. */
export async function listTopology(ask: Asking, flags: TopologyFlags): Promise<ExitCode> {
  const { cluster, kind, namespace, name } = flags;
  const at = flags.at === undefined ? undefined : instantUs('--at', flags.at, ask.nowUs);
  const limit = flags.all ? Number.POSITIVE_INFINITY : flags.limit;
  const items: TopologyItem[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask.api.get(topologyListSchema, '/api/v1/topology', {
      ...{ at, cluster, kind, namespace, name, cursor },
      limit: Math.min(MAX_PAGE, limit - items.length),
    });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  const code = printList(ask, items, {
    columns: topologyColumns(ask),
    none: 'Nothing is known of that time.',
  });
  if (cursor !== undefined)
    ask.remark(`The first ${items.length}; there are more (--limit N, or --all).`);
  return code;
}

type Clock = Parameters<typeof timeText>[1];

function topologyColumns(clock: Clock): Column<TopologyItem>[] {
  return [
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'NAMESPACE', value: ({ namespace }) => namespace },
    { title: 'NAME', value: ({ name }) => name, minWidth: 12 },
    { title: 'WHAT', value: whatOf, minWidth: 20, dropOrder: 2 },
    {
      title: 'SINCE',
      value: ({ validFromUs }) => (validFromUs === null ? 'always' : timeText(validFromUs, clock)),
      dropOrder: 3,
    },
    {
      title: 'UNTIL',
      value: ({ validToUs }) => (validToUs === null ? 'now' : timeText(validToUs, clock)),
      dropOrder: 4,
    },
    { title: 'CLUSTER', value: ({ cluster }) => cluster || 'any', isWide: true, dropOrder: 1 },
    { title: 'TOLD BY', value: ({ source }) => source, isWide: true, dropOrder: 5 },
    {
      title: 'OBSERVED',
      value: ({ earliestFromUs, validFromUs }) => (earliestFromUs === validFromUs ? 'yes' : 'no'),
      isWide: true,
      dropOrder: 6,
    },
    { title: 'REVISION', value: ({ revision }) => revision, isWide: true, dropOrder: 7 },
  ];
}

/** What makes paths of it: addresses, ports, policies, endpoints, hosts. Unknown forms are left out, not guessed. */
export function whatOf({ kind, object }: Pick<TopologyItem, 'kind' | 'object'>): string {
  const parts = WHAT[kind]?.(object) ?? [];
  return parts.filter((part) => part !== '').join(' ');
}

const WHAT: Readonly<
  Partial<Record<TopologyItem['kind'], (object: Record<string, unknown>) => string[]>>
> = {
  Node: (object) => textsOf(object, 'status', 'addresses', 'address'),
  Pod: (object) => [
    ...textsOf(object, 'status', 'podIPs', 'ip'),
    text(at(object, 'spec', 'nodeName'), 'on '),
    text(at(object, 'status', 'phase')),
  ],
  Service: (object) => [
    text(at(object, 'spec', 'type')),
    ...listOf(at(object, 'spec', 'ports')).map(
      (port) => `${text(at(port, 'port'))}${text(at(port, 'nodePort'), ':')}`,
    ),
    text(at(object, 'spec', 'externalTrafficPolicy'), 'external='),
    // Cluster is what everybody has.
    at(object, 'spec', 'internalTrafficPolicy') === 'Local' ? 'internal=Local' : '',
  ],
  EndpointSlice: (object) => [
    text(at(object, 'metadata', 'labels', 'kubernetes.io/service-name'), 'of '),
    ...listOf(at(object, 'endpoints')).map((endpoint) => {
      const address = text(listOf(at(endpoint, 'addresses'))[0]);
      const isReady = at(endpoint, 'conditions', 'ready') !== false;
      return `${address}${text(at(endpoint, 'nodeName'), '@')}${isReady ? '' : ' (not ready)'}`;
    }),
  ],
  ConfigMap: (object) =>
    Object.entries(Object(at(object, 'data'))).map(([name, value]) => `${name}=${text(value)}`),
  Ingress: (object) =>
    listOf(at(object, 'spec', 'rules')).flatMap((rule) =>
      listOf(at(rule, 'http', 'paths')).map(
        (path) =>
          `${text(at(rule, 'host')) || '*'}${text(at(path, 'path'))}→${text(at(path, 'backend', 'service', 'name'))}`,
      ),
    ),
  Gateway: (object) =>
    listOf(at(object, 'spec', 'listeners')).map(
      (listener) =>
        `${text(at(listener, 'protocol'))}:${text(at(listener, 'port'))}${text(at(listener, 'hostname'), ' ')}`,
    ),
  HTTPRoute: (object) => [
    ...listOf(at(object, 'spec', 'hostnames')).map((host) => text(host)),
    ...listOf(at(object, 'spec', 'rules')).flatMap((rule) =>
      listOf(at(rule, 'backendRefs')).map((target) => `→${text(at(target, 'name'))}`),
    ),
  ],
  HealthCheck: (object) => [
    text(at(object, 'state')),
    text(at(object, 'httpStatus'), 'HTTP '),
    text(at(object, 'port'), 'port '),
  ],
  AgentNode: (object) => [text(at(object, 'kubeProxy', 'mode'), 'kube-proxy ')],
};

function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>((part, name) => Reflect.get(Object(part), name), value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(object: unknown, ...names: readonly [string, string, string]): string[] {
  const [first, second, last] = names;
  return listOf(at(object, first, second)).map((each) => text(at(each, last)));
}

function text(value: unknown, before = ''): string {
  return typeof value === 'string' || typeof value === 'number' ? `${before}${value}` : '';
}
