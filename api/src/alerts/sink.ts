/** Who is told of alerts. A sink never throws and never makes an evaluation wait. */
import type { Alert } from '@hoptrace/domain/rest/alerts.ts';

export interface Sink {
  readonly name: string;
  /**
   * After every evaluation: all alerts that are not pending, and those of them that began to fire or were resolved in
   * it. Silenced ones are left out of both.
   */
  tell(alerts: readonly Alert[], changes: readonly Alert[], nowUs: number): void;
  /** Ends what is under way; what was not delivered is told again after the next start where it still fires. */
  close(): Promise<void>;
}

export interface SinkDeps {
  readonly fetch: typeof fetch;
  readonly count: (sink: string, result: 'sent' | 'failed' | 'dropped', alerts: number) => void;
  /** One line per change from well to ill and back, not per failure. */
  readonly log: (level: 'info' | 'warn', event: string, fields: object) => void;
  readonly pageUrl: string;
}

export const SEND_TIMEOUT_MS = 10_000;

/** Where people look at it. */
export function linkOf(pageUrl: string, { pathId, alertId }: Alert): string {
  const base = pageUrl.replace(/\/+$/, '');
  return pathId === null ? `${base}/#alert=${alertId}` : `${base}/paths/${pathId}`;
}
