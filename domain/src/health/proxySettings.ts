/**
 * What Pods of ingress controllers expect of the PROXY protocol, by their arguments and the ConfigMap these name.
 *
 *   ingress-nginx      --configmap=NS/NAME                 use-proxy-protocol: "true"          default false
 *   NGINX Inc          -nginx-configmaps=NS/NAME           proxy-protocol: "True"              default false
 *   HAProxy ingress    --configmap=NS/NAME                 proxy-protocol: addresses, ranges   default none
 *   Traefik            --entrypoints.N.proxyprotocol.…     trustedIPs, or insecure: accepted, not demanded
 *
 * Envoy is configured from elsewhere (Contour, Gateway controllers): its Pods do not tell.
 */
import { isInRange } from '../kubernetes/cidr.ts';
import { parseIp } from '../model/ip.ts';
import type { ConfigMapObject, PodObject } from '../wire/kubernetes.ts';
import { EXPECTS_PROXY_ANNOTATION, type LoadBalancer } from './loadBalancer.ts';

/** `optional`: with a header or without, both are served. */
export type ProxyExpecting = 'on' | 'off' | 'optional';

export interface ProxyExpectation {
  /** null: nothing tells, or the Pods differ; `note` says which. */
  readonly expects: ProxyExpecting | null;
  /** Annotation, ConfigMap or argument that says so. */
  readonly by: string | null;
  /** Key of the ConfigMap that `by` names; null: it is none. */
  readonly setting: string | null;
  /** Headers are expected from these addresses and ranges alone; empty: from all. */
  readonly from: readonly string[];
  /** Why it is not known, without a full stop; empty: it is, or nothing was found. */
  readonly note: string;
}

export interface ProxySettings {
  /** The endpoints of the Service. */
  readonly pods: readonly PodObject[];
  /** By namespace/name, as they were at the time of the Pods. */
  readonly configMaps: ReadonlyMap<string, ConfigMapObject>;
}

export const UNTOLD: ProxyExpectation = {
  expects: null,
  by: null,
  setting: null,
  from: [],
  note: '',
};

const CONFIG_MAP = /^--?(?:nginx-)?configmaps?=(.+)$/;
const TRAEFIK = /^--entrypoints?\.[^.=]+\.proxyprotocol\.(trustedips|insecure)(?:=(.*))?$/i;

const EVERYBODY: ReadonlySet<string> = new Set(['0.0.0.0/0', '::/0']);

/** What Pods expect of connections from this load balancer. The annotation of the Service is believed before all else. */
export function expectationOf(balancer: LoadBalancer, settings: ProxySettings): ProxyExpectation {
  const { expectsProxy, sourceAddresses, showsSource } = balancer;
  if (expectsProxy !== null)
    return { ...UNTOLD, expects: expectsProxy, by: EXPECTS_PROXY_ANNOTATION };
  const found = expectationOfPods(settings);
  const { expects, by, from } = found;
  if (expects === null || from.length === 0 || from.some((each) => EVERYBODY.has(each)))
    return found;
  const inside = sourceAddresses.filter((ip) => from.some((range) => isInRange(ip, range)));
  if (showsSource && sourceAddresses.length > 0) {
    if (inside.length === sourceAddresses.length) return found;
    if (inside.length === 0) return { ...found, expects: 'off' };
  }
  const verb = expects === 'on' ? 'expect' : 'accept';
  const note = `they ${verb} PROXY headers from ${from.join(', ')} alone (${by}), and whether they see the load balancer as one of these is not known`;
  return { ...found, expects: null, note };
}

function expectationOfPods({ pods, configMaps }: ProxySettings): ProxyExpectation {
  const found = pods.map((pod) => expectationOfPod(pod, configMaps));
  const [first] = found;
  if (first === undefined) return UNTOLD;
  const differing = found.find((each) => wordsOf(each) !== wordsOf(first));
  if (differing === undefined) return first;
  const said = [first, differing].map(({ expects, by, note }) =>
    expects === null ? note || 'one does not tell' : `one says ${expects} (${by})`,
  );
  return { ...UNTOLD, note: `the Pods differ: ${said.join(', ')}` };
}

function expectationOfPod(
  pod: PodObject,
  configMaps: ReadonlyMap<string, ConfigMapObject>,
): ProxyExpectation {
  const texts = pod.spec.containers.flatMap(({ args = [], command = [] }) => [...command, ...args]);
  for (const text of texts) {
    const name = CONFIG_MAP.exec(text)?.[1]?.replaceAll('$(POD_NAMESPACE)', pod.metadata.namespace);
    if (name !== undefined) return expectationOfMap(name, configMaps.get(name));
  }
  const accepted = texts.flatMap((text) => {
    const [, what, value = 'true'] = TRAEFIK.exec(text) ?? [];
    if (what === undefined || value === 'false') return [];
    return [{ text, from: what.toLowerCase() === 'insecure' ? [] : rangesOf(value) }];
  });
  const [any = accepted[0]] = accepted.filter(({ from }) => from.length === 0);
  if (any === undefined) return UNTOLD;
  return { ...UNTOLD, expects: 'optional', by: any.text.split('=')[0] ?? '', from: any.from };
}

function expectationOfMap(name: string, found: ConfigMapObject | undefined): ProxyExpectation {
  const by = `ConfigMap ${name}`;
  if (found === undefined)
    return {
      ...UNTOLD,
      note: `they take it from ${by}, which the collector does not see (HOPTRACE_KUBERNETES_CONFIG_MAPS, and its role)`,
    };
  const flag = found.data['use-proxy-protocol'] ?? '';
  const value = (found.data['proxy-protocol'] ?? '').trim();
  const from = rangesOf(value).filter((each) => parseIp(each.split('/')[0] ?? '') !== null);
  if (from.length > 0) return { ...UNTOLD, expects: 'on', by, setting: 'proxy-protocol', from };
  const isOn = flag.trim().toLowerCase() === 'true' || value.toLowerCase() === 'true';
  const setting = value === '' ? 'use-proxy-protocol' : 'proxy-protocol';
  return { ...UNTOLD, expects: isOn ? 'on' : 'off', by, setting };
}

const rangesOf = (text: string) =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

const wordsOf = ({ expects, by, from }: ProxyExpectation) => [expects, by, ...from].join('\n');
