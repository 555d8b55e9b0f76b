/**
 * What the data planes do differently with a connection to a Service.
 * kube-proxy in iptables and nftables mode was measured on real kernels; the others are taken from their source and
 * documentation, and everything that follows from those is marked as inferred.
 */

export const DATA_PLANES = [
  'iptables',
  'nftables',
  'ipvs',
  'ipvs-old',
  'cilium-snat',
  'cilium-dsr',
  'calico-tunnel',
  'calico-dsr',
] as const;
export type DataPlane = (typeof DATA_PLANES)[number];

/** Which sources count as Pods of the cluster (`--detect-local-mode` of kube-proxy). */
export const LOCAL_DETECTORS = ['clusterCidr', 'nodeCidr', 'none'] as const;
export type LocalDetector = (typeof LOCAL_DETECTORS)[number];

/**
 * What happens to a SYN at a node. `misroute`: forwarded so that the reply cannot come back; `pass`: not handled
 * here, routed on; `unknown`: the topology does not say.
 */
export const VERDICTS = [
  'forward',
  'drop',
  'reject',
  'reset',
  'misroute',
  'pass',
  'unknown',
] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface DataPlaneRules {
  readonly title: string;
  /** Policy Local, endpoints elsewhere only. The first is the rule, the rest occur in some versions or settings. */
  readonly onNoLocal: readonly [Verdict, ...Verdict[]];
  /** No usable endpoint in the cluster. */
  readonly onNoEndpoint: readonly [Verdict, ...Verdict[]];
  /** A live ClusterIP, but a port that the Service does not have. */
  readonly onUnknownPort: readonly [Verdict, ...Verdict[]];
  readonly masquerades: 'always' | 'remoteOnly' | 'never';
  /** How replies from another machine leave when the source was kept: back through the entry node, or straight. */
  readonly returns: 'onlyIfRewritten' | 'throughEntry' | 'straight';
  readonly nodePortsOn: 'allAddresses' | 'primaryAddresses';
  /** Source ranges also bind Pods and nodes, not outside clients alone. */
  readonly rangesBindInside: boolean;
  readonly hasConntrack: boolean;
  /** Whence the behaviour is known when it was not measured; null: measured. */
  readonly inferredFrom: string | null;
}

const KUBE_PROXY = {
  onNoLocal: ['drop'],
  onNoEndpoint: ['reject'],
  masquerades: 'always',
  returns: 'onlyIfRewritten',
  rangesBindInside: true,
  hasConntrack: true,
} as const;

const EBPF = {
  onUnknownPort: ['reject', 'drop', 'pass'],
  nodePortsOn: 'allAddresses',
  rangesBindInside: false,
  hasConntrack: false,
} as const;

const CILIUM = {
  ...EBPF,
  onNoLocal: ['reject', 'drop'],
  onNoEndpoint: ['reject', 'drop'],
  inferredFrom:
    'Cilium documentation (kube-proxy replacement); older versions drop where newer reject',
} as const;

const CALICO = {
  ...EBPF,
  onNoLocal: ['drop', 'reject'],
  onNoEndpoint: ['reject', 'drop'],
  masquerades: 'never',
  inferredFrom: 'Calico eBPF documentation; what it does without endpoints is not verified',
} as const;

export const DATA_PLANE_RULES: Readonly<Record<DataPlane, DataPlaneRules>> = {
  iptables: {
    ...KUBE_PROXY,
    title: 'kube-proxy (iptables)',
    onUnknownPort: ['pass'],
    nodePortsOn: 'allAddresses',
    inferredFrom: null,
  },
  nftables: {
    ...KUBE_PROXY,
    title: 'kube-proxy (nftables)',
    onUnknownPort: ['reject'],
    nodePortsOn: 'primaryAddresses',
    inferredFrom: null,
  },
  ipvs: {
    ...KUBE_PROXY,
    title: 'kube-proxy (ipvs)',
    onNoLocal: ['misroute'],
    onUnknownPort: ['reject'],
    nodePortsOn: 'allAddresses',
    inferredFrom: 'source of kube-proxy (ipvs), since pull request 97081',
  },
  'ipvs-old': {
    ...KUBE_PROXY,
    title: 'kube-proxy (ipvs, before pull request 97081)',
    onNoLocal: ['reject'],
    onUnknownPort: ['reject'],
    nodePortsOn: 'allAddresses',
    inferredFrom: 'source of the kernel’s IPVS and user reports',
  },
  'cilium-snat': {
    ...CILIUM,
    title: 'Cilium (snat)',
    masquerades: 'remoteOnly',
    returns: 'throughEntry',
  },
  'cilium-dsr': { ...CILIUM, title: 'Cilium (dsr)', masquerades: 'never', returns: 'straight' },
  'calico-tunnel': { ...CALICO, title: 'Calico eBPF (tunnel)', returns: 'throughEntry' },
  'calico-dsr': { ...CALICO, title: 'Calico eBPF (DSR)', returns: 'straight' },
};

/** What is taken where nobody said: the default of Kubernetes, and what it shares with nftables. */
export const ASSUMED_DATA_PLANE: DataPlane = 'iptables';

/** Everything that some data plane does in this situation: what is possible where the mode is not known. */
export function possibleAnywhere(
  situation: 'onNoLocal' | 'onNoEndpoint' | 'onUnknownPort',
): readonly Verdict[] {
  return [...new Set(DATA_PLANES.flatMap((plane) => DATA_PLANE_RULES[plane][situation]))];
}
