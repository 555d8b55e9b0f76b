/** Agents and what is missing, as the API answers them: the part that the views draw. */
export interface Agent {
  readonly cluster: string;
  readonly node: string;
  readonly lastSeenUs: number;
  readonly isSilent: boolean;
  /** Since `lossesSinceUs`; by what was lost. */
  readonly losses: Readonly<Record<string, unknown>>;
  readonly facts: {
    readonly kernel?: string | undefined;
    readonly kubeProxy?: unknown;
    readonly containers: number;
  } | null;
}

export interface MissingFacts {
  readonly losses: readonly {
    readonly cluster: string;
    readonly node: string;
    readonly fromUs: number;
    readonly losses: Readonly<Record<string, unknown>>;
  }[];
  readonly silences: readonly {
    readonly cluster: string;
    readonly node: string;
    readonly fromUs: number;
    readonly toUs: number;
    readonly isOpen: boolean;
  }[];
  readonly paths: {
    readonly total: number;
    readonly incomplete: number;
    readonly warnings: readonly { readonly code: string; readonly paths: number }[];
  };
}

/** `lostEvents` → `lost events`. */
export function codeWords(code: string): string {
  return code.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

/** What was lost, by its count: the most first; what was not lost is left out. */
export function lossesText(losses: Readonly<Record<string, unknown>>): string {
  const lost = Object.entries(losses).flatMap(([code, count]) =>
    typeof count === 'number' && count > 0 ? [{ code, count }] : [],
  );
  return lost
    .sort((a, b) => b.count - a.count)
    .map(({ code, count }) => `${count} ${codeWords(code)}`)
    .join(', ');
}
