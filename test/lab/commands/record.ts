/** `lab record`: what the kernel really said on each node, for the demo and for tests that have no root. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabArguments } from '../arguments.ts';
import { recordNodes } from '../check/recorder.ts';
import { LabError } from '../errors.ts';
import { openLab } from '../lab.ts';
import type { TruthRequest } from '../traffic/truth.ts';
import type { CommandResult } from './output.ts';

/** Rounds spread the requests over time, as visitors would; a pause lets refusals reach their verdict. */
const ROUNDS = 5;
const PAUSE_MS = 1500;
/** A dropped SYN is final after 3 s. */
const LAST_VERDICT_MS = 3500;

export async function record(args: LabArguments): Promise<CommandResult> {
  if (args.out === undefined) {
    throw new LabError('record needs a folder to write to', 'npm run lab -- record --out FOLDER');
  }
  const folder = resolve(args.out);
  mkdirSync(folder, { recursive: true });
  const backend = args.backend ?? 'iptables';
  const lab = await openLab({ backend, delayMs: args.delayMs });
  const truths: TruthRequest[] = [];
  try {
    const recorder = await recordNodes(lab, folder);
    for (let round = 0; round < ROUNDS; round++) {
      truths.push(...(await lab.traffic(trafficOptions(args))));
      await sleep(PAUSE_MS);
    }
    await sleep(LAST_VERDICT_MS);
    await recorder.close();
    writeFileSync(join(folder, 'topology.json'), `${JSON.stringify(lab.topology, null, 1)}\n`);
    return {
      command: 'lab record',
      rows: recorder.files.map((file) => {
        const value = statSync(file).size;
        return { name: file, value, goal: null, unit: 'bytes', met: value > 0 };
      }),
      details: { backend, requests: truths.length },
      text: `${truths.length} requests recorded (${backend}) to ${folder}`,
    };
  } finally {
    await lab.down();
  }
}

function trafficOptions(args: LabArguments) {
  const scenarios = args.scenario === undefined ? {} : { scenarios: args.scenario };
  return { ...scenarios, requests: args.requests, concurrency: args.concurrency };
}
