/** `hoptrace load-balancers`: a line for each node of each service that a load balancer stands in front of. */
import {
  type LoadBalancerItem,
  loadBalancerListSchema,
} from '@hoptrace/domain/rest/loadBalancers.ts';
import { EXIT, type ExitCode } from './exitCodes.ts';
import { type Asking, printList } from './output.ts';
import type { Column } from './table.ts';

export interface LoadBalancerFlags {
  readonly service?: string;
  readonly cluster?: string;
}

const PAGE = 1000;
type NodeLine = Partial<LoadBalancerItem['nodes'][number]>;
type Line = Omit<LoadBalancerItem, 'nodes'> & NodeLine;

export async function listLoadBalancers(ask: Asking, flags: LoadBalancerFlags): Promise<ExitCode> {
  const { service, cluster } = flags;
  const query = { service, cluster, limit: PAGE };
  const list = await ask.api.get(loadBalancerListSchema, '/api/v1/load-balancers', query);
  const lines = list.items.flatMap(({ nodes, ...item }): Line[] =>
    nodes.length === 0 ? [item] : nodes.map((node) => ({ ...item, ...node })),
  );
  const none = 'No service is known to have a load balancer in front.';
  const code = printList(ask, lines, { columns: COLUMNS, none });
  const remarks = list.items.flatMap(({ proxyProtocol, nodes }) => [
    ...(proxyProtocol.agreement.startsWith('sent') || proxyProtocol.agreement.startsWith('expected')
      ? [`${proxyProtocol.text} ${proxyProtocol.remedy}`]
      : []),
    ...nodes.flatMap(({ finding }) => (finding === '' ? [] : [finding])),
  ]);
  for (const remark of remarks) ask.remark(remark);
  return remarks.length > 0 ? EXIT.nothing : code;
}

const whoOf = ({ loadBalancer }: Line) =>
  [...loadBalancer.addresses, ...loadBalancer.hostnames, ...loadBalancer.sourceAddresses][0] ??
  'address not known';

const COLUMNS: readonly Column<Line>[] = [
  { title: 'SERVICE', value: ({ namespace, service }) => `${namespace}/${service}`, minWidth: 16 },
  { title: 'LOAD BALANCER', value: whoOf },
  { title: 'KIND', value: ({ loadBalancer }) => loadBalancer.kind, dropOrder: 3 },
  { title: 'NODE', value: ({ node }) => node ?? 'none known' },
  {
    title: 'CHECK',
    value: ({ now }) =>
      now?.observed === undefined
        ? 'unknown'
        : `${now.observed}${now.httpStatus === null ? '' : ` (${now.httpStatus})`}`,
    style: ({ now }) =>
      now?.observed === 'healthy' ? 'green' : now?.observed === 'unhealthy' ? 'red' : 'yellow',
  },
  { title: 'SHOULD BE', value: ({ now }) => now?.expected ?? 'unknown', dropOrder: 1 },
  {
    title: 'ENDPOINTS',
    value: ({ now }) => String(now?.expectedEndpoints ?? 'unknown'),
    isRight: true,
    dropOrder: 2,
  },
  {
    title: 'PORT',
    value: ({ healthCheckNodePort }) => String(healthCheckNodePort ?? 'none'),
    isRight: true,
    dropOrder: 4,
  },
  { title: 'PROXY', value: ({ proxyProtocol }) => proxyProtocol.agreement, dropOrder: 5 },
  {
    title: 'KNOWN BY',
    value: ({ loadBalancer }) => loadBalancer.knownBy.join(', '),
    isWide: true,
    dropOrder: 6,
  },
];
