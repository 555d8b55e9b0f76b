/** What `lab check --suite NAMES` can run: measurements of the agent against what truly happened, each with its goal. */
import type { ResultRow } from '../commands/output.ts';
import { LabError } from '../errors.ts';
import type { Backend } from '../plan.ts';

export interface SuiteOptions {
  /** Proxied requests in all; a tenth as many refused attempts. */
  readonly requests: number;
  /** kube-proxy's rules in these forms, one after the other. */
  readonly backends: readonly Backend[];
  /** A finished row, for people who watch. */
  readonly onRow: (row: SuiteRow) => void;
}

export interface SuiteRow extends ResultRow {
  /** Says how fast, not whether right: a busy host may miss the goal. */
  readonly isTimed?: boolean;
}

export interface Suite {
  readonly name: string;
  readonly text: string;
  /** In CI under these kinds of rules only; absent: under all. */
  readonly ciBackends?: readonly Backend[];
  run(options: SuiteOptions): Promise<SuiteRow[]>;
}

/** The must-hold asks for 50,000. */
export const DEFAULT_SUITE_REQUESTS = 50_000;

/** The suites of a list such as `refusals,proxy`, in its order. Throws LabError naming what is unknown or missing. */
export function suitesNamed(list: string, suites: readonly Suite[]): Suite[] {
  const known = suites.map(({ name }) => name).join(', ');
  const names = list.split(',').map((name) => name.trim());
  const chosen = names.flatMap((name) => suites.find((suite) => suite.name === name) ?? []);
  const unknown = names.filter((name) => !chosen.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const said = unknown.map((name) => `"${name}"`).join(', ');
    throw new LabError(
      `--suite: there is no suite ${said}`,
      `Choose of: ${known}; several with commas.`,
    );
  }
  return [...new Set(chosen)];
}
