/** What hoptrace said of each request against the truth. Every difference is one sentence. Pure. */
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { NAMESPACE } from './pods.ts';
import type { Truth } from './truth.ts';

export interface Judgement {
  readonly truth: Truth;
  /** Nobody but the Pod that answered is named. */
  readonly podProblems: readonly string[];
  /** The rest of a served request: Service, hops, crossings, how the node treated the client's address. */
  readonly pathProblems: readonly string[];
  /** It is said that two Pods may have had the address: none is named. */
  readonly isAmbiguous: boolean;
  /** Refused: cause, remedy, and whether it is of a moment of transition. */
  readonly verdictProblems: readonly string[];
}

export function judge(truth: Truth, paths: readonly Path[]): Judgement {
  const [path, second] = paths;
  if (truth.isCut) return problem(truth);
  if (path === undefined) return problem(truth, 'no path');
  if (second !== undefined) return problem(truth, `${paths.length} paths for one request`);
  return {
    truth,
    podProblems: podProblems(truth, path),
    isAmbiguous: isAmbiguous(path),
    pathProblems: truth.pod === null ? refusedProblems(truth, path) : servedProblems(truth, path),
    verdictProblems: truth.pod === null ? verdictProblems(truth, path) : [],
  };
}

function problem(truth: Truth, ...texts: string[]): Judgement {
  const isServed = truth.pod !== null;
  return {
    truth,
    podProblems: [],
    isAmbiguous: false,
    pathProblems: texts,
    verdictProblems: isServed ? [] : texts,
  };
}

/** Pods that a path names; a refused request reached none that answered. */
function podProblems({ pod }: Truth, { hops }: Path): string[] {
  const named = hops.flatMap(({ to }) =>
    to.name !== null && (to.role === 'app' || to.role === 'ingress') ? [to.name] : [],
  );
  if (pod === null) return [];
  return named.filter((name) => name !== pod).map((name) => `named ${name}, ${pod} answered`);
}

const isAmbiguous = ({ warnings }: Path) => warnings.some(({ code }) => code === 'podAmbiguous');

function servedProblems(truth: Truth, path: Path): string[] {
  const { pod, podNode, node, service } = truth;
  const last = path.hops.at(-1)?.to.name ?? null;
  const crossings = podNode === node ? 1 : 2;
  return [
    ...differs('outcome', path.outcome, 'served'),
    ...differs('service', serviceOf(path), `${NAMESPACE}/${service}`),
    ...(last === null && isAmbiguous(path) ? [] : differs('last hop', last, pod)),
    ...differs('crossings', path.crossings, crossings),
  ];
}

function refusedProblems(truth: Truth, path: Path): string[] {
  const { errorCode } = truth.report;
  // The client cannot tell an RST from an ICMP error. Without a change there is no moment between two sets of rules.
  // Agents that starve may miss the ICMP error: then a drop is all that was seen (the suite `refusals` is strict there).
  const seen = ['rejected', 'dropped'];
  const refused = truth.when === 'near' ? [...seen, 'reset'] : seen;
  const outcomes = errorCode === 'ECONNREFUSED' ? refused : ['dropped', 'rejected'];
  return [
    ...(outcomes.includes(path.outcome)
      ? []
      : [`outcome: said ${path.outcome}, the client met ${errorCode}`]),
    ...differs('service', serviceOf(path), `${NAMESPACE}/${truth.service}`),
  ];
}

function verdictProblems({ causes, when }: Truth, { refusal }: Path): string[] {
  if (refusal === null) return ['no refusal'];
  const isTransitional = refusal.transitional === true;
  const isBetweenRules =
    when === 'near' && refusal.kind === 'reset' && refusal.cause === 'closedPort';
  return [
    ...(causes.includes(refusal.cause) || isBetweenRules
      ? []
      : [`cause: said ${refusal.cause} (${refusal.text}), truth ${causes.join(' or ')}`]),
    ...(refusal.remedy === '' ? ['no remedy'] : []),
    ...(when === 'near' ? differs('transitional', isTransitional, true) : []),
    ...(when === 'away' ? differs('transitional', isTransitional, false) : []),
  ];
}

function serviceOf({ service }: Path): string | null {
  return service === null ? null : `${service.namespace}/${service.name}`;
}

function differs(what: string, said: unknown, wanted: unknown): string[] {
  return said === wanted ? [] : [`${what}: said ${String(said)}, truth ${String(wanted)}`];
}
