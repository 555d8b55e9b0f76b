/**
 * From the client to whoever answers, over load balancer and nodes: the outcome function applied at each node in turn.
 * It says which machines a connection passes, who sees which source, what the client gets and what conntrack keeps.
 */
import { type Endpoint, formatEndpoint } from '../model/tuple.ts';
import type { Topology } from '../topology/topology.ts';
import type { NodeAddress } from '../wire/v1.ts';
import { DATA_PLANE_RULES } from './dataPlanes.ts';
import { type Choice, expectedOutcome, masqueradeAddresses, type Outcome } from './outcome.ts';
import { viewOf } from './target.ts';

/**
 * How a load balancer passes connections on. `route`: destination stays its address. `dnat`: source stays the client.
 * `snat`: one connection, both rewritten. `proxy`: a connection of its own.
 */
export interface Balancer {
  readonly kind: 'route' | 'dnat' | 'snat' | 'proxy';
  readonly machine: string;
  readonly ip: string;
  readonly to: Endpoint;
}

/** What the endpoint does with the SYN; nothing in the topology tells. */
export type ServerState = 'listening' | 'closedPort' | 'gone' | 'wantsProxyHeader';

export interface JourneyRequest {
  readonly src: Endpoint;
  /** Machine of the source; null: outside the cluster. */
  readonly srcMachine: string | null;
  readonly dst: Endpoint;
  /** The node at which the connection enters; null: the source's own machine. */
  readonly entryNode: string | null;
  readonly balancer: Balancer | null;
  /** Address of the endpoint that was chosen; null: any (the first). */
  readonly chosenIp: string | null;
  readonly server: ServerState;
  /** The CNI rewrites the source of what leaves a Pod for an address outside the Pod network. */
  readonly cniMasquerades: boolean;
  readonly addressesByNode: ReadonlyMap<string, readonly NodeAddress[]>;
}

export type ClientResult =
  | 'served'
  | 'timeout'
  | 'icmpRefused'
  | 'rstRefused'
  | 'stalled'
  | 'closedWithoutData'
  | 'unknown';

/**
 * `refused`: NEW, then DESTROY in state CLOSE. `unanswered`: SYN_SENT and UNREPLIED. `rejected`: NEW, SYN_RECV, CLOSE
 * for each SYN, because the client resets an answer that it does not expect.
 */
export type EntryState = 'established' | 'refused' | 'unanswered' | 'rejected';

/** What one machine's conntrack should hold; a SYN that is dropped or rejected leaves nothing. */
export interface ExpectedEntry {
  readonly machine: string;
  readonly original: string;
  readonly reply: string;
  readonly state: EntryState;
}

export interface Journey {
  readonly machines: readonly string[];
  readonly crossings: number;
  /** Fewest crossings that the cluster could have had for this request, entry by another node included. */
  readonly minCrossings: number;
  /** Party → source addresses of which it sees one. */
  readonly sees: Readonly<Record<string, readonly string[]>>;
  readonly result: ClientResult;
  /** The outcome at the last node that decided something; null: no node did. */
  readonly outcome: Outcome | null;
  readonly cause: string | null;
  /** Whether replies pass the node that chose the endpoint. */
  readonly returnsThroughEntry: boolean | null;
  /** null: this data plane does not keep Service connections in conntrack. */
  readonly conntrack: readonly ExpectedEntry[] | null;
}

/** Where a SYN is and how it looks now. */
interface Packet {
  readonly machine: string;
  readonly src: Endpoint;
  /** Addresses the source may have where a node picks one of several. */
  readonly srcIps: readonly string[];
  readonly dst: Endpoint;
}

/** `state` null: as the whole connection ends. */
type DraftEntry = Omit<ExpectedEntry, 'state'> & { readonly state: EntryState | null };

interface Trail {
  readonly machines: string[];
  readonly sees: Record<string, readonly string[]>;
  readonly entries: DraftEntry[];
}

/** A port that the kernel draws at random. */
const ANY_PORT = 0;
const MAX_NODES = 4;

export function expectedJourney(topology: Topology, request: JourneyRequest): Journey {
  const { balancer } = request;
  const trail: Trail = {
    machines: [request.srcMachine ?? 'client'],
    sees: {},
    entries: [],
  };
  const isDialledAtOnce = balancer !== null && request.srcMachine === null;
  const start: Packet = {
    machine: request.entryNode ?? request.srcMachine ?? 'client',
    src: request.src,
    srcIps: [request.src.ip],
    dst: request.dst,
  };
  const first = isDialledAtOnce ? throughBalancer(start, balancer, request, trail) : start;
  return walk(topology, first, request, trail);
}

function throughBalancer(
  packet: Packet,
  balancer: Balancer,
  request: JourneyRequest,
  trail: Trail,
): Packet {
  const { kind, machine, ip, to } = balancer;
  trail.machines.push(machine);
  trail.sees[machine] = packet.srcIps;
  const keepsSource = kind === 'route' || kind === 'dnat';
  const src = keepsSource ? packet.src : { ip, port: ANY_PORT };
  if (kind === 'proxy') {
    note(trail, machine, packet.src, packet.dst, packet.src, packet.dst, 'established');
    note(trail, machine, src, to, src, to);
  } else if (kind === 'snat') note(trail, machine, packet.src, packet.dst, src, to);
  else if (kind === 'route')
    note(trail, machine, packet.src, packet.dst, packet.src, packet.dst, 'unanswered');
  return {
    machine: request.entryNode ?? machine,
    src,
    srcIps: keepsSource ? packet.srcIps : [ip],
    dst: to,
  };
}

function walk(topology: Topology, first: Packet, request: JourneyRequest, trail: Trail): Journey {
  let packet = first;
  let usesBalancer = request.srcMachine !== null && request.balancer !== null;
  for (let nodes = 0; nodes < MAX_NODES; nodes++) {
    arrive(trail, packet);
    const view = viewOf(
      topology,
      packet.machine,
      request.addressesByNode.get(packet.machine) ?? [],
    );
    const outcome = expectedOutcome(topology, { view, src: packet.src, dst: packet.dst });
    if (outcome.choices.length > 0) {
      const choice = chosen(outcome, request);
      return deliver(topology, packet, outcome, choice, request, trail);
    }
    const { target } = outcome;
    if (outcome.verdict !== 'pass') return stopped(packet, outcome, request, trail);
    if (target.kind === 'pod') return straightToPod(packet, target.node, outcome, request, trail);
    if (target.kind === 'otherNode') {
      const srcIps = request.cniMasquerades
        ? masqueradeAddresses(view, packet.src.ip, true)
        : packet.srcIps;
      const src = request.cniMasquerades ? { ip: srcIps[0] ?? '', port: ANY_PORT } : packet.src;
      note(trail, packet.machine, packet.src, packet.dst, src, packet.dst);
      packet = { machine: target.node, src, srcIps, dst: packet.dst };
    } else if (usesBalancer && request.balancer !== null) {
      usesBalancer = false;
      note(trail, packet.machine, packet.src, packet.dst, packet.src, packet.dst);
      packet = throughBalancer(packet, request.balancer, request, trail);
    } else return stopped(packet, outcome, request, trail);
  }
  return end(trail, 'unknown', null, {});
}

/** The machine hears the packet, unless it is there already. */
function arrive(trail: Trail, packet: Packet): void {
  if (trail.machines.at(-1) !== packet.machine) trail.machines.push(packet.machine);
  trail.sees[packet.machine] ??= packet.srcIps;
}

function chosen(outcome: Outcome, { chosenIp }: JourneyRequest): Choice {
  const choice =
    outcome.choices.find(({ endpoint }) => endpoint.ip === chosenIp) ?? outcome.choices[0];
  if (choice === undefined) throw new Error('an outcome with choices has a first one');
  return choice;
}

function deliver(
  topology: Topology,
  packet: Packet,
  outcome: Outcome,
  { endpoint, snat, sees, crosses }: Choice,
  request: JourneyRequest,
  trail: Trail,
): Journey {
  const { dataPlane } = viewOf(topology, packet.machine);
  const rules = DATA_PLANE_RULES[dataPlane];
  const src = snat === null ? packet.src : { ip: sees[0] ?? '', port: ANY_PORT };
  const to = { ip: endpoint.ip, port: endpoint.port };
  const ips = snat === null ? packet.srcIps : sees;
  const isAsymmetric =
    rules.returns === 'onlyIfRewritten' &&
    snat === null &&
    crosses === true &&
    request.srcMachine !== packet.machine;
  note(trail, packet.machine, packet.src, packet.dst, src, to);
  if (crosses === true) {
    trail.machines.push(endpoint.node ?? 'unknown');
    if (request.server !== 'gone')
      note(trail, endpoint.node ?? '', src, to, src, to, isAsymmetric ? 'rejected' : null);
  }
  if (request.server !== 'gone') trail.sees[endpoint.ip] = ips;
  const result = isAsymmetric ? 'timeout' : resultOf(request);
  return end(trail, result, outcome, {
    cause: isAsymmetric ? 'asymmetricReturn' : causeOf(request),
    isAvoidable: crosses === true && isAvoidable(topology, outcome, request),
    returnsThroughEntry: crosses !== true || (rules.returns !== 'straight' && !isAsymmetric),
    hasConntrack: rules.hasConntrack,
  });
}

/** Could this node, or another one that the connection might have entered by, have served it without crossing? */
function isAvoidable(topology: Topology, outcome: Outcome, request: JourneyRequest): boolean {
  if (outcome.choices.some(({ crosses }) => crosses === false)) return true;
  const isFreeToEnter = request.srcMachine === null;
  return (
    isFreeToEnter &&
    outcome.choices.some(
      ({ endpoint }) => endpoint.node !== null && topology.nodes.has(endpoint.node),
    )
  );
}

function straightToPod(
  packet: Packet,
  node: string | null,
  outcome: Outcome,
  request: JourneyRequest,
  trail: Trail,
): Journey {
  if (request.srcMachine === packet.machine || node === packet.machine)
    note(trail, packet.machine, packet.src, packet.dst, packet.src, packet.dst);
  if (node !== null && node !== packet.machine) {
    trail.machines.push(node);
    note(trail, node, packet.src, packet.dst, packet.src, packet.dst);
  }
  trail.sees[packet.dst.ip] = packet.srcIps;
  return end(trail, resultOf(request), outcome, {
    cause: causeOf(request),
    returnsThroughEntry: true,
  });
}

function stopped(packet: Packet, outcome: Outcome, request: JourneyRequest, trail: Trail): Journey {
  const { verdict, cause } = outcome;
  if (verdict === 'reset' || verdict === 'pass')
    note(trail, packet.machine, packet.src, packet.dst, packet.src, packet.dst);
  if (verdict === 'pass') trail.machines.push('default route');
  const result: ClientResult =
    verdict === 'drop'
      ? 'timeout'
      : verdict === 'reject'
        ? 'icmpRefused'
        : verdict === 'reset'
          ? 'rstRefused'
          : 'unknown';
  const isBehindProxy = request.balancer?.kind === 'proxy' && result !== 'unknown';
  return end(trail, isBehindProxy ? 'stalled' : result, outcome, { cause });
}

function resultOf({ server, balancer }: JourneyRequest): ClientResult {
  if (server === 'wantsProxyHeader') return 'closedWithoutData';
  if (server === 'listening') return 'served';
  if (balancer?.kind === 'proxy') return 'stalled';
  return server === 'closedPort' ? 'rstRefused' : 'timeout';
}

function causeOf({ server }: JourneyRequest): string | null {
  if (server === 'closedPort') return 'endpointClosedPort';
  return server === 'gone' ? 'endpointGone' : null;
}

interface Ending {
  readonly cause?: string | null;
  readonly isAvoidable?: boolean;
  readonly returnsThroughEntry?: boolean;
  readonly hasConntrack?: boolean;
}

function end(
  trail: Trail,
  result: ClientResult,
  outcome: Outcome | null,
  { cause = null, isAvoidable = false, returnsThroughEntry, hasConntrack = true }: Ending,
): Journey {
  const crossings = trail.machines.length - 1;
  return {
    machines: trail.machines,
    crossings,
    minCrossings: isAvoidable ? crossings - 1 : crossings,
    sees: trail.sees,
    result,
    outcome,
    cause,
    returnsThroughEntry: returnsThroughEntry ?? null,
    conntrack: hasConntrack
      ? trail.entries.map((entry) => ({
          ...entry,
          state: entry.state ?? stateAtEnd(result, cause),
        }))
      : null,
  };
}

/** Before and after this machine's translation, both from client to server; `q` is a port drawn at random. */
function note(
  trail: Trail,
  machine: string,
  src: Endpoint,
  dst: Endpoint,
  newSrc: Endpoint,
  newDst: Endpoint,
  state: EntryState | null = null,
): void {
  trail.entries.push({
    machine,
    original: `${show(src)} > ${show(dst)}`,
    reply: `${show(newDst)} > ${show(newSrc)}`,
    state,
  });
}

/** A rejection by ICMP does not touch the entries that it passes on its way back. */
function stateAtEnd(result: ClientResult, cause: string | null): EntryState {
  if (result === 'served' || result === 'closedWithoutData') return 'established';
  return result === 'rstRefused' || cause === 'endpointClosedPort' ? 'refused' : 'unanswered';
}

function show(endpoint: Endpoint): string {
  if (endpoint.port !== ANY_PORT) return formatEndpoint(endpoint);
  return formatEndpoint(endpoint).replace(/:0$/, ':q');
}
