import type { LoadBalancerItem } from '../../../domain/src/rest/loadBalancers.ts';
import { getJson, isObject } from './api.ts';
import { REFRESH_MS } from './memory.ts';
import { usePoll } from './usePoll.ts';

interface LoadBalancerList {
  readonly items: readonly LoadBalancerItem[];
}

/** Who stands in front of services, and what each node tells it; nothing where no load balancer is known. */
export function LoadBalancers({ isLive }: { readonly isLive: boolean }) {
  const { data, failure } = usePoll('load-balancers', fetchLoadBalancers, {
    intervalMs: isLive ? REFRESH_MS : 0,
  });
  if (data === null || data.items.length === 0)
    return failure === null ? null : (
      <p className="status">Load balancers are not known: {failure.title}.</p>
    );
  return (
    <section aria-label="Load balancers">
      <h2>Load balancers</h2>
      {failure !== null && <p className="status">As last heard: {failure.title}.</p>}
      <ul>
        {data.items.map((item) => (
          <Item key={`${item.cluster} ${item.namespace} ${item.service}`} item={item} />
        ))}
      </ul>
    </section>
  );
}

function Item({ item }: { readonly item: LoadBalancerItem }) {
  const { namespace, service, loadBalancer, healthCheckNodePort, nodes, proxyProtocol } = item;
  const { addresses, hostnames, sourceAddresses } = loadBalancer;
  const at = [...addresses, ...hostnames, ...sourceAddresses];
  const isWrong = ['sentNotExpected', 'expectedNotSent'].includes(proxyProtocol.agreement);
  return (
    <li>
      <strong>
        {namespace}/{service}
      </strong>{' '}
      behind {at.length === 0 ? 'a load balancer whose address is not known' : at.join(', ')} (
      {loadBalancer.kind}
      ), {healthCheckNodePort === null ? 'no health check' : `health check ${healthCheckNodePort}`}
      <ul>
        {nodes.map(({ node, now, finding }) => (
          <li key={node}>
            {node}: says {now?.observed ?? 'unknown'}
            {now?.httpStatus == null ? '' : ` (${now.httpStatus})`}, should be{' '}
            {now?.expected ?? 'unknown'}; {now?.expectedEndpoints ?? 'not known how many'} ready
            endpoints{finding === '' ? '' : `. ${finding}`}
          </li>
        ))}
      </ul>
      {isWrong && (
        <p>
          {proxyProtocol.text} {proxyProtocol.remedy}
        </p>
      )}
    </li>
  );
}

function fetchLoadBalancers(signal: AbortSignal) {
  return getJson('/api/v1/load-balancers', signal, parse);
}

function parse(body: unknown): LoadBalancerList | null {
  return isObject(body) && Array.isArray(body.items) ? { items: body.items } : null;
}
