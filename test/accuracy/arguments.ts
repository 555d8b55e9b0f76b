/** The command line of `npm run accuracy --`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const schema = z.object({
  seed: z.coerce.number().int().min(0).default(1),
  paths: z.coerce.number().int().positive().default(1_000_000),
  seconds: z.coerce.number().positive().max(7200).default(240),
  world: z.coerce.number().int().min(0).nullable().default(null),
  workers: z.coerce.number().int().min(1).max(64).default(availableParallelism()),
  json: z.boolean().default(false),
  docs: z.boolean().default(false),
});

export interface AccuracyArguments {
  readonly seed: number;
  /** Stops after the world that reaches this number, or after `seconds`, whichever is first. */
  readonly paths: number;
  readonly seconds: number;
  /** This world alone, in which an example was found. */
  readonly world: number | null;
  /** Threads. They change how long it takes, and nothing else. */
  readonly workers: number;
  readonly json: boolean;
  readonly writesDocs: boolean;
}

/** Throws an Error naming the option. */
export function parseAccuracyArguments(words: readonly string[]): AccuracyArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      seed: { type: 'string' },
      paths: { type: 'string' },
      seconds: { type: 'string' },
      world: { type: 'string' },
      workers: { type: 'string' },
      json: { type: 'boolean' },
      docs: { type: 'boolean' },
    },
  });
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(
      `--${issue?.path.join('.')}: ${issue?.message}; --seed N --paths N --seconds N (at most 7200) --world N --workers N --json --docs`,
    );
  }
  const { docs, ...rest } = parsed.data;
  return Object.freeze({ ...rest, writesDocs: docs });
}
