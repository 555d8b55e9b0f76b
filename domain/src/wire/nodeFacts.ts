/** What an agent finds out about its node, which the Kubernetes API does not say. Told in heartbeats, when it changed. */
import { z } from 'zod';

/** Modes of kube-proxy, as its /proxyMode answers them. Other data planes are not recognised. */
export const KUBE_PROXY_MODES = ['iptables', 'nftables', 'ipvs'] as const;
export type KubeProxyMode = (typeof KUBE_PROXY_MODES)[number];

const text = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[\x20-\x7e]*$/, 'must be printable ASCII');

/** A container and the network namespace that its processes use. One of a Pod in the node's own network has the node's. */
export const workloadSchema = z.strictObject({
  netns: z.int().min(0).max(0xffff_ffff),
  podUid: z
    .string()
    .max(64)
    .regex(/^[0-9a-f-]+$/),
  container: z
    .string()
    .length(64)
    .regex(/^[0-9a-f]+$/)
    .describe('id in the container runtime'),
});

/** What the agent watches with. Told to collectors that say that they know `source`. */
export const factsSourceSchema = z.strictObject({
  name: z
    .enum(['ebpf', 'conntrack'])
    .describe('conntrack: eBPF cannot be had or is not wanted; the agent is degraded'),
  missing: z
    .array(z.strictObject({ feature: text(32), note: text(256) }))
    .max(16)
    .describe('what is not seen, each with the reason'),
});

export const nodeFactsSchema = z.strictObject({
  kernel: text(128).describe('release, as uname -r'),
  kubeProxy: z
    .strictObject({
      mode: z.enum(KUBE_PROXY_MODES).nullable().describe('null: not known'),
      note: text(256).describe('what was looked at, and what was found'),
    })
    .describe('which data plane runs here'),
  sysctls: z.array(z.strictObject({ name: text(64), value: text(64) })).max(64),
  workloads: z.array(workloadSchema).max(1024).describe('in order of netns, Pod and container'),
  source: factsSourceSchema.optional(),
  workloadsLeftOut: z.int().min(0).describe('found beyond the 1,024'),
});

export type FactsSource = z.infer<typeof factsSourceSchema>;
export type NodeFacts = z.infer<typeof nodeFactsSchema>;
export type Workload = z.infer<typeof workloadSchema>;
