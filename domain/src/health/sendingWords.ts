/** One sentence of a load balancer that sends where nobody serves, and what to do. Nothing here decides. */
import type { LoadBalancerIdentity, Sending } from '../rest/loadBalancers.ts';
import type { ServiceObject } from '../wire/kubernetes.ts';

type Facts = Omit<Sending, 'text' | 'remedy'>;
type Words = Pick<Sending, 'text' | 'remedy'>;

export function sendingWords(
  facts: Facts,
  service: { readonly namespace: string; readonly name: string },
  { spec }: ServiceObject,
): Words {
  const name = `${service.namespace}/${service.name}`;
  const port = spec.healthCheckNodePort ?? null;
  const who =
    facts.isByLoadBalancer === true
      ? `The load balancer${addressesText(facts.loadBalancer)}`
      : `The load balancer${addressesText(facts.loadBalancer)}, or clients that dial the node themselves,`;
  const least = facts.isFromExact ? '' : 'at least ';
  const sent = `${who} kept sending to ${facts.node} without a local endpoint of ${name} for ${least}${seconds(facts.durationUs)}: ${hitText(facts)}.`;
  return { text: `${sent} ${checkText(facts, port)}`, remedy: remedyOf(facts, name, port) };
}

function hitText({ clients, attempts, attemptsWithoutClient }: Facts): string {
  const tries = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
  if (clients === null)
    return `${tries} hit it; of how many clients is not known, for only the load balancer's own address was seen`;
  const people = clients === 1 ? '1 client' : `${clients} clients`;
  return attemptsWithoutClient === 0
    ? `${people} hit it (${tries})`
    : `at least ${people} hit it (${tries}; of ${attemptsWithoutClient} the client was not seen)`;
}

function checkText(facts: Facts, port: number | null): string {
  const { verdict, failingFromUs, toUs } = facts;
  switch (verdict) {
    case 'checkFailed':
      return failingFromUs === null || failingFromUs > toUs
        ? `Its health check (port ${port}) failed.`
        : `Its health check (port ${port}) failed for the last ${seconds(toUs - failingFromUs)} of these.`;
    case 'checkSaidHealthy':
      return `Its health check (port ${port}) said healthy meanwhile: kube-proxy was behind.`;
    case 'noCheck':
      return 'The Service has no healthCheckNodePort: only type LoadBalancer with externalTrafficPolicy Local has one.';
    case 'checkNotSeen':
      return `What its health check (port ${port ?? 'unknown'}) said is not known: no agent heard it.`;
  }
}

function remedyOf({ verdict, node }: Facts, name: string, port: number | null): string {
  switch (verdict) {
    case 'checkFailed':
      return `Let the load balancer probe http://NODE:${port}/healthz, more often and with fewer failures needed (interval times threshold is how long it goes on); let Pods of ${name} end after that time (preStop, terminationGracePeriodSeconds), or use externalTrafficPolicy: Cluster.`;
    case 'checkSaidHealthy':
      return `Look at kube-proxy on ${node}: its metric sync_proxy_rules_last_timestamp_seconds, and port 10256 /healthz.`;
    case 'noCheck':
      return `Let the load balancer probe the node port of ${name} itself (a TCP probe times out where no endpoint is), make the Service type LoadBalancer, or use externalTrafficPolicy: Cluster.`;
    case 'checkNotSeen':
      return `See that an agent runs on ${node} and may read /proc of the node; compare the health check of the load balancer with port ${port ?? 'healthCheckNodePort'} (/healthz).`;
  }
}

function addressesText({ addresses, hostnames, sourceAddresses }: LoadBalancerIdentity): string {
  const [first, ...more] = [...addresses, ...hostnames, ...sourceAddresses];
  if (first === undefined) return '';
  return ` ${first}${more.length > 0 ? ` (and ${more.length} more)` : ''}`;
}

const seconds = (us: number) => `${(us / 1e6).toFixed(us < 10_000_000 ? 1 : 0)} s`;
