/** The first frame of a loader, JSON: who it is, how it lays out its frames, which interfaces there are. */
import { z } from 'zod';
import { BODY_BYTES, LAYOUT_VERSION } from './layout.ts';

const NOT_ASKED_FOR = 'not asked for';

const u32 = z.int().min(0).max(0xffff_ffff);

const interfaceSchema = z.object({
  ifindex: u32,
  name: z.string().max(64),
  kind: z.enum(['veth', 'bridge', 'loopback', 'other']).catch('other'),
  addresses: z.array(z.string().max(64)).default([]),
});
const namespaceSchema = z.object({
  inode: u32,
  name: z.string().max(255).default(''),
  isHost: z.boolean(),
  interfaces: z.array(interfaceSchema).default([]),
});
const helloSchema = z.object({
  layoutVersion: z.int(),
  sizes: z.object({
    packet: z.int(),
    leg: z.int(),
    link: z.int(),
    proxyHeader: z.int(),
    clock: z.int(),
    stats: z.int(),
    /** Recordings of before have none of these. */
    exchange: z.int().default(BODY_BYTES.exchange),
    flight: z.int().default(BODY_BYTES.flight),
    head: z.int().default(BODY_BYTES.head),
    conntrack: z.int().default(BODY_BYTES.conntrack),
    conntrackStats: z.int().default(BODY_BYTES.conntrackStats),
  }),
  kernel: z.string().default(''),
  /** `conntrack`: eBPF could not be had, or is not wanted. */
  source: z.enum(['ebpf', 'conntrack']).default('ebpf'),
  hostNetns: u32,
  allNamespaces: z.boolean().default(false),
  features: z.record(z.string(), z.unknown()).default({}),
  /** Why a feature is not there, and what to do. */
  featureNotes: z.record(z.string(), z.string().max(1_000)).default({}),
  dropReasons: z.record(z.string(), z.string()).default({}),
  namespaces: z.array(namespaceSchema).default([]),
});

export type Hello = z.infer<typeof helloSchema>;
export type HelloNamespace = Hello['namespaces'][number];
export type HelloInterface = HelloNamespace['interfaces'][number];

/**
 * Parses the body of a hello frame. Unknown fields are ignored (a newer loader may say more); a layout that this
 * agent would misread is a problem that names what differs and what to do.
 */
export function parseHello(body: Uint8Array): { hello: Hello } | { problem: string } {
  const result = helloSchema.safeParse(parseJson(body));
  if (!result.success) {
    const issue = result.error.issues[0];
    return { problem: `hello.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` };
  }
  const problem = layoutProblem(result.data);
  return problem === null ? { hello: result.data } : { problem };
}

/** What this loader cannot see, each with the reason; features that nobody asked for are not missing. */
export function missingFeatures(hello: Hello): { feature: string; note: string }[] {
  return Object.entries(hello.features).flatMap(([feature, isThere]) => {
    const note = hello.featureNotes[feature] ?? '';
    return isThere === false && note !== NOT_ASKED_FOR ? [{ feature, note }] : [];
  });
}

function layoutProblem(hello: Hello): string | null {
  const remedy = 'build loader and agent from the same checkout (npm run agent:build)';
  if (hello.layoutVersion !== LAYOUT_VERSION) {
    return `hello.layoutVersion is ${hello.layoutVersion}, this agent reads ${LAYOUT_VERSION}; ${remedy}`;
  }
  for (const [name, bytes] of Object.entries(BODY_BYTES)) {
    const announced = hello.sizes[name as keyof typeof BODY_BYTES];
    if (announced !== bytes)
      return `hello.sizes.${name} is ${announced}, this agent reads ${bytes}; ${remedy}`;
  }
  return null;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
