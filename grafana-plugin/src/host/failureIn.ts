import type { PanelData } from '@grafana/data';

/** Why the queries of a panel were not answered; null if they were. */
export function failureIn({ errors, error }: PanelData): string | null {
  return errors?.[0]?.message ?? error?.message ?? null;
}
