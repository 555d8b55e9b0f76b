/** Where the topology comes from: the part of the collector's settings that is about Kubernetes. */
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { KubeSettings } from './watch/kubeAccess.ts';

const count = (min: number, max: number, unset: number) =>
  z.coerce.number().int().min(min).max(max).default(unset);

export const TOPOLOGY_VARIABLES = {
  /**
   * `in-cluster` (the Pod's service account), `kubeconfig`, the URL of an API server (`http:` on loopback only, for
   * kubectl proxy), or `off`. Unset: in-cluster inside a Pod that was given no topology file, else off.
   */
  HOPTRACE_KUBERNETES: z
    .union([
      z.enum(['off', 'in-cluster', 'kubeconfig']),
      z.url({ protocol: /^https?$/, error: 'must be off, in-cluster, kubeconfig or https://HOST' }),
    ])
    .optional(),
  /** Unset: as kubectl finds it (KUBECONFIG, ~/.kube/config). */
  HOPTRACE_KUBERNETES_KUBECONFIG: z.string().min(1).optional(),
  HOPTRACE_KUBERNETES_CONTEXT: z.string().min(1).optional(),
  /** For a URL: a bearer token, read again as it is replaced. */
  HOPTRACE_KUBERNETES_TOKEN_FILE: z.string().min(1).optional(),
  HOPTRACE_KUBERNETES_CA_FILE: z.string().min(1).optional(),
  /** As the agents name it. Unset: the watch holds for every cluster without a topology of its own. */
  HOPTRACE_KUBERNETES_CLUSTER: z.string().max(64).default(''),
  /**
   * ConfigMaps of ingress controllers, as namespace/name with commas: of them the settings for the PROXY protocol are
   * read, nothing else is kept. `off`: none. The default is that of ingress-nginx's chart; one that is not there, or
   * may not be read, is passed over.
   */
  HOPTRACE_KUBERNETES_CONFIG_MAPS: z
    .string()
    .default('ingress-nginx/ingress-nginx-controller')
    .transform((text) => (text.trim() === 'off' ? [] : text.split(',').map((each) => each.trim())))
    .pipe(
      z
        .array(
          z
            .string()
            .regex(/^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/, 'must be namespace/name, or off'),
        )
        .max(32),
    ),
  /** What ended longer ago is in ClickHouse only. Groups wait for records 10 min at most; agents catch up for longer. */
  HOPTRACE_TOPOLOGY_KEEP_MS: count(60_000, 7 * 24 * 3_600_000, 3_600_000),
  /** 5 min at 1,000 changes a second; with 100,000 Pods 475 MB in all (bench topology). */
  HOPTRACE_TOPOLOGY_MAX_ENDED: count(1000, 10_000_000, 300_000),
  /** Kubernetes makes these in every Pod. */
  KUBERNETES_SERVICE_HOST: z.string().optional(),
} as const;

const schema = z.object(TOPOLOGY_VARIABLES);

export interface TopologyConfig {
  /** null: nothing is watched. */
  readonly watch:
    | (KubeSettings & { readonly cluster: string; readonly configMaps: readonly string[] })
    | null;
  readonly keepMs: number;
  readonly maxEnded: number;
}

/** Throws HOP_CONFIG_INVALID where two settings contradict each other. */
export function topologyConfigOf(env: z.infer<typeof schema>, hasFile: boolean): TopologyConfig {
  const isInPod = env.KUBERNETES_SERVICE_HOST !== undefined;
  const kind = env.HOPTRACE_KUBERNETES ?? (isInPod && !hasFile ? 'in-cluster' : 'off');
  if (kind !== 'off' && hasFile)
    throw contradiction(
      'HOPTRACE_TOPOLOGY_FILE',
      'is set, and Kubernetes is to be watched as well',
    );
  const settings = settingsOf(kind, env);
  return Object.freeze({
    watch:
      settings === null
        ? null
        : {
            ...settings,
            cluster: env.HOPTRACE_KUBERNETES_CLUSTER,
            configMaps: env.HOPTRACE_KUBERNETES_CONFIG_MAPS,
          },
    keepMs: env.HOPTRACE_TOPOLOGY_KEEP_MS,
    maxEnded: env.HOPTRACE_TOPOLOGY_MAX_ENDED,
  });
}

function settingsOf(kind: string, env: z.infer<typeof schema>): KubeSettings | null {
  if (kind === 'off') return null;
  if (kind === 'in-cluster') return { kind };
  if (kind === 'kubeconfig')
    return {
      kind,
      path: env.HOPTRACE_KUBERNETES_KUBECONFIG ?? null,
      context: env.HOPTRACE_KUBERNETES_CONTEXT ?? null,
    };
  const { protocol, hostname } = new URL(kind);
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  if (protocol === 'http:' && !isLoopback)
    throw contradiction('HOPTRACE_KUBERNETES', 'is without TLS and not on loopback');
  return {
    kind: 'server',
    url: kind,
    tokenFile: env.HOPTRACE_KUBERNETES_TOKEN_FILE ?? null,
    caFile: env.HOPTRACE_KUBERNETES_CA_FILE ?? null,
  };
}

function contradiction(field: string, text: string): AppError {
  const remedy = 'unset it, or set HOPTRACE_KUBERNETES=off';
  return new AppError('HOP_CONFIG_INVALID', 'the collector cannot start', {
    problems: [{ field, text, remedy }],
  });
}
