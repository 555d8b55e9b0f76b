/**
 * What should be said of each request, from the client's own account, who answered, and which rules its node had at the
 * time. Nothing here comes from hoptrace or its outcome function. Pure.
 */
import { NODES, nodeNamed, type ServicePlan } from '../../plan.ts';
import { usableEndpoints } from '../../rules/usable.ts';
import { NAMESPACE } from './pods.ts';
import type { Change, Programmed } from './stage.ts';
import type { Report } from './traffic.ts';

/** Verdicts so near a change must say that they are of a moment of transition; so far from any they must not. */
export const NEAR_US = 4_000_000;
export const AWAY_US = 6_500_000;
/** Between the client's look at its clock and the SYN at the node, on a busy machine. */
const SLACK_US = 300_000;
/** Linux sends an unanswered SYN again after a second, where the client that gives up before it is late in doing so. */
const REPEATED_AFTER_US = 1_000_000;

export interface Told {
  readonly atUs: number;
  readonly services: readonly ServicePlan[];
}

export interface Played {
  readonly programmed: readonly Programmed[];
  readonly changes: readonly Change[];
  readonly told: readonly Told[];
}

export interface Truth {
  readonly report: Report;
  /** `ip:port` of the client: what a path is found by. */
  readonly key: string;
  readonly service: string;
  readonly node: string;
  /** `namespace/name` of who answered; null: refused. */
  readonly pod: string | null;
  readonly podNode: string | null;
  /** Refused only: causes of which each is true, by the rules of the node or by what the API server said. */
  readonly causes: readonly string[];
  /** Accepted, and then reset: its Pod went. Neither served nor refused. */
  readonly isCut: boolean;
  /** Refused although the node's rules forward: to a Pod that is no more. */
  readonly isLost: boolean;
  readonly when: 'near' | 'away' | 'between';
}

export function truthOf(report: Report, clientIp: string, played: Played): Truth {
  const node = NODES.find(({ ip }) => ip === report.ip)?.name ?? '';
  const [first] = played.told;
  const plan = first?.services.find(({ nodePort }) => nodePort === report.port);
  const service = plan?.name ?? '';
  const { startedAtUs, pod } = report;
  const places = synTimesOf(report).map((synUs) => ({ atUs: synUs, node, service }));
  const byRules = places.flatMap((place) => byRulesOf(place, played));
  const bySayings = places.flatMap((place) => bySaying(place, played));
  return {
    report,
    key: `${clientIp}:${report.localPort}`,
    ...{ service, node },
    pod: pod === null ? null : `${NAMESPACE}/${pod}`,
    podNode: pod === null ? null : nodeOf(pod, played),
    causes: pod === null ? [...new Set([...byRules, ...bySayings])] : [],
    isCut: pod === null && report.connectUs !== null,
    isLost: pod === null && byRules.includes('endpointGone'),
    when: whenOf(service, startedAtUs, played.changes),
  };
}

/** Each SYN of one attempt meets the rules of its own moment. */
function synTimesOf({ startedAtUs, connectUs, totalUs }: Report): number[] {
  const isRepeated = connectUs === null && totalUs >= REPEATED_AFTER_US;
  return isRepeated ? [startedAtUs, startedAtUs + REPEATED_AFTER_US] : [startedAtUs];
}

/** Pods never change their node. */
function nodeOf(pod: string, { told }: Played): string | null {
  for (const { services } of told)
    for (const { endpoints } of services)
      for (const each of endpoints)
        if (each.pod === `${NAMESPACE}/${pod}`) return nodeNamed(each.node).name;
  return null;
}

function whenOf(service: string, atUs: number, changes: readonly Change[]): Truth['when'] {
  const nearest = Math.min(
    ...changes.filter((each) => each.service === service).map((each) => Math.abs(each.atUs - atUs)),
  );
  return nearest <= NEAR_US ? 'near' : nearest > AWAY_US ? 'away' : 'between';
}

interface Place {
  readonly atUs: number;
  readonly node: string;
  readonly service: string;
}

function byRulesOf(place: Place, { programmed }: Played): string[] {
  const mine = programmed.filter((each) => each.node === place.node);
  return inForce(mine, place.atUs).map((services) => causeOf(services, place));
}

function bySaying(place: Place, { told }: Played): string[] {
  const stretches = told.map((each) => ({ fromUs: each.atUs, doneUs: each.atUs, ...each }));
  return inForce(stretches, place.atUs).map((services) => causeOf(services, place));
}

interface Stretch {
  readonly fromUs: number;
  readonly doneUs: number;
  readonly services: readonly ServicePlan[];
}

/** The state at `atUs`, and those that were replaced, or replaced it, within the slack. */
function inForce(stretches: readonly Stretch[], atUs: number): (readonly ServicePlan[])[] {
  return stretches
    .filter(({ fromUs }, index) => {
      const endUs = stretches[index + 1]?.doneUs ?? Number.POSITIVE_INFINITY;
      return fromUs - SLACK_US <= atUs && atUs <= endUs + SLACK_US;
    })
    .map(({ services }) => services);
}

/** Why a node with these rules refuses; where they do not, it sent the connection to a Pod that is no more. */
function causeOf(services: readonly ServicePlan[], { node, service }: Place): string {
  const plan = services.find(({ name }) => name === service);
  if (plan === undefined || usableEndpoints(plan).length === 0) return 'noEndpoints';
  if (plan.policy === 'Local' && usableEndpoints(plan, node).length === 0)
    return 'noLocalEndpoints';
  return 'endpointGone';
}
