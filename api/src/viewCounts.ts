/** What the store counts for views, in the words of the API. */
import type { ObjectState } from '@hoptrace/domain/views/changesOf.ts';
import type { Store } from '@hoptrace/store/client.ts';
import { refusalTimeline } from '@hoptrace/store/queries/refusalTimeline.ts';
import { serviceGraph } from '@hoptrace/store/queries/serviceGraph.ts';
import { topologyBetween } from '@hoptrace/store/queries/topologyBetween.ts';
import type {
  ChangeQuery,
  CountedGraph,
  CountedTimeline,
  GraphQuery,
  StoreCall,
  TimelineQuery,
  TimeWindow,
} from './pathStore.ts';

const windowOf = ({ from, to }: TimeWindow) => ({ fromUs: from, toUs: to });

export async function graphOf(
  store: Store,
  { namespace, name, port = '', node = '', ...window }: GraphQuery,
  { signal, clusters }: StoreCall,
): Promise<CountedGraph> {
  const filter = {
    ...{ clusters, serviceNamespace: namespace, serviceName: name },
    ...{ servicePort: port, node },
  };
  const found = await serviceGraph(store, filter, { window: windowOf(window), signal });
  return {
    ...found,
    edges: found.edges.map((edge) => ({
      kind: edge.kind,
      source: edge.source,
      target: edge.target,
      requests: edge.requests,
      crossesNode: edge.crosses_node,
      extra: edge.extra,
      notJudged: edge.not_judged,
      refused: edge.refused,
      unseen: edge.unseen,
      measured: edge.measured,
      medianNs: edge.median_ns,
      p99Ns: edge.p99_ns,
      boundNs: edge.bound_ns,
      sourceIps: edge.source_ips,
      targetIps: edge.target_ips,
      ports: edge.ports,
    })),
  };
}

export async function changedObjects(
  store: Store,
  { service, rows, ...window }: ChangeQuery,
  { signal, clusters }: StoreCall,
): Promise<ObjectState[]> {
  const [namespace = '', name = ''] = service?.split('/') ?? [];
  const asked = { clusters, namespace, service: name };
  const states = await topologyBetween(store, asked, { window: windowOf(window), rows, signal });
  return states.map(({ object, ...state }) => ({ ...state, object: JSON.parse(object) }));
}

export async function timelineOf(
  store: Store,
  { service, node = '', stepUs, ...window }: TimelineQuery,
  { signal, clusters }: StoreCall,
): Promise<CountedTimeline> {
  const [serviceNamespace = '', serviceName = '', servicePort = ''] = service?.split(/[/:]/) ?? [];
  const filter = { clusters, serviceNamespace, serviceName, servicePort, node };
  const found = await refusalTimeline(store, filter, { window: windowOf(window), stepUs, signal });
  return { ...found, places: [...found.places] };
}
