/**
 * The adversarial scenarios: what happened, what the agents reported of it, and what may be said. Each runs
 * through reconstruct() as it is and in every order, repetition and split in which records may arrive.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Context, Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import type { Expectation } from './adversarial/expectation.ts';
import { readFolder } from './adversarial/folder.ts';
import { judge } from './adversarial/judge.ts';
import { arrivalsOf, splitsOf } from './adversarial/permutations.ts';
import { SCENARIOS } from './adversarial/scenes/all.ts';
import type { SceneRecord } from './adversarial/scenes/scene.ts';
import type { Truth } from './adversarial/scenes/truth.ts';
import type { ScenarioResult } from './result.ts';

const ROOT = join(import.meta.dirname, 'adversarial');
/** One scenario may be wrong in thousands of paths; the first ones tell it. */
const MAX_REASONS = 12;

interface Case {
  readonly records: readonly SceneRecord[];
  readonly truth: readonly Truth[];
  readonly expected: Expectation;
  readonly context: Context;
}

export function scenarioIds(): string[] {
  return readdirSync(ROOT)
    .filter((name) => /^\d\d-/.test(name))
    .sort();
}

/** Runs all, never rejects: a scenario that throws is wrong, with the message as its reason. */
export async function runAdversarial(): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const id of scenarioIds()) {
    results.push(runScenario(id));
    // Lets a caller's timers and output have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return results;
}

export function runScenario(id: string): ScenarioResult {
  try {
    const reasons = [...new Set(reasonsOf(id))];
    const shown = reasons.slice(0, MAX_REASONS);
    const more = reasons.length - shown.length;
    if (more > 0) shown.push(`… and ${more} more`);
    return { id, suite: 'adversarial', right: reasons.length === 0, reasons: shown };
  } catch (error) {
    const reason = `threw: ${error instanceof Error ? error.message : String(error)}`;
    return { id, suite: 'adversarial', right: false, reasons: [reason] };
  }
}

function reasonsOf(id: string): string[] {
  const folder = readFolder(id);
  const full = SCENARIOS.find((scenario) => scenario.folder === id)?.full?.();
  return [
    ...runCase(folder),
    ...(full === undefined ? [] : runFull({ ...folder, records: full.records, truth: full.truth })),
  ];
}

function runCase(one: Case): string[] {
  const { records, truth, expected } = one;
  // All there is; of a part times would say what a missing record denies.
  const context: Context = { ...one.context, hasWholeWindow: true };
  const paths = pathsOf(records, context);
  const reordered = arrivalsOf(records).flatMap((arrival) =>
    isDeepStrictEqual(pathsOf(arrival.records, context), paths)
      ? []
      : [`the answer depends on the order of arrival (${arrival.name})`],
  );
  return [
    ...judge(paths, expected, truth),
    ...reordered,
    ...splitProblems(one),
    ...lateProblems(one, paths),
  ];
}

/** At full size the claims of expected.json hold for what is special; the mass is held against the truth. */
function runFull({ records, truth, expected, context }: Case): string[] {
  const problems = judge(
    pathsOf(records, context),
    { ...expected, total: null, orElse: [] },
    truth,
  );
  return problems.map((problem) => `at full size: ${problem}`);
}

/** Half of the evidence may know less. It must not say what is not so. */
function splitProblems({ records, truth, expected, context }: Case): string[] {
  if (expected.unsplit !== null) return [];
  const lenient: Expectation = {
    ...expected,
    total: null,
    claims: [],
    orElse: [],
    wholePaths: null,
  };
  return splitsOf(records).flatMap((split) =>
    judge(pathsOf(split.records, context), lenient, truth)
      // What is not there cannot be spoken of.
      .filter((problem) => !problem.startsWith('nothing is said'))
      .map((problem) => `with ${split.name} only: ${problem}`),
  );
}

function lateProblems({ records, expected, context }: Case, paths: readonly Path[]): string[] {
  if (expected.lateNodes.length === 0) return [];
  const early = records.filter(({ node }) => !expected.lateNodes.includes(node));
  const later = new Map(paths.map((path) => [path.pathId, path]));
  // A path whose client nobody saw yet may turn out to be a part of another one.
  const known = pathsOf(early, context).filter(({ client }) => client.ip !== null);
  return known.flatMap((before) => {
    const after = later.get(before.pathId);
    if (after === undefined) return [`late records changed the pathId ${before.pathId}`];
    const isSame = isDeepStrictEqual({ ...before, version: 0 }, { ...after, version: 0 });
    if (isSame || after.version > before.version) return [];
    return [`late records changed ${before.pathId}, its version stayed at ${after.version}`];
  });
}

function pathsOf(records: readonly SceneRecord[], context: Context): Path[] {
  return reconstruct(evidenceOf(records), context);
}

function evidenceOf(records: readonly SceneRecord[]): Evidence {
  return {
    legs: records.flatMap((each) => (each.kind === 'leg' ? [each] : [])),
    refusals: records.flatMap((each) => (each.kind === 'refusal' ? [each] : [])),
    proxyLinks: records.flatMap((each) => (each.kind === 'proxyLink' ? [each] : [])),
    proxyHeaders: records.flatMap((each) => (each.kind === 'proxyHeader' ? [each] : [])),
    exchanges: records.flatMap((each) => (each.kind === 'exchange' ? [each] : [])),
  };
}
