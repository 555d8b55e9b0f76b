/**
 * Version 1 of what agents send to the collector: the envelope and five kinds of record.
 * The schemas below are the JSON (NDJSON) form; binary.ts holds the fixed-size form with identical meaning.
 * Fields are only added to a version; a breaking change is v2 beside v1.
 */
import { z } from 'zod';
import { canonicalIp } from '../model/ip.ts';
import { healthReportSchema } from './healthChecks.ts';
import { nodeFactsSchema } from './nodeFacts.ts';

export const SCHEMA_VERSION = 1;

/** Exact in a JS number until the year 2255. */
const startUs = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe('CLOCK_REALTIME, integer microseconds');
const durationNs = z
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .describe('nanoseconds after startUs');
const u8 = z.int().min(0).max(0xff);
const u16 = z.int().min(0).max(0xffff);
const u32 = z.int().min(0).max(0xffff_ffff);
const u64 = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const ipSchema = z.string().transform((text, context) => {
  const ip = canonicalIp(text);
  if (ip !== null) return ip;
  context.addIssue({ code: 'custom', message: `"${text}" is no IPv4 or IPv6 address` });
  return z.NEVER;
});
export const endpointSchema = z.strictObject({ ip: ipSchema, port: u16 });
export const tupleSchema = z.strictObject({ src: endpointSchema, dst: endpointSchema });

/** Keyed hash of an initial sequence number (or of the pair). Raw numbers never leave the node. */
const isnHash = z
  .string()
  .regex(/^(?!0{16})[0-9a-f]{16}$/, 'must be 16 lower-case hex digits, not all zero');

/** Which side of the machine a tap looks at. `pod` is the interface inside a Pod's own network namespace. */
export const TAP_ROLES = ['other', 'uplink', 'podVeth', 'pod'] as const;
/** Whether the SYN entered (`rx`) or left (`tx`) the namespace at this tap. */
export const TAP_DIRECTIONS = ['rx', 'tx'] as const;
export const LEG_ENDS = ['open', 'fin', 'reset', 'unanswered'] as const;
/**
 * Whose FIN came first, or whose reset. `nobody`: it was open when it was told. `agent`: nobody was seen to close it,
 * and the agent follows it no longer: it was not answered in time, or there were too many.
 */
export const LEG_CLOSERS = ['nobody', 'client', 'server', 'agent'] as const;
export const REFUSAL_KINDS = ['reset', 'rejected', 'dropped'] as const;
/** What the agent saw: an RST, an ICMP error, a kfree_skb, or nothing but silence. */
export const REFUSAL_EVIDENCE = ['rst', 'icmp', 'kfreeSkb', 'silence'] as const;
export const PROXY_LINK_SIDES = ['request', 'response'] as const;
/** What the payload is, as far as the tap can read it. `raw`: neither TLS nor HTTP. */
export const EXCHANGE_PROTOCOLS = ['raw', 'http1', 'http2', 'tls'] as const;

export const tapSchema = z.strictObject({
  netns: u32.describe('inode of the network namespace'),
  ifindex: u32,
  role: z.enum(TAP_ROLES),
  synDirection: z.enum(TAP_DIRECTIONS),
});

/** What a leg carried until it was told; all from sequence numbers, so that what was sent twice counts once. */
export const trafficSchema = z.strictObject({
  clientBytes: u64.describe('payload from the client'),
  serverBytes: u64
    .nullable()
    .describe('payload from the server; null: none of its packets passed here'),
  clientRetransmits: u32.describe(
    'segments of payload from the client that showed this tap nothing new: sent again, or late',
  ),
  serverRetransmits: u32,
  closedBy: z.enum(LEG_CLOSERS),
});

/** One TCP connection as one agent saw it at one tap. `tuple` is the one in the SYN at this tap. */
export const legSchema = z.strictObject({
  kind: z.literal('leg'),
  seq: u64,
  startUs,
  tap: tapSchema,
  tuple: tupleSchema,
  original: tupleSchema
    .nullable()
    .describe('conntrack original tuple, null where conntrack has none'),
  reply: tupleSchema.nullable().describe('conntrack reply tuple'),
  clientIsnHash: isnHash.nullable(),
  serverIsnHash: isnHash.nullable(),
  isnPairHash: isnHash
    .nullable()
    .describe('join key across NAT and nodes; null until a SYN-ACK was seen'),
  synTtl: u8,
  synCount: u16.describe('SYNs seen, retransmissions included'),
  synNs: durationNs.describe('first SYN; below 1000, the part that startUs cuts off'),
  synAckNs: durationNs.nullable(),
  ackNs: durationNs.nullable(),
  firstRequestNs: durationNs.nullable().describe('first payload from the client'),
  firstResponseNs: durationNs.nullable().describe('first payload from the server'),
  endNs: durationNs.nullable(),
  end: z.enum(LEG_ENDS),
  revision: u8.describe(
    'a later record of the same leg (same node, bootId, legId) replaces an earlier one',
  ),
  legId: u64.describe('unique within (node, bootId)'),
  traffic: trafficSchema
    .optional()
    .describe('absent: the agent is of an earlier version, or knows it by conntrack alone'),
});

/** A SYN that did not become a connection, as the node that answered or dropped it saw it. */
export const refusalSchema = z.strictObject({
  kind: z.literal('refusal'),
  seq: u64,
  startUs: startUs.describe('the first SYN'),
  tap: tapSchema,
  tuple: tupleSchema,
  clientIsnHash: isnHash.nullable(),
  refusal: z.enum(REFUSAL_KINDS),
  evidence: z.enum(REFUSAL_EVIDENCE),
  afterNs: durationNs.describe(
    'from the first SYN to what decided it: RST, ICMP error, first drop, or giving up',
  ),
  synCount: u16.describe('SYNs seen until the verdict, retransmissions included'),
  icmpType: u8,
  icmpCode: u8,
  reason: z
    .string()
    .max(32)
    .regex(/^[\x20-\x7e]*$/)
    .describe('name of the skb_drop_reason, never its number; empty if none'),
});

/** A reference to one burst (request or response) on one socket of a proxy process. */
export const burstSchema = z.strictObject({ isnPairHash: isnHash, burst: u32 });

/**
 * In one proxy thread, which inbound burst caused which outbound one.
 * `lastRead` and `oldest` are the answers of the two rules; equal answers need no choice between them.
 */
export const proxyLinkSchema = z.strictObject({
  kind: z.literal('proxyLink'),
  seq: u64,
  startUs,
  netns: u32,
  pid: u32,
  side: z.enum(PROXY_LINK_SIDES),
  subject: burstSchema.describe(
    'side request: upstream burst. side response: client burst that is answered',
  ),
  lastRead: burstSchema.nullable(),
  oldest: burstSchema.nullable(),
  process: z
    .string()
    .max(16)
    .regex(/^[\x20-\x7e]*$/),
});

/** The PROXY protocol header (v1 or v2) that opened a connection. */
export const proxyHeaderSchema = z.strictObject({
  kind: z.literal('proxyHeader'),
  seq: u64,
  startUs,
  isnPairHash: isnHash,
  version: z.literal([1, 2]),
  command: z.enum(['local', 'proxy']),
  claimed: tupleSchema
    .nullable()
    .describe('src is the client, dst the address it dialled; null for LOCAL or UNKNOWN'),
});

/** Keyed hash of something that the payload carries; what it is of never leaves the node. */
const contentHash = isnHash;

/**
 * One request burst on a connection and the response burst that followed it, as one tap saw them pass.
 * A burst ends where the direction of the payload changes.
 */
export const exchangeSchema = z.strictObject({
  kind: z.literal('exchange'),
  seq: u64,
  startUs: startUs.describe('the first byte of the exchange that this tap saw'),
  tap: tapSchema,
  isnPairHash: isnHash,
  burst: u32.describe(
    '1 for the first request of the connection; counts as the bursts of a proxyLink',
  ),
  requestOffset: u64.describe('of the first request byte in its direction; 0 behind the SYN'),
  responseOffset: u64.describe('of the first response byte in its direction'),
  requestFirstNs: durationNs.nullable(),
  requestLastNs: durationNs.nullable(),
  responseFirstNs: durationNs.nullable(),
  responseLastNs: durationNs.nullable(),
  requestBytes: u64,
  responseBytes: u64,
  method: z
    .string()
    .max(8)
    .regex(/^[\x21-\x7e]*$/)
    .describe('HTTP method; empty if the request was not plain'),
  status: u16.max(999).describe('HTTP status; 0 if the response was not plain'),
  requestIdHash: contentHash.nullable().describe('of the X-Request-ID'),
  traceIdHash: contentHash.nullable().describe('of the trace id in traceparent'),
  protocol: z.enum(EXCHANGE_PROTOCOLS),
  firstFlightHash: contentHash
    .nullable()
    .describe(
      'only of the first burst: the TLS ClientHello random, or the first payload bytes, behind a PROXY header',
    ),
});

export const recordSchema = z.discriminatedUnion('kind', [
  legSchema,
  refusalSchema,
  proxyLinkSchema,
  proxyHeaderSchema,
  exchangeSchema,
]);

/** What the agent lost since its last batch. Each count lowers the completeness of paths of that time. */
export const lossesSchema = z.strictObject({
  ringEvents: u64.describe('ring buffer reservations that failed in the kernel'),
  badFrames: u64.describe('loader frames that did not decode'),
  evictedLegs: u64.describe('legs closed early because a table was full'),
  unsentRecords: u64.describe('records dropped because the send queue was full'),
});

/** The losses of an agent as they are stored and answered. */
export const agentLossesSchema = lossesSchema.extend({
  ringRefusals: u64.describe(
    'of ringEvents: dropped SYNs and ICMP errors, so many refusals at most were not told; 0 also from agents that do not say',
  ),
});

/** An address of the node: the set from which MASQUERADE may choose, not only the InternalIP. */
export const nodeAddressSchema = z.strictObject({ ip: ipSchema, ifname: z.string().max(16) });

export const envelopeSchema = z.strictObject({
  schemaVersion: z.literal(SCHEMA_VERSION),
  cluster: z.string().min(1).max(63),
  node: z.string().min(1).max(253),
  bootId: z.string().min(8).max(64),
  firstSeq: u64,
  count: z.int().min(0).max(65_536),
  sentAtUs: startUs,
  losses: lossesSchema,
  /** Sent in heartbeats to collectors that say that they know it. */
  ringRefusals: u64
    .optional()
    .describe(
      'since the heartbeat before, of losses.ringEvents: what would have told why a SYN was not answered',
    ),
  addresses: z.array(nodeAddressSchema).max(1024),
  /** Sent in heartbeats to collectors that speak of credits, which know these. */
  clock: z
    .strictObject({
      offsetUs: z
        .int()
        .describe("the collector's clock minus the agent's, as the agent estimates it"),
      errorUs: u64.describe('bound of the error: half a round trip'),
    })
    .optional(),
  watermarkUs: startUs
    .optional()
    .describe(
      'every record that the agent made before this time is stored, refused or counted as lost',
    ),
  exchangesSinceUs: startUs
    .optional()
    .describe(
      'from this time on the agent has told an exchange for each request of each connection that began since, or counted it as lost; absent: it leaves some out',
    ),
  /** Sent in heartbeats, when they changed, to collectors that say that they know them. */
  facts: nodeFactsSchema.optional(),
  /** Sent in heartbeats to collectors that say that they know it. */
  healthChecks: healthReportSchema.optional(),
});

export type Envelope = z.infer<typeof envelopeSchema>;
export type Losses = z.infer<typeof lossesSchema>;
export type AgentLosses = z.infer<typeof agentLossesSchema>;
export type NodeAddress = z.infer<typeof nodeAddressSchema>;
export type Tap = z.infer<typeof tapSchema>;
export type Traffic = z.infer<typeof trafficSchema>;
export type LegRecord = z.infer<typeof legSchema>;
export type RefusalRecord = z.infer<typeof refusalSchema>;
export type ProxyLinkRecord = z.infer<typeof proxyLinkSchema>;
export type ProxyHeaderRecord = z.infer<typeof proxyHeaderSchema>;
export type ExchangeRecord = z.infer<typeof exchangeSchema>;
export type BurstRef = z.infer<typeof burstSchema>;
export type WireRecord = z.infer<typeof recordSchema>;
export type RecordKind = WireRecord['kind'];

/** A record together with who sent it. (cluster, node, bootId, seq) identifies it for ever. */
export type Sourced<T extends WireRecord = WireRecord> = T & {
  readonly cluster: string;
  readonly node: string;
  readonly bootId: string;
};
