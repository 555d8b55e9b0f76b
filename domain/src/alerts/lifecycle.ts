/**
 * From what was measured to alerts: one step of an evaluation.
 *
 *   (nothing) ── holds ──► pending ── held for forSeconds ──► firing ── gone for keepFiringSeconds ──► resolved
 *                             └── holds no more ──► (nothing)      └──────── holds again ◄──────────────┘
 *
 * What could not be measured stays as it is and is marked stale: an alert is not resolved by a store that is down.
 */
import type { Alert, AlertKind, AlertRule, Labels } from '../rest/alerts.ts';
import { alertIdOf } from './alertId.ts';
import { KINDS, type Observation } from './observation.ts';

const SECOND_US = 1_000_000;
/** Resolved alerts are shown, and told to receivers again, for so long. */
export const KEEP_RESOLVED_US = 15 * 60 * SECOND_US;

/** Without what silences say: that changes without any evaluation. */
export type AlertState = Omit<Alert, 'isSilenced'>;
export type AlertStates = ReadonlyMap<string, AlertState>;

export interface Evaluation {
  readonly rules: readonly AlertRule[];
  /** Of one rule, what its kind was seen to be over its window; null: it could not be measured. */
  readonly observationsOf: (rule: AlertRule) => readonly Observation[] | null;
  readonly nowUs: number;
}

export interface Step {
  readonly states: AlertStates;
  /** Alerts that began to fire, or were resolved, in this step. */
  readonly changes: readonly AlertState[];
}

export function step(before: AlertStates, { rules, observationsOf, nowUs }: Evaluation): Step {
  const states = new Map<string, AlertState>();
  const changes: AlertState[] = [];
  const ruleById = new Map(rules.map((rule) => [rule.id, rule] as const));
  for (const [id, state] of before) {
    // A rule that is gone, or means something else now, says nothing any more.
    if (ruleById.get(state.ruleId)?.kind === state.kind) states.set(id, state);
    else if (state.state === 'firing') noteChange(states, changes, resolved(state, nowUs));
  }
  for (const rule of rules) {
    const observations = observationsOf(rule);
    const own = [...states.values()].filter(({ ruleId }) => ruleId === rule.id);
    if (observations === null) {
      for (const state of own) states.set(state.alertId, { ...state, isStale: true });
      continue;
    }
    const held = heldBy(rule, observations, nowUs);
    for (const fresh of held.values()) {
      const known = states.get(fresh.alertId);
      const next = advanced(known, fresh, rule, nowUs);
      if (next.state === 'firing' && known?.state !== 'firing') noteChange(states, changes, next);
      else states.set(next.alertId, next);
    }
    for (const state of own)
      if (!held.has(state.alertId)) lapse(states, changes, { state, rule, nowUs });
  }
  return { states, changes };
}

function noteChange(
  states: Map<string, AlertState>,
  changes: AlertState[],
  state: AlertState,
): void {
  states.set(state.alertId, state);
  changes.push(state);
}

/** Alerts as they would be if they had begun just now, by id. */
function heldBy(
  rule: AlertRule,
  observations: readonly Observation[],
  nowUs: number,
): Map<string, AlertState> {
  const facts = KINDS[rule.kind];
  const held = new Map<string, AlertState>();
  for (const seen of observations) {
    if (seen.kind !== rule.kind || seen.count < rule.minCount) continue;
    if (!matches(seen.labels, rule.match) || facts.holds(seen, rule.threshold) !== true) continue;
    const labels = { ...rule.labels, ...seen.labels };
    const alertId = alertIdOf(rule.id, labels);
    held.set(alertId, {
      alertId,
      ruleId: rule.id,
      kind: rule.kind,
      severity: rule.severity,
      state: 'pending',
      labels,
      startedAtUs: nowUs,
      firedAtUs: null,
      resolvedAtUs: null,
      lastHeldAtUs: nowUs,
      value: seen.value,
      threshold: rule.threshold,
      baseline: seen.baseline,
      count: seen.count,
      text: facts.words(seen, rule),
      remedy: seen.remedy === '' ? facts.remedy : seen.remedy,
      pathId: seen.pathId,
      isStale: false,
    });
  }
  return held;
}

function advanced(
  known: AlertState | undefined,
  fresh: AlertState,
  { forSeconds }: AlertRule,
  nowUs: number,
): AlertState {
  const isOngoing = known !== undefined && known.state !== 'resolved';
  const startedAtUs = isOngoing ? known.startedAtUs : nowUs;
  const isFiring = known?.state === 'firing' || nowUs - startedAtUs >= forSeconds * SECOND_US;
  return {
    ...fresh,
    startedAtUs,
    state: isFiring ? 'firing' : 'pending',
    firedAtUs: isFiring ? (isOngoing ? (known.firedAtUs ?? nowUs) : nowUs) : null,
  };
}

/** What does not hold any more. */
function lapse(
  states: Map<string, AlertState>,
  changes: AlertState[],
  { state, rule, nowUs }: { state: AlertState; rule: AlertRule; nowUs: number },
): void {
  switch (state.state) {
    case 'pending':
      states.delete(state.alertId);
      return;
    case 'firing':
      if (nowUs - state.lastHeldAtUs >= rule.keepFiringSeconds * SECOND_US)
        noteChange(states, changes, resolved(state, nowUs));
      else states.set(state.alertId, { ...state, isStale: false });
      return;
    case 'resolved':
      if (nowUs - (state.resolvedAtUs ?? 0) >= KEEP_RESOLVED_US) states.delete(state.alertId);
  }
}

const resolved = (state: AlertState, nowUs: number): AlertState => ({
  ...state,
  state: 'resolved',
  resolvedAtUs: nowUs,
  isStale: false,
});

/** All labels that `wanted` names have the values that it names. */
export function matches(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** The kinds that some rule needs, with the longest window of each. */
export function windowsOf(rules: readonly AlertRule[]): ReadonlyMap<AlertKind, readonly number[]> {
  const windows = new Map<AlertKind, Set<number>>();
  for (const { kind, windowSeconds } of rules)
    windows.set(kind, (windows.get(kind) ?? new Set()).add(windowSeconds));
  return new Map([...windows].map(([kind, set]) => [kind, [...set].sort((a, b) => a - b)]));
}
