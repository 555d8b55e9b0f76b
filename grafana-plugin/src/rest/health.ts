/** What the connection test of the data source says: that it works, or what is missing first. */
import { plural } from '../view/format.ts';
import type { Overview, Readiness } from './types.ts';

export interface HealthWord {
  readonly status: 'success' | 'warning' | 'error';
  readonly message: string;
}

export const NO_URL: HealthWord = {
  status: 'error',
  message: 'No API URL is set. Write that of the hoptrace API, such as http://hoptrace-api:7040.',
};

export const NOT_HOPTRACE: HealthWord = {
  status: 'error',
  message:
    'Something answers at this URL, but it is not the hoptrace API. Give it without a path behind the port.',
};

/** The API answers; whether it has anything to tell is another matter. `overview` is of the last 15 minutes. */
export function healthOf(overview: Overview): HealthWord {
  const { known, silent } = overview.agents;
  if (known === 0)
    return {
      status: 'warning',
      message: 'The API answers, but no agent has reported in 24 hours. Install it on the nodes.',
    };
  if (silent === known)
    return {
      status: 'warning',
      message: `The API answers, but all ${known} agents are silent: what happens now is not seen. Check agents and collector.`,
    };
  const quiet =
    silent === 0
      ? ''
      : ` ${silent} of ${known} agents are silent: their nodes are not seen at present.`;
  const seen = `${plural(overview.paths, 'path')} in the last 15 minutes, ${plural(known, 'agent')} known.`;
  return {
    status: silent === 0 ? 'success' : 'warning',
    message: `The hoptrace API answers: ${seen}${quiet}`,
  };
}

/** What a readiness answer lacks, each with its remedy; null if it lacks nothing that is required. */
export function missingText(readiness: Readiness): string | null {
  const lacking = readiness.checks.filter((check) => check.isRequired && !check.isReady);
  if (lacking.length === 0) return null;
  return lacking
    .map(({ text, remedy }) => [text, remedy].filter((each) => each !== null).join(' '))
    .join(' ');
}
