/** The command line of `npm run lab --`, parsed into one frozen object. */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { LabError, messageOf } from './errors.ts';
import { BACKENDS, DEFAULT_DELAY_MS } from './plan.ts';

const DEFAULT_REQUESTS = 20;
const whole = z.coerce.number().int().positive();
const schema = z.object({
  backend: z.enum(BACKENDS).optional(),
  requests: whole.optional(),
  concurrency: whole.default(8),
  scenario: z.array(z.string()).optional(),
  suite: z.string().optional(),
  'delay-ms': z.coerce.number().min(0).max(10_000).default(DEFAULT_DELAY_MS),
  id: z.string().optional(),
  out: z.string().optional(),
  all: z.boolean().default(false),
  json: z.boolean().default(false),
});

export interface LabArguments {
  /** First word: up, down, traffic … Undefined if there is none. */
  readonly command: string | undefined;
  readonly backend: (typeof BACKENDS)[number] | undefined;
  /** Per scenario. */
  readonly requests: number;
  /** The same if it was given: suites have a number of their own. */
  readonly givenRequests: number | undefined;
  readonly concurrency: number;
  /** Scenario ids; undefined means all. */
  readonly scenario: readonly string[] | undefined;
  /** Names of suites with commas; undefined: `check` judges scenarios. */
  readonly suite: string | undefined;
  readonly delayMs: number;
  readonly id: string | undefined;
  /** Folder that `record` writes to. */
  readonly out: string | undefined;
  readonly all: boolean;
  readonly json: boolean;
}

/** Throws LabError naming the option and what it may be. */
export function parseLabArguments(words: readonly string[]): LabArguments {
  const { values, positionals } = readWords(words);
  if (positionals.length > 1) {
    throw new LabError(`one word too many: ${positionals[1]}`, 'See `npm run lab -- help`.');
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new LabError(
      `--${issue?.path.join('.')}: ${issue?.message}`,
      'See `npm run lab -- help`.',
    );
  }
  const { 'delay-ms': delayMs, backend, scenario, suite, id, out, ...rest } = parsed.data;
  const { requests: givenRequests } = rest;
  return Object.freeze({
    ...rest,
    ...{ requests: givenRequests ?? DEFAULT_REQUESTS, givenRequests },
    ...{ command: positionals[0], backend, scenario, suite, id, out, delayMs },
  });
}

function readWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        backend: { type: 'string' },
        requests: { type: 'string' },
        concurrency: { type: 'string' },
        scenario: { type: 'string', multiple: true },
        suite: { type: 'string' },
        'delay-ms': { type: 'string' },
        id: { type: 'string' },
        out: { type: 'string' },
        all: { type: 'boolean' },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new LabError(messageOf(error), 'See `npm run lab -- help`.');
  }
}
