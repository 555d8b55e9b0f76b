/** Silences keep receivers quiet; what they hide is still shown, and said to be silenced. */
import type { Alert, Silence } from '../rest/alerts.ts';
import { type AlertState, matches } from './lifecycle.ts';

export function isSilenced(
  { labels, ruleId }: AlertState,
  silences: readonly Silence[],
  nowUs: number,
): boolean {
  // `rule` is no label of the alert, but what people want to name first.
  const named = { rule: ruleId, ...labels };
  return silences.some(
    ({ match, startsAtUs, endsAtUs }) =>
      startsAtUs <= nowUs && nowUs < endsAtUs && matches(named, match),
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
