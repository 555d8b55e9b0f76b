/** `hoptrace` as a user runs it, against a real API and database that hold paths of the demo's recording. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { listen } from '@hoptrace/api/listen.ts';
import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { insertHeartbeat } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { insertTopology } from '@hoptrace/store/inserts/insertTopology.ts';
import type { StoredVersion } from '@hoptrace/store/rows/topologyRow.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type Answer, runHoptrace } from '../process/hoptraceCommand.ts';
import { freePort, startTestStore, type TestStore } from './embedded.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GOLDEN = fileURLToPath(new URL('./golden/cli/', import.meta.url));
const TIMEOUT_MS = 180_000;

/** Recorded from `npm start -- --demo`: one path of each shape. */
const recorded = z
  .array(pathSchema)
  .parse(JSON.parse(readFileSync(`${ROOT}test/samples/demoPaths.json`, 'utf8')));
const firstUs = recorded[0]?.startedAtUs ?? 0;
const RANGE = ['--from', String(firstUs), '--to', String(firstUs + 3_600_000_000)];

const stored = (kind: string, name: string, spec: object): StoredVersion => ({
  ...{ cluster: 'lab', kind, namespace: 'shop', name, source: 'watch', revision: '7' },
  ...{ fromUs: firstUs, earliestUs: firstUs, toUs: Infinity, earliestToUs: Infinity },
  object: JSON.stringify({ kind, metadata: { name, namespace: 'shop' }, spec }),
});
const backend = { service: { name: 'cart', port: { number: 80 } } };
const TOPOLOGY = [
  stored('Service', 'cart', {
    ...{ type: 'NodePort', externalTrafficPolicy: 'Local' },
    ports: [{ port: 80, nodePort: 30_080 }],
  }),
  stored('Ingress', 'edge', {
    rules: [{ host: 'shop.example', http: { paths: [{ path: '/cart', backend }] } }],
  }),
];

let engine: TestStore;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  engine = await startTestStore();
  const env = { HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace', HOPTRACE_API_PORT: '0' };
  const config = { ...readConfig(env, () => ''), port: await freePort() };
  const nowUs = () => firstUs + 60_000_000;
  app = await buildApi({ config, store: clickhouseStore(engine.store), nowUs });
  url = await listen(app, config);
  await insertPaths(engine.store, recorded, 'recorded');
  await insertTopology(engine.store, TOPOLOGY, 'topology');
}, TIMEOUT_MS);

afterAll(async () => {
  await app?.close();
  await engine?.stop();
}, TIMEOUT_MS);

const hoptrace = (args: readonly string[], env: Record<string, string> = {}) =>
  runHoptrace(url, args, env);

/** `UPDATE=1` writes them anew; they are read in review. */
function expectGolden(name: string, text: string): void {
  const file = `${GOLDEN}${name}.txt`;
  if (process.env.UPDATE === '1') {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
}

const idOf = (isWanted: (path: Path) => boolean) => recorded.find(isWanted)?.pathId ?? '';
const IDS = {
  extra: idOf((path) => path.extraHops > 0 && path.hops.length === 4),
  dropped: idOf((path) => path.outcome === 'dropped'),
  reset: idOf((path) => path.outcome === 'reset'),
};

/** Times of today are told without their day: what is compared is of the day of the recording, whenever it is run. */
const FIXED_CLOCK = {
  NODE_OPTIONS: `--import=data:text/javascript,Date.now=()=>${Math.ceil(firstUs / 1000) + 60_000}`,
};

test.each([
  ['paths', ['paths', ...RANGE, '--width', '120']],
  ['paths-narrow', ['paths', ...RANGE, '--width', '72', '--ascii']],
  ['paths-wide', ['paths', '-o', 'wide', ...RANGE, '--extra-hops', '1']],
  ['refusals', ['refusals', ...RANGE, '--width', '140']],
  ['services', ['services', ...RANGE]],
  ['path-extra-hop', ['path', IDS.extra, '--width', '120']],
  ['path-narrow-ascii', ['path', IDS.extra, '--width', '64', '--ascii']],
  ['path-dropped', ['path', IDS.dropped, '--width', '100']],
  ['path-reset-colour', ['path', IDS.reset, '--width', '100', '--color', 'always']],
  ['explain-dropped', ['explain', IDS.dropped]],
  ['explain-extra-hop', ['explain', IDS.extra]],
])(
  'golden %s',
  async (name, args) => {
    const answer = await hoptrace(args, FIXED_CLOCK);
    expect([answer.stderr, answer.code]).toEqual(['', 0]);
    expectGolden(name, answer.stdout);
  },
  TIMEOUT_MS,
);

test(
  'topology shows what held at a time: policy, ports and rules, and nothing of before',
  async () => {
    const at = ['--at', String(firstUs + 10)];
    const all = await hoptrace(['topology', ...at, '--width', '140']);
    expect([all.stderr, all.code]).toEqual(['', 0]);
    expect(all.stdout).toMatch(/Ingress +shop +edge +shop\.example\/cart→cart/);
    expect(all.stdout).toMatch(/Service +shop +cart +NodePort 80:30080 external=Local/);
    const wide = await hoptrace([
      'topology',
      ...at,
      '--kind',
      'Ingress',
      '-o',
      'wide',
      '--width',
      '200',
    ]);
    expect(wide.stdout).toMatch(/watch +yes +7/);
    const json = await hoptrace(['topology', ...at, '-n', 'shop', '--name', 'cart', '-o', 'json']);
    expect(JSON.parse(json.stdout).items).toMatchObject([{ kind: 'Service', revision: '7' }]);
    const before = await hoptrace(['topology', '--at', String(firstUs - 1)]);
    expect([before.code, before.stdout]).toEqual([1, '']);
    expect((await hoptrace(['topology', '--kind', 'Secret'])).code).toBe(2);
  },
  TIMEOUT_MS,
);

test(
  'json is one document, ndjson one item a line, and both are what the API has',
  async () => {
    const json = await hoptrace(['paths', ...RANGE, '-o', 'json']);
    expect(JSON.parse(json.stdout)).toEqual({ items: [...recorded].reverse() });
    const lines = await hoptrace(['paths', ...RANGE, '-o', 'ndjson', '--limit', '3']);
    const items = lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(items).toEqual([...recorded].reverse().slice(0, 3));
    expect(lines.stderr).toContain('--all');
  },
  TIMEOUT_MS,
);

test(
  'the exit code tells nothing found, wrong usage, no API, no right and bad settings apart',
  async () => {
    const codes = await Promise.all([
      hoptrace(['paths', ...RANGE, '--service', 'no/such']),
      hoptrace(['path', '00000000000-0000000000000000']),
      hoptrace(['paths', '--outcome', 'fine']),
      hoptrace(['paths', '--bogus']),
      hoptrace(['agents'], { HOPTRACE_API_URL: `http://127.0.0.1:${await freePort()}` }),
      hoptrace(['agents'], { HOPTRACE_API_URL: 'nonsense' }),
    ]);
    expect(codes.map(({ code }) => code)).toEqual([1, 1, 2, 2, 69, 78]);
    expect(codes.every(({ stdout }) => stdout === '')).toBe(true);
    expect(codes[4]?.stderr).toMatch(/ECONNREFUSED.*HOPTRACE_API_URL/s);
  },
  TIMEOUT_MS,
);

test(
  'agents: 0 while all report, 1 when one is silent, named on stderr',
  async () => {
    const losses = {
      ringEvents: 0,
      badFrames: 0,
      evictedLegs: 0,
      unsentRecords: 0,
      ringRefusals: 0,
    };
    const beat = { cluster: 'lab', bootId: 'boot-0001', losses, addresses: [], facts: null };
    const nowUs = firstUs + 60_000_000;
    await insertHeartbeat(engine.store, { ...beat, node: 'node1', seenUs: nowUs - 1_000_000 });
    expect((await hoptrace(['agents'])).code).toBe(0);
    await insertHeartbeat(engine.store, { ...beat, node: 'node2', seenUs: nowUs - 60_000_000 });
    const { code, stderr } = await hoptrace(['agents']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('1 of 2 agents silent')]);
  },
  TIMEOUT_MS,
);

test(
  'live tells what is found while it listens, and ends after --count',
  async () => {
    const live = hoptrace(['live', '--outcome', 'dropped', '--count', '1', '-o', 'ndjson']);
    const sample = recorded.find((path) => path.outcome === 'dropped') as Path;
    const { code, stdout } = await insertUntil(live, (number) => {
      const startedAtUs = firstUs + 30_000_000 + number;
      const time = startedAtUs.toString(36).padStart(11, '0');
      return { ...sample, startedAtUs, pathId: `${time}-000000000000abcd` };
    });
    const path = pathSchema.parse(JSON.parse(stdout));
    expect([code, path.outcome, path.pathId.endsWith('abcd')]).toEqual([0, 'dropped', true]);
  },
  TIMEOUT_MS,
);

/** A path every half second, because nobody outside can see when the command listens. */
async function insertUntil(ended: Promise<Answer>, make: (number: number) => Path) {
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  for (let number = 1; !isOver; number++) {
    await insertPaths(engine.store, [make(number)], `live ${number}`);
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  return over;
}

test(
  'incidents and missing say what there is, in their exit code too',
  async () => {
    const incidents = await hoptrace([
      'incidents',
      ...RANGE,
      '--width',
      '140',
      '--cause',
      'closedPort',
    ]);
    expect(incidents.code).toBe(0);
    expect(incidents.stdout).toContain('192.168.50.12:30099');
    const [, line] = incidents.stdout.trimEnd().split('\n');
    const one = await hoptrace(['incident', line?.split(/\s+/).at(-1) ?? '']);
    expect(one.stdout).toMatch(/1 refusal \(1 reset\) at node2; 1 client: 203\.0\.113\.10/);
    expect((await hoptrace(['incident', '00000000000-0000000000000000'])).code).toBe(1);
    const missing = await hoptrace(['missing', ...RANGE]);
    expect(missing.stdout).toMatch(/Paths with a part that nobody saw: [1-9]/);
    expect(missing.code).toBe(0);
    const alerts = await hoptrace(['alerts']);
    expect([alerts.code, alerts.stdout]).toEqual([1, '']);
    expect(alerts.stderr).toContain('alerts are off');
  },
  TIMEOUT_MS,
);

test(
  'completion completes commands, flags and values in a real bash',
  async () => {
    const { stdout: script } = await hoptrace(['completion', 'bash']);
    const complete = (...words: string[]) => `
COMP_WORDS=(hoptrace ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
_hoptrace; echo "\${COMPREPLY[*]}"`;
    const text = `${script}${complete('ref')}${complete('agent', 'c')}${complete('paths', '--ou')}${complete('paths', '-o', 'nd')}`;
    const bash = spawn('bash', ['--norc', '-c', text], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    bash.stdout.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    await new Promise((resolve) => bash.on('close', resolve));
    expect(output.trimEnd().split('\n')).toEqual([
      'refusals',
      'check',
      '--outcome --output',
      'ndjson',
    ]);
  },
  TIMEOUT_MS,
);
