/** What one health check said through time, as short as it can be told. Pure: each function answers a new history. */
import { type HealthSighting, MAX_HEALTH_SIGHTINGS } from '@hoptrace/domain/wire/healthChecks.ts';
import type { Said } from './answer.ts';

/** So long a collector may be away without missing a change. */
const KEEP_US = 10 * 60 * 1_000_000;

export interface History {
  /** When the last probe was sent, and until when what it said is known to hold. */
  readonly sentUs: number;
  readonly checkedUs: number;
  readonly sightings: readonly HealthSighting[];
}

export interface ProbeTimes {
  readonly sentUs: number;
  readonly answeredUs: number;
}

/** It became otherwise after the last probe was sent and before this one was answered. Clocks that went back add nothing. */
export function withSaid(
  history: History | null,
  said: Said,
  { sentUs, answeredUs: atUs }: ProbeTimes,
): History {
  const last = history?.sightings.at(-1);
  if (history === null || last === undefined) {
    const first = { ...said, fromUs: atUs, earliestUs: atUs };
    return { sentUs, checkedUs: atUs, sightings: [first] };
  }
  if (atUs <= history.checkedUs) return history;
  if (isSame(last, said)) return { ...history, sentUs, checkedUs: Math.max(sentUs, last.fromUs) };
  const next = { ...said, fromUs: atUs, earliestUs: Math.max(history.sentUs, last.fromUs) };
  const recent = [...history.sightings, next].filter((each, index, all) => {
    const endUs = all[index + 1]?.fromUs ?? atUs;
    return each === next || endUs >= atUs - KEEP_US;
  });
  return { sentUs, checkedUs: atUs, sightings: recent.slice(-MAX_HEALTH_SIGHTINGS) };
}

function isSame(sighting: HealthSighting, said: Said): boolean {
  return (
    sighting.state === said.state &&
    sighting.httpStatus === said.httpStatus &&
    sighting.localEndpoints === said.localEndpoints &&
    sighting.isProxyHealthy === said.isProxyHealthy &&
    sighting.note === said.note
  );
}
