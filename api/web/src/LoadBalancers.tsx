import type { LoadBalancerItem } from '../../../domain/src/rest/loadBalancers.ts';
import type { ViewTheme } from '../../../grafana-plugin/src/view/theme.ts';
import { ViewRoot } from '../../../grafana-plugin/src/view/ViewRoot.tsx';
import { getJson, isObject } from './api.ts';
import { REFRESH_MS } from './memory.ts';
import { Section, Waiting } from './Section.tsx';
import { usePoll } from './usePoll.ts';

interface LoadBalancerList {
  readonly items: readonly LoadBalancerItem[];
}

interface LoadBalancersProps {
  readonly theme: ViewTheme;
  readonly isLive: boolean;
}

/** Who stands in front of services, and what each node tells it; nothing where no load balancer is known. */
export function LoadBalancers({ theme, isLive }: LoadBalancersProps) {
  const polled = usePoll('load-balancers', fetchLoadBalancers, {
    intervalMs: isLive ? REFRESH_MS : 0,
  });
  const { data, failure } = polled;
  if (data === null && failure === null) return null;
  if (data?.items.length === 0) return null;
  return (
    <ViewRoot theme={theme} className="sections">
      <Section title="Load balancers">
        {data === null ? (
          <Waiting polled={polled} what="the load balancers" />
        ) : (
          <>
            {failure !== null && <p className="status-stale">! As last heard: {failure.title}.</p>}
            {data.items.map((item) => (
              <Item key={`${item.cluster} ${item.namespace} ${item.service}`} item={item} />
            ))}
          </>
        )}
      </Section>
    </ViewRoot>
  );
}

function Item({ item }: { readonly item: LoadBalancerItem }) {
  const { namespace, service, loadBalancer, healthCheckNodePort, nodes, proxyProtocol } = item;
  const { addresses, hostnames, sourceAddresses } = loadBalancer;
  const at = [...addresses, ...hostnames, ...sourceAddresses];
  const isWrong = ['sentNotExpected', 'expectedNotSent'].includes(proxyProtocol.agreement);
  return (
    <article className="balancer">
      <h3>
        {namespace}/{service}
      </h3>
      <p>
        Behind {at.length === 0 ? 'a load balancer whose address is not known' : at.join(', ')} (
        {loadBalancer.kind}),{' '}
        {healthCheckNodePort === null
          ? 'without a health check node port'
          : `health check node port ${healthCheckNodePort}`}
        .
      </p>
      <p className={isWrong ? 'ht-refused' : 'ht-muted'}>
        {isWrong && <span aria-hidden="true">✕ </span>}
        {proxyProtocol.text} {proxyProtocol.remedy}
      </p>
      {nodes.length > 0 && <NodeTable nodes={nodes} name={`${namespace}/${service}`} />}
    </article>
  );
}

type NodeTableProps = Pick<LoadBalancerItem, 'nodes'> & { readonly name: string };

function NodeTable({ nodes, name }: NodeTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
    <section className="ht-scroll" tabIndex={0} aria-label={`Nodes of ${name}, to scroll`}>
      <table className="ht-table" aria-label={`What nodes tell the load balancer of ${name}`}>
        <thead>
          <tr>
            <th scope="col">machine</th>
            <th scope="col">finding</th>
            <th scope="col">says</th>
            <th scope="col">should say</th>
            <th scope="col" className="ht-right">
              ready endpoints
            </th>
          </tr>
        </thead>
        <tbody>
          {nodes.map(({ node, now, finding }) => (
            <tr key={node}>
              <th scope="row">{node}</th>
              <td className={finding === '' ? 'ht-muted' : 'ht-extra'}>
                {finding === '' ? 'none' : `! ${finding}`}
              </td>
              <td>
                {now?.observed ?? 'unknown'}
                {now?.httpStatus == null ? '' : ` (${now.httpStatus})`}
              </td>
              <td>{now?.expected ?? 'unknown'}</td>
              <td className="ht-right">{now?.expectedEndpoints ?? 'not known'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function fetchLoadBalancers(signal: AbortSignal) {
  return getJson('/api/v1/load-balancers', signal, parse);
}

function parse(body: unknown): LoadBalancerList | null {
  return isObject(body) && Array.isArray(body.items) ? { items: body.items } : null;
}
