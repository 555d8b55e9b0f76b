/** Which mode kube-proxy runs in on this node: what it says itself, else what it left in the kernel. The decision is pure. */
import { KUBE_PROXY_MODES, type NodeFacts } from '@hoptrace/domain/wire/nodeFacts.ts';

/** Its metrics address unless `--metrics-bind-address` says otherwise. */
const MODE_URL = 'http://127.0.0.1:10249/proxyMode';
const TIMEOUT_MS = 1_000;
const MAX_ANSWER_CHARACTERS = 64;

/** A command inside the node's network namespace: what it printed; null where it failed; undefined where it is not installed. */
export type RunHere = (
  command: string,
  args: readonly string[],
) => Promise<string | null | undefined>;

export interface KubeProxyTraces {
  /** What /proxyMode answered; null: nothing. */
  readonly answer: string | null;
  /** Whether what only that mode makes is there; null: could not be looked at. */
  readonly nftables: boolean | null;
  readonly iptables: boolean | null;
  readonly ipvs: boolean | null;
}

type KubeProxyFact = NodeFacts['kubeProxy'];

export function modeOf(traces: KubeProxyTraces): KubeProxyFact {
  const said = KUBE_PROXY_MODES.find((mode) => mode === traces.answer);
  if (said !== undefined) return { mode: said, note: `kube-proxy answers ${said} at ${MODE_URL}` };
  const found = KUBE_PROXY_MODES.filter((mode) => traces[mode] === true);
  const [only] = found;
  if (only !== undefined && found.length === 1)
    return { mode: only, note: `kube-proxy does not answer; ${TRACE_TEXTS[only]} is there` };
  if (found.length > 1) {
    const list = found.map((mode) => TRACE_TEXTS[mode]).join(' and ');
    return { mode: null, note: `kube-proxy does not answer; ${list} are there together` };
  }
  const unseen = KUBE_PROXY_MODES.filter((mode) => traces[mode] === null);
  const blind = unseen.length === 0 ? '' : ` (could not look for ${unseen.join(', ')})`;
  return { mode: null, note: `kube-proxy does not answer and left no rules${blind}` };
}

/**
 * What no other mode makes, and nobody but kube-proxy: the kubelet of old versions makes KUBE-MARK-MASQ and its like
 * in any mode, and ipvs mode has KUBE-SERVICES too.
 */
const TRACE_TEXTS = {
  iptables: 'the nat chain KUBE-NODEPORTS',
  nftables: 'the nftables table kube-proxy',
  ipvs: 'the interface kube-ipvs0',
} as const;

/** `isOwnNetwork` false: this process is in another network namespace than the node, and must not ask over its own. */
export async function lookForKubeProxy(
  run: RunHere,
  isOwnNetwork: boolean,
): Promise<KubeProxyTraces> {
  const [answer, nftables, iptables, ipvs] = await Promise.all([
    isOwnNetwork ? askMode() : null,
    hasNftTable(run),
    hasNatChain(run),
    hasIpvsInterface(run),
  ]);
  return { answer, nftables, iptables, ipvs };
}

async function askMode(): Promise<string | null> {
  try {
    const response = await fetch(MODE_URL, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return null;
    return (await response.text()).slice(0, MAX_ANSWER_CHARACTERS).trim();
  } catch {
    return null;
  }
}

async function hasNftTable(run: RunHere): Promise<boolean | null> {
  const tables = await run('nft', ['list', 'tables']);
  return tables === undefined || tables === null
    ? null
    : /^table (ip|ip6|inet) kube-proxy$/m.test(tables);
}

/**
 * One chain, for all rules may be megabytes. Legacy iptables is asked only where it has a nat table already: to ask
 * would make one.
 */
async function hasNatChain(run: RunHere): Promise<boolean | null> {
  const chain = 'KUBE-NODEPORTS';
  const legacyTables = await run('cat', ['/proc/self/net/ip_tables_names']);
  const isLegacy = /^nat$/m.test(legacyTables ?? '');
  const tries = await Promise.all([
    run('nft', ['list', 'chain', 'ip', 'nat', chain]),
    run('nft', ['list', 'chain', 'ip6', 'nat', chain]),
    isLegacy ? run('iptables-legacy', ['-w', '-t', 'nat', '-n', '-L', chain]) : null,
  ]);
  if (tries.some((printed) => typeof printed === 'string')) return true;
  return tries.includes(undefined) ? null : false;
}

async function hasIpvsInterface(run: RunHere): Promise<boolean | null> {
  const devices = await run('cat', ['/proc/self/net/dev']);
  return devices === undefined || devices === null ? null : /^\s*kube-ipvs0:/m.test(devices);
}
