/**
 * `npx tsx scripts/recordWalkthrough.ts`: starts the demo on ports of its own, runs each command of
 * docs/incident-walkthrough.md against it, and writes what they said into the document. Ids are those of now.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { incidentListSchema } from '@hoptrace/domain/rest/incidents.ts';
import { pathListSchema, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';
import { startDemo } from '../test/process/demoProcess.ts';
import { freePortOffset } from '../test/process/freePorts.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const FILE = join(ROOT, 'docs/incident-walkthrough.md');
const COLUMNS = '110';
const BLOCK = /```console\n\$ hoptrace ([^\n]*)\n[\s\S]*?```/g;
const CAUSE = 'noLocalEndpoints';
const SERVICE = 'ingress-nginx/controller-proxy';
/** Two rounds of the recording, so that there is something to count. */
const WARM_MS = 70_000;
const PATIENCE_MS = 120_000;

interface Ids {
  readonly incident: string;
  readonly dropped: string;
  readonly extraHop: string;
}

async function json(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  return answer.json();
}

async function idsOf(url: string): Promise<Ids | null> {
  const api = `${url}/api/v1`;
  const incidents = incidentListSchema.parse(await json(`${api}/incidents?cause=${CAUSE}`));
  const refusals = refusalListSchema.parse(await json(`${api}/refusals?kind=dropped&limit=100`));
  const paths = pathListSchema.parse(await json(`${api}/paths?service=${SERVICE}&extraHops=1`));
  const incident = incidents.items[0]?.incidentId;
  const dropped = refusals.items.find(({ cause }) => cause === CAUSE)?.pathId;
  const extraHop = paths.items.find(({ hops }) => hops.length === 4)?.pathId;
  if (incident === undefined || dropped === undefined || extraHop === undefined) return null;
  return { incident, dropped, extraHop };
}

/** The first path that is drawn is the dropped one; after it comes the one with an extra hop. */
function withIds(command: string, ids: Ids, isFirstPath: boolean): string {
  const [name = ''] = command.split(' ');
  if (name === 'incident') return `incident ${ids.incident}`;
  if (name === 'path') return `path ${isFirstPath ? ids.dropped : ids.extraHop}`;
  return name === 'explain' ? `explain ${ids.extraHop}` : command;
}

function run(command: string, url: string): Promise<string> {
  const args = ['cli/src/main.ts', ...command.split(' '), '--width', COLUMNS, '--utc'];
  const child = spawn(process.execPath, ['node_modules/tsx/dist/cli.mjs', ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', HOPTRACE_API_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (text !== '') resolve(text);
      else reject(new Error(`hoptrace ${command} said nothing and ended with ${code}`));
    });
  });
}

async function record(url: string): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  await sleep(WARM_MS);
  let ids = await idsOf(url);
  for (; ids === null; ids = await idsOf(url)) {
    if (Date.now() > endMs) throw new Error('the demo does not show what the walkthrough tells of');
    await sleep(1000);
  }
  const document = readFileSync(FILE, 'utf8');
  const blocks: string[] = [];
  let isFirstPath = true;
  for (const [, asked = ''] of document.matchAll(BLOCK)) {
    const command = withIds(asked, ids, isFirstPath);
    if (command.startsWith('path ')) isFirstPath = false;
    blocks.push(`\`\`\`console\n$ hoptrace ${command}\n${await run(command, url)}\`\`\``);
  }
  writeFileSync(
    FILE,
    document.replace(BLOCK, () => blocks.shift() ?? ''),
  );
}

const dataDir = mkdtempSync(join(tmpdir(), 'hoptrace-walkthrough-'));
const demo = await startDemo({ dataDir, portOffset: await freePortOffset() });
try {
  await record(demo.url);
} finally {
  await demo.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
