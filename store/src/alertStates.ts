/** Alerts and silences as they are kept: so that both survive a restart. */

import type { AlertState } from '@hoptrace/domain/alerts/lifecycle.ts';
import { alertSchema, type Silence, silenceSchema } from '@hoptrace/domain/rest/alerts.ts';
import { z } from 'zod';
import type { CallOptions, Store } from './client.ts';
import { runQuery } from './queries/query.ts';

const MAX_ROWS = 100_000;

const stateSchema = alertSchema.omit({ isSilenced: true });
const alerts = {
  name: 'readAlertStates',
  params: z.strictObject({ resolvedSinceUs: z.int().min(0), rows: z.int() }),
  row: z.object({ newest: z.string() }),
};
const silences = {
  name: 'readSilences',
  params: z.strictObject({ endsAfterUs: z.int().min(0), rows: z.int() }),
  row: z.object({ newest: z.string() }),
};

/** The newest beginning of each alert; a resolved one is left out when nothing changed since `resolvedSinceUs`. */
const ALERTS_SQL = `SELECT argMax(document, (started_at_us, version_us)) AS newest
FROM alerts_v1
GROUP BY alert_id
HAVING argMax(state, (started_at_us, version_us)) != 'resolved' OR max(version_us) >= {resolvedSinceUs:UInt64}
ORDER BY max(version_us) DESC
LIMIT {rows:UInt32}
`;
const SILENCES_SQL = `SELECT argMax(document, version_us) AS newest
FROM silences_v1
GROUP BY silence_id
HAVING argMax(ends_at_us, version_us) > {endsAfterUs:UInt64}
ORDER BY silence_id
LIMIT {rows:UInt32}
`;

/** Versions grow with `nowUs`: of two writes the later one counts. */
export async function writeAlertStates(
  store: Store,
  states: readonly AlertState[],
  { nowUs, ...options }: CallOptions & { readonly nowUs: number },
): Promise<void> {
  const rows = states.map((state) => ({
    alert_id: state.alertId,
    started_at_us: state.startedAtUs,
    version_us: nowUs,
    state: state.state,
    rule_id: state.ruleId,
    cluster: state.labels.cluster ?? '',
    document: JSON.stringify(state),
  }));
  await store.insert('alerts_v1', rows, { ...options, dedupToken: `alerts-${nowUs}` });
}

export async function readAlertStates(
  store: Store,
  { resolvedSinceUs, ...options }: CallOptions & { readonly resolvedSinceUs: number },
): Promise<AlertState[]> {
  const params = { resolvedSinceUs, rows: MAX_ROWS };
  const rows = await runQuery(store, alerts, { sql: ALERTS_SQL, params, ...options });
  return rows.map(({ newest }) => stateSchema.parse(JSON.parse(newest)));
}

export async function writeSilence(
  store: Store,
  silence: Silence,
  { nowUs, ...options }: CallOptions & { readonly nowUs: number },
): Promise<void> {
  const row = {
    silence_id: silence.silenceId,
    version_us: nowUs,
    ends_at_us: silence.endsAtUs,
    document: JSON.stringify(silence),
  };
  const dedupToken = `silence-${silence.silenceId}-${nowUs}`;
  await store.insert('silences_v1', [row], { ...options, dedupToken });
}

/** Those that have not ended then. */
export async function readSilences(
  store: Store,
  { endsAfterUs, ...options }: CallOptions & { readonly endsAfterUs: number },
): Promise<Silence[]> {
  const params = { endsAfterUs, rows: MAX_ROWS };
  const rows = await runQuery(store, silences, { sql: SILENCES_SQL, params, ...options });
  return rows.map(({ newest }) => silenceSchema.parse(JSON.parse(newest)));
}
