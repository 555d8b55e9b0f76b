/** Silences keep receivers quiet; what they hide is still shown, and said to be silenced. */
import type { Alert, ShownSilence, Silence } from '../rest/alerts.ts';
import { type AlertState, matches } from './lifecycle.ts';

export function isSilenced(
  { labels, ruleId }: AlertState,
  silences: readonly Silence[],
  nowUs: number,
): boolean {
  // `rule` is no label of the alert, but what people want to name first.
  const named = { rule: ruleId, ...labels };
  return silences.some(
    (silence) =>
      stateOfSilence(silence, nowUs) === 'active' &&
      holdsIn(silence, labels.cluster) &&
      matches(named, silence.match),
  );
}

export function stateOfSilence(
  { startsAtUs, endsAtUs }: Pick<Silence, 'startsAtUs' | 'endsAtUs'>,
  nowUs: number,
): ShownSilence['state'] {
  if (endsAtUs <= nowUs) return 'ended';
  return startsAtUs <= nowUs ? 'active' : 'pending';
}

/** Empty: of all clusters, and of what is of none. */
const holdsIn = ({ clusters }: Silence, cluster: string | undefined): boolean =>
  clusters.length === 0 || (cluster !== undefined && clusters.includes(cluster));

export interface SilenceReach {
  /** Empty: all. */
  readonly clusters: readonly string[];
  readonly tenant: string | null;
}

/**
 * Whoever is bound to clusters sees and ends what holds in those alone: words and labels of a wider one may be another
 * tenant's. Its alerts still say that they are silenced.
 */
export function isWithin(silence: Silence, { clusters, tenant }: SilenceReach): boolean {
  if (clusters.length === 0) return true;
  const isOthers = silence.tenant !== null && silence.tenant !== tenant;
  return (
    !isOthers &&
    silence.clusters.length > 0 &&
    silence.clusters.every((each) => clusters.includes(each))
  );
}

const ORDER = { firing: 0, pending: 1, resolved: 2 } as const;
const WEIGHT = { critical: 0, warning: 1, info: 2 } as const;

/** As people read them: what fires first, the gravest first, then the newest. */
export function shownAlerts(
  states: Iterable<AlertState>,
  silences: readonly Silence[],
  nowUs: number,
): Alert[] {
  return [...states]
    .map((state) => ({ ...state, isSilenced: isSilenced(state, silences, nowUs) }))
    .sort(
      (a, b) =>
        ORDER[a.state] - ORDER[b.state] ||
        WEIGHT[a.severity] - WEIGHT[b.severity] ||
        b.startedAtUs - a.startedAtUs ||
        (a.alertId < b.alertId ? -1 : 1),
    );
}
