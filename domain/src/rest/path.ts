/** The path document: what the API answers, the stitcher stores and the views draw. Names carry units. */
import { z } from 'zod';

export const OUTCOMES = ['served', 'reset', 'rejected', 'dropped', 'unknown'] as const;
export const ROLES = [
  'client',
  'load-balancer',
  'node',
  'ingress',
  'app',
  'pod',
  'unknown',
] as const;
export const HOP_KINDS = ['network', 'nodeForward', 'proxy'] as const;
/** Worst edge of a path: A witnessed, B strong, C inferred, D ambiguous, M missing. */
export const CLASSES = ['A', 'B', 'C', 'D', 'M'] as const;
export const CLIENT_SOURCES = ['socket', 'proxyProtocol', 'xForwardedFor', 'unknown'] as const;
export const RTT_METHODS = [
  'handshakeDifference',
  'handshakeToClient',
  'handshakeToServer',
] as const;
export const REWRITE_MECHANISMS = ['snat', 'tcpProxy', 'proxyProtocol', 'unknown'] as const;

const ns = z.int();

export const partySchema = z.object({
  role: z.enum(ROLES),
  name: z
    .string()
    .nullable()
    .describe('namespace/pod, node or service name; null when no topology names it'),
  node: z.string().nullable().describe('machine it runs on; null when unknown'),
  ip: z.string(),
  port: z.int(),
  observed: z.boolean().describe('an agent saw this party itself, not only its address'),
});

export const rttSchema = z.object({
  valueNs: ns,
  lowNs: ns,
  highNs: ns,
  method: z
    .enum(RTT_METHODS)
    .describe(
      'handshakeDifference: two taps subtracted. handshakeTo…: one tap, stack of the far end included',
    ),
  firstPacketNs: ns
    .nullable()
    .optional()
    .describe(
      'round trip of SYN and SYN-ACK, connection set-up on the way included; null: not seen at both, or repeated',
    ),
  steadyNs: ns
    .nullable()
    .optional()
    .describe('round trip of SYN-ACK and ACK, set-up over; null: not seen at both'),
});

export const oneWaySchema = z.object({ lowNs: ns, highNs: ns });

export const REQUEST_TIME_SCOPES = ['request', 'connection'] as const;

export const requestTimeSchema = z.object({
  valueNs: ns,
  lowNs: ns,
  highNs: ns,
  scope: z
    .enum(REQUEST_TIME_SCOPES)
    .describe(
      'request: of the one request of this path. connection: which of its requests is meant is not known; their median, and the range of all',
    ),
  burst: ns
    .nullable()
    .describe(
      'number of that one request on the connection in front, from 1; null: scope connection',
    ),
  requests: z.int().describe('requests that both taps timed'),
});

/** How a proxy edge was found, the most trusted first. */
export const LINK_METHODS = [
  'threadRule',
  'proxyHeader',
  'requestId',
  'firstFlight',
  'byteCounters',
  'timing',
] as const;

export const linkSchema = z.object({
  method: z.enum(LINK_METHODS),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'of method timing: calibrated share of such links that are right; else 1 minus the bound of its class',
    ),
});

export const rewriteSchema = z.object({
  mechanism: z.enum(REWRITE_MECHANISMS),
  before: z.string().describe('source address and port that arrived'),
  after: z.string().describe('source address and port that left'),
  cause: z.string(),
  recoverable: z
    .boolean()
    .nullable()
    .describe('can the receiver still learn the client; null: not observed'),
});

export const hopTimesSchema = z.object({
  synNs: ns.nullable(),
  establishedNs: ns.nullable(),
  firstRequestNs: ns.nullable(),
  firstResponseNs: ns.nullable(),
  endNs: ns.nullable(),
  clock: z
    .string()
    .nullable()
    .describe('node whose clock stamped these; null: nobody saw this hop arrive'),
});

export const LEG_CLOSES = [
  'open',
  'finByClient',
  'finByServer',
  'resetByClient',
  'resetByServer',
  'timedOut',
] as const;

export const hopTrafficSchema = z.object({
  clientBytes: z.int().describe('payload from the client, whatever was sent twice counted once'),
  serverBytes: z
    .int()
    .nullable()
    .describe('payload from the server; null: none of its packets passed here'),
  clientRetransmits: z
    .int()
    .describe(
      'segments of payload from the client that showed this tap nothing new: sent again, or late',
    ),
  serverRetransmits: z.int(),
  closed: z
    .enum(LEG_CLOSES)
    .describe(
      'open: when it was told. finBy…: whose FIN came first. timedOut: nobody was seen to close it, and the agent follows it no longer',
    ),
});

export const GAP_REASONS = ['outsideCluster', 'agentAbsent', 'lost', 'causeNotSeen'] as const;
export const gapSchema = z.object({
  reason: z
    .enum(GAP_REASONS)
    .describe(
      'why nobody saw this: no agent can be there, none is there, one is but did not tell, cause not linked',
    ),
  text: z.string(),
});

export const hopSchema = z.object({
  index: z.int(),
  from: partySchema,
  to: partySchema,
  kind: z
    .enum(HOP_KINDS)
    .describe(
      'how `from` made this step: network (it originated), nodeForward (NAT), proxy (a new connection)',
    ),
  crossesNode: z.boolean().nullable(),
  extra: z
    .boolean()
    .nullable()
    .describe('an allowed choice would have avoided this crossing; null: no topology'),
  extraReason: z.string().nullable(),
  rtt: rttSchema.nullable(),
  oneWay: oneWaySchema
    .nullable()
    .optional()
    .describe(
      'time towards `to`, bounded only: how a delay is shared between the directions cannot be seen; null: clocks not comparable',
    ),
  requestCost: requestTimeSchema
    .nullable()
    .optional()
    .describe(
      'both ways between `from` and `to` for a request: the wait for its response at one tap minus the wait at the next; null: not timed at both',
    ),
  proxyTime: requestTimeSchema
    .nullable()
    .optional()
    .describe(
      'what a request and its response spent in the proxy `from`, between its doors: waiting until it ran and connecting upstream included, the wait for the upstream not; null: not timed',
    ),
  link: linkSchema
    .nullable()
    .optional()
    .describe('how the connection in front of the proxy `from` was linked to this one'),
  rewrite: rewriteSchema.nullable(),
  class: z.enum(CLASSES),
  gap: gapSchema.nullable().optional().describe('set where a part of this hop was not seen'),
  traffic: hopTrafficSchema
    .optional()
    .describe(
      'of the whole connection, where `to` saw it arrive; absent: not seen there, or by an agent that does not count it',
    ),
  times: hopTimesSchema.describe('nanoseconds after startedAtUs, by the clock of `times.clock`'),
});

export const refusalInfoSchema = z.object({
  kind: z.enum(['reset', 'rejected', 'dropped']),
  node: z.string().nullable(),
  evidence: z.string(),
  reason: z.string().describe('skb_drop_reason or ICMP name, empty if none'),
  cause: z
    .string()
    .describe(
      'code: noLocalEndpoints, noEndpoints, sourceRanges, closedPort, nodePortAddress, hostPortElsewhere, unknownServicePort, endpointClosedPort, endpointGone, asymmetricReturn, unknown',
    ),
  text: z.string(),
  remedy: z.string(),
  synCount: z.int(),
  afterNs: ns,
  transitional: z
    .boolean()
    .optional()
    .describe(
      'what decides the cause changed around the time of the connection; absent: no such change is known',
    ),
});

export const SOURCE_SCENARIOS = [
  'direct',
  'tcpLbWithoutProxy',
  'proxyProtocol',
  'preservedByLocal',
  'rewrittenByCluster',
  'headerOnly',
  'forged',
  'unknown',
] as const;

export const clientSightingSchema = z.object({
  party: z.string().describe('who received the connection: name, or address where it has none'),
  sees: z.string().nullable().describe('address and port at the other end of its socket'),
  isClient: z.boolean().nullable().describe('that is the client; null: not known'),
  recoverable: z
    .boolean()
    .nullable()
    .describe(
      'the party can learn the client, by socket or by a header that holds; null: not known',
    ),
});

export const sourceVerdictSchema = z.object({
  scenario: z
    .enum(SOURCE_SCENARIOS)
    .describe(
      'how the first machine that serves the connection learns, or does not learn, the client',
    ),
  text: z.string(),
  clientSeenBy: z.array(clientSightingSchema).describe('one for each hop, in path order'),
  believable: z
    .boolean()
    .nullable()
    .describe(
      'what the path says of the client holds against what was observed; null: cannot be told',
    ),
  remedy: z.string().describe('what would change it; empty where nothing needs to'),
});

export const warningSchema = z.object({ code: z.string(), text: z.string(), subject: z.string() });

export const serviceRefSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  port: z.string(),
});

export const pathSchema = z.object({
  pathId: z.string(),
  version: z.int().describe('a later version of the same pathId replaces an earlier one'),
  cluster: z.string(),
  startedAtUs: z.int(),
  service: serviceRefSchema.nullable(),
  client: z.object({
    ip: z.string().nullable(),
    port: z.int().nullable(),
    source: z.enum(CLIENT_SOURCES),
  }),
  outcome: z.enum(OUTCOMES),
  hops: z.array(hopSchema),
  crossings: z.int().describe('hops known to go from one machine to another'),
  extraHops: z.int(),
  class: z.enum(CLASSES),
  confidence: z.number().min(0).max(1),
  completeness: z.number().min(0).max(1),
  weight: z
    .int()
    .min(1)
    .optional()
    .describe(
      'paths that this one stands for, itself included: others of its service were shed in an overload. Absent: 1',
    ),
  refusal: refusalInfoSchema.nullable(),
  warnings: z.array(warningSchema),
  sourceVerdict: sourceVerdictSchema
    .nullable()
    .optional()
    .describe('absent: written by a version that did not judge'),
});

export type Path = z.infer<typeof pathSchema>;
export type Hop = z.infer<typeof hopSchema>;
export type Party = z.infer<typeof partySchema>;
export type Rtt = z.infer<typeof rttSchema>;
export type RequestTime = z.infer<typeof requestTimeSchema>;
export type LinkMethod = (typeof LINK_METHODS)[number];
export type OneWay = z.infer<typeof oneWaySchema>;
export type Rewrite = z.infer<typeof rewriteSchema>;
export type HopTraffic = z.infer<typeof hopTrafficSchema>;
export type HopTimes = z.infer<typeof hopTimesSchema>;
export type RefusalInfo = z.infer<typeof refusalInfoSchema>;
export type Gap = z.infer<typeof gapSchema>;
export type ClientSighting = z.infer<typeof clientSightingSchema>;
export type SourceVerdict = z.infer<typeof sourceVerdictSchema>;
export type SourceScenario = (typeof SOURCE_SCENARIOS)[number];
export type Warning = z.infer<typeof warningSchema>;
export type Outcome = (typeof OUTCOMES)[number];
export type Role = (typeof ROLES)[number];
export type PathClass = (typeof CLASSES)[number];
