/** 10^6 mutated frames through decoder, pipeline and wire codec: agent/src/frames/fuzz.test.ts in its long form. */
import { spawn } from 'node:child_process';
import type { ResultRow } from '../lab/commands/output.ts';

const MUTATIONS = 1_000_000;
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
const TEST = [
  'node_modules/jest/bin/jest.js',
  '--selectProjects=unit',
  '--testPathPatterns=frames/fuzz',
];

/** Ten minutes on a busy machine. What fails is said by the test itself, on standard error. */
export async function runFrames(seed: number) {
  const startedAtMs = performance.now();
  const env = {
    ...process.env,
    HOPTRACE_FUZZ_MUTATIONS: String(MUTATIONS),
    HOPTRACE_FUZZ_SEED: String(seed),
  };
  const child = spawn(process.execPath, [...JEST, ...TEST], {
    ...{ env, stdio: ['ignore', 'ignore', 'inherit'] },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const seconds = Math.round((performance.now() - startedAtMs) / 1000);
  const failures = code === 0 ? 0 : 1;
  const rows: ResultRow[] = [
    {
      ...{ name: `${MUTATIONS} mutations of frames, and a tenth as many of heads: failed tests` },
      ...{ value: failures, goal: 0, unit: 'runs', met: failures === 0 },
    },
  ];
  return { rows, details: { mutations: MUTATIONS, seed, seconds } };
}
