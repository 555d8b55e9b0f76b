/**
 * The built Grafana app on a stand-in host, against the real API filled from the recording of the demo, with a
 * token: real @grafana libraries of two versions, real Chromium. Screenshots go to output/. A real Grafana server
 * is not part of this: see test/grafana-host/README.md.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Path, pathSchema } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';
import { buildHost, GRAFANA_VERSIONS, type GrafanaVersion } from '../grafana-host/build.ts';
import type { Scene } from '../grafana-host/scene.ts';
import { type HostServer, startHostServer } from '../grafana-host/server.ts';
import { type DemoProcess, startDemo } from '../process/demoProcess.ts';
import { freePortOffset } from '../process/freePorts.ts';
import { launchBrowser, browserTest as test } from './browser.ts';

jest.setTimeout(300_000);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OUTPUT = fileURLToPath(new URL('output/', import.meta.url));
const TOKEN = 'a-token-of-the-test-that-is-long-enough';
const HOP_PATH = 'hoptrace-hoppath-panel';
const PATH_GRAPH = 'hoptrace-pathgraph-panel';
/** The part of the page that the README shows; docs/images holds a copy. */
const README_CLIP = { x: 0, y: 0, width: 1310, height: 640 };
const SEEN_TIMEOUT_MS = 90_000;
/** One from the libraries, outside of a Grafana; the other is what the browser says of failed calls and fonts. */
const EXPECTED_WORDS = /grafanaBootData was not set|^Failed to load resource/;

const folder = mkdtempSync(join(tmpdir(), 'hoptrace-grafana-'));
const hosts = new Map<GrafanaVersion, HostServer>();
let demo: DemoProcess;
let browser: Browser | null = null;
let complaints: string[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
  if (browser === null) return;
  execFileSync('bash', ['scripts/build-grafana.sh', '--if-stale'], { cwd: ROOT, stdio: 'ignore' });
  process.env.HOPTRACE_API_TOKEN = TOKEN;
  demo = await startDemo({ dataDir: join(folder, 'data'), portOffset: await freePortOffset() });
  for (const version of GRAFANA_VERSIONS) {
    const hostFolder = join(folder, version);
    await buildHost(version, hostFolder);
    const appFolder = join(ROOT, 'grafana-plugin/dist');
    const settings = { apiUrl: demo.url, token: TOKEN };
    hosts.set(version, await startHostServer({ appFolder, hostFolder, settings }));
  }
});

afterAll(async () => {
  delete process.env.HOPTRACE_API_TOKEN;
  for (const host of hosts.values()) await host.close();
  await browser?.close();
  await demo?.stop();
  rmSync(folder, { recursive: true, force: true });
});

afterEach(() => {
  const found = complaints;
  complaints = [];
  expect(found).toEqual([]);
});

const reportSchema = z.object({
  frames: z.array(
    z.object({
      name: z.string().optional(),
      length: z.number(),
      meta: z.object({ preferredVisualisationType: z.string().optional() }).loose().optional(),
      fields: z.array(
        z.object({ name: z.string(), type: z.string(), values: z.array(z.unknown()) }),
      ),
    }),
  ),
  errors: z.array(z.string()),
  health: z.object({ status: z.string(), message: z.string() }).nullable(),
});

interface Shown {
  readonly page: Page;
  readonly report: z.infer<typeof reportSchema>;
}

function hostOf(version: GrafanaVersion): HostServer {
  const host = hosts.get(version);
  if (host === undefined) throw new Error(`no host for ${version}`);
  return host;
}

/** Opens the host page with a scene and waits until it has reported; `use` gets it before it is closed. */
async function show(
  scene: Scene,
  use: (shown: Shown) => Promise<void>,
  version: GrafanaVersion = '13.2',
): Promise<void> {
  if (browser === null) throw new Error('no browser');
  const viewport = { width: (scene.width ?? 1100) + 40, height: 900 };
  const context = await browser.newContext({ viewport, timezoneId: 'UTC' });
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    const isComplaint = ['error', 'warning'].includes(message.type());
    if (isComplaint && !EXPECTED_WORDS.test(message.text())) complaints.push(message.text());
  });
  const query = encodeURIComponent(JSON.stringify(scene));
  await page.goto(`${hostOf(version).origin}/?scene=${query}`);
  await page.waitForFunction('window.hostReport !== undefined', null, { timeout: 60_000 });
  const report = reportSchema.parse(await page.evaluate('window.hostReport'));
  await use({ page, report });
  await context.close();
}

function shot(page: Page, name: string): Promise<unknown> {
  return page.screenshot({ path: join(OUTPUT, `grafana-${name}.png`), fullPage: true });
}

async function api(path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const response = await fetch(demo.url + path, { headers, signal: AbortSignal.timeout(10_000) });
  return response.json();
}

/** Waits for a path like this in the running system. */
async function pathWhere(isWanted: (path: Path) => boolean): Promise<Path> {
  const deadlineMs = Date.now() + SEEN_TIMEOUT_MS;
  for (;;) {
    const { items } = pathListSchema.parse(await api('/api/v1/paths?limit=1000'));
    const found = items.find(isWanted);
    if (found !== undefined) return found;
    if (Date.now() > deadlineMs) throw new Error('no such path came');
    await sleep(250);
  }
}

const isExtraHopBehindBalancer = (path: Path) =>
  path.client.source === 'proxyProtocol' && path.extraHops > 0 && path.hops.length === 4;

const onePath = (pathId: string): Scene => ({
  show: 'panel',
  panel: HOP_PATH,
  queries: [{ kind: 'path', pathId: '$request' }],
  variables: { request: pathId },
  height: 1700,
});

for (const version of GRAFANA_VERSIONS) {
  test(`libraries of Grafana ${version}: the hop path panel draws a request of the API`, async () => {
    const path = await pathWhere(isExtraHopBehindBalancer);
    await show(
      onePath(path.pathId),
      async ({ page, report }) => {
        expect(report.errors).toEqual([]);
        await page.getByRole('heading', { name: 'Path by machine' }).waitFor();
        const text = (await page.locator('#root').textContent()) ?? '';
        const extra = path.hops.find((hop) => hop.extra === true);
        expect(text).toContain(extra?.extraReason);
        for (const { to, rewrite } of path.hops) {
          expect(text).toContain(`${to.ip}:${to.port}`);
          if (rewrite !== null) expect(text).toContain(rewrite.after);
        }
        await shot(page, `path-${version}`);
      },
      version,
    );
  });

  test(`libraries of Grafana ${version}: the path graph panel adds the paths up`, async () => {
    await pathWhere((path) => path.outcome === 'dropped');
    const scene: Scene = {
      show: 'panel',
      panel: PATH_GRAPH,
      queries: [{ kind: 'graph' }],
      width: 1280,
    };
    await show(
      scene,
      async ({ page, report }) => {
        const [nodes, edges] = report.frames;
        expect(nodes?.length).toBeGreaterThan(3);
        const region = page.locator('section.ht-scroll');
        await region.waitFor();
        expect(await region.locator('.ht-band-group[role=img]').count()).toBe(edges?.length);
        expect(await region.textContent()).toContain('extra hop');
        expect(await region.textContent()).toContain('refused');
        await shot(page, `graph-${version}`);
        await page.screenshot({
          path: join(OUTPUT, 'readme-grafana-graph.png'),
          clip: README_CLIP,
        });
      },
      version,
    );
  });

  test(`libraries of Grafana ${version}: health, settings and query editor`, async () => {
    await show(
      { show: 'health' },
      async ({ report }) => {
        expect(report.health?.message).toContain('3 agents known');
        expect(report.health?.status).toBe('success');
      },
      version,
    );
    await show(
      { show: 'config' },
      async ({ page }) => {
        await page.getByPlaceholder('http://hoptrace-api:7040').fill('http://api:7040/');
        await page.locator('#hoptrace-token').fill('secret');
        const edited = JSON.parse((await page.getByTestId('edited').textContent()) ?? '');
        expect(edited.jsonData).toEqual({ apiUrl: 'http://api:7040' });
        expect(edited.secureJsonData).toEqual({ token: 'secret' });
        await shot(page, `settings-${version}`);
      },
      version,
    );
    await show(
      { show: 'query', queries: [{ kind: 'paths' }] },
      async ({ page }) => {
        await page.getByPlaceholder('shop/web:https').fill('shop/web');
        expect(await page.getByTestId('edited').textContent()).toContain('"service":"shop/web"');
        await page.locator('#hoptrace-kind-A').click();
        await page.getByText('One path').click();
        await page.getByPlaceholder('$request').waitFor();
        await shot(page, `query-${version}`);
      },
      version,
    );
  });
}

test('a refused request: cause and remedy; light theme, and a narrow panel', async () => {
  const path = await pathWhere((each) => each.outcome === 'dropped');
  await show({ ...onePath(path.pathId), theme: 'light', height: 900 }, async ({ page }) => {
    const text = (await page.locator('#root').textContent()) ?? '';
    expect(text).toContain(path.refusal?.text);
    expect(text).toContain(path.refusal?.remedy);
    await shot(page, 'refused-light');
  });
  await show({ ...onePath(path.pathId), width: 380 }, async ({ page }) => {
    await page.getByText('Dropped at').first().waitFor();
    await shot(page, 'refused-narrow');
  });
});

test('a mark leads to its row inside the panel and does not leave the dashboard', async () => {
  const path = await pathWhere(isExtraHopBehindBalancer);
  await show({ ...onePath(path.pathId), height: 500 }, async ({ page }) => {
    const before = page.url();
    await page.getByRole('link', { name: 'Hop 2' }).first().focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction('document.activeElement?.id === "hop-2"');
    expect(page.url()).toBe(before);
  });
});

test('a chosen machine becomes the variable', async () => {
  const path = await pathWhere((each) => each.hops.some(({ to }) => to.role === 'node'));
  const machine = path.hops.find(({ to }) => to.role === 'node')?.to.node ?? '';
  const scene: Scene = {
    show: 'panel',
    panel: PATH_GRAPH,
    queries: [{ kind: 'graph' }],
    width: 1280,
  };
  await show(scene, async ({ page }) => {
    await page
      .getByRole('button', { name: `Filter by machine ${machine}` })
      .first()
      .focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(`new URLSearchParams(location.search).has('var-node')`);
    expect(new URL(page.url()).searchParams.get('var-node')).toBe(machine);
  });
  await show({ ...scene, width: 380 }, async ({ page }) => {
    await page.getByRole('list', { name: 'Path graph as a list' }).waitFor();
    await shot(page, 'graph-narrow');
  });
});

test('the document that the panel draws is the one of the API', async () => {
  const path = await pathWhere(isExtraHopBehindBalancer);
  await show(onePath(path.pathId), async ({ report }) => {
    const custom = z.object({ custom: z.object({ hoptracePath: pathSchema }) });
    const { hoptracePath } = custom.parse(report.frames[0]?.meta).custom;
    expect(hoptracePath).toEqual(pathSchema.parse(await api(`/api/v1/paths/${path.pathId}`)));
  });
});

test('Explore: the path in every form, with Grafana’s own columns of a trace and a node graph', async () => {
  const path = await pathWhere(isExtraHopBehindBalancer);
  await show({ ...onePath(path.pathId), app: 'explore' }, async ({ report }) => {
    const types = report.frames.map(({ meta }) => meta?.preferredVisualisationType);
    expect(types).toEqual(['table', 'trace', 'nodeGraph', 'nodeGraph']);
    const names = report.frames[1]?.fields.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['traceID', 'spanID', 'parentSpanID', 'startTime']),
    );
    expect(report.frames[1]?.length).toBe(path.hops.length);
  });
});

/** Of each dashboard a column that only its transformations make. */
const DASHBOARDS = [
  ['overview', 'Refused, share'],
  ['service', 'Longest round trip'],
  ['request', 'sourceBefore'],
  ['refusals', 'What to do'],
  ['quality', 'kube-proxy'],
] as const;

for (const [dashboard, column] of DASHBOARDS) {
  test(`dashboard ${dashboard}: every query is answered, every transformation finds its columns`, async () => {
    const path = await pathWhere(isExtraHopBehindBalancer);
    const variables = { request: path.pathId, service: '*', node: '*', kind: '*' };
    const scene: Scene = { show: 'dashboard', dashboard, variables, width: 1400 };
    await show(scene, async ({ page, report }) => {
      expect(report.errors).toEqual([]);
      await page.getByText(column, { exact: true }).first().waitFor();
      expect(await page.getByText('No data').count()).toBe(dashboard === 'quality' ? 1 : 0);
      await shot(page, `dashboard-${dashboard}`);
    });
  });
}

test('live: paths come by the stream of the API, through the proxy, with the token', async () => {
  const queries = [{ kind: 'paths', live: true }];
  const before = hostOf('13.2').proxied.length;
  await show({ show: 'panel', panel: PATH_GRAPH, queries }, async ({ page, report }) => {
    expect(report.errors).toEqual([]);
    const idsOf = (frames: unknown) =>
      reportSchema.shape.frames
        .parse(frames)[0]
        ?.fields.find(({ name }) => name === 'request')
        ?.values.map(String) ?? [];
    const listed = idsOf(report.frames);
    expect(listed.length).toBeGreaterThan(0);
    const [newest] = listed;
    const newestNow =
      "window.hostStream.frames[0].fields.find(({ name }) => name === 'request').values[0]";
    const changed = (from: string) =>
      page.waitForFunction(`${newestNow} !== '${from}'`, null, { timeout: SEEN_TIMEOUT_MS });
    await changed(newest ?? '');
    // The first change may come from the list that is asked for again when the stream begins.
    await changed(String(await page.evaluate(newestNow)));
    const stream = z.object({ state: z.string(), key: z.string(), ids: z.array(z.string()) }).parse(
      await page.evaluate(`({
          state: window.hostStream.state,
          key: window.hostStream.key,
          ids: [...window.hostStream.frames[0].fields.find(({ name }) => name === 'request').values],
        })`),
    );
    expect(stream).toMatchObject({ state: 'Streaming', key: 'A' });
    expect(new Set(stream.ids).size).toBe(stream.ids.length);
    // What was listed before it began is still there.
    expect(stream.ids).toContain(newest);
    const asked = hostOf('13.2')
      .proxied.slice(before)
      .map((url) => new URL(url).pathname);
    expect(asked).toEqual(['/api/v1/paths', '/api/v1/live', '/api/v1/paths']);
  });
});

test('sample data without an API', async () => {
  const queries = [{ kind: 'path', sample: true, pathId: 'sample-dropped' }];
  const before = hostOf('13.2').proxied.length;
  await show({ show: 'panel', panel: HOP_PATH, queries }, async ({ page }) => {
    await page.getByText('Dropped at node-c').first().waitFor();
  });
  expect(hostOf('13.2').proxied.length).toBe(before);
});

test('nothing chosen, nothing found, foreign data: each says what to do', async () => {
  const panel = { show: 'panel', height: 300 } as const;
  const cases: [string, Scene, string][] = [
    [
      'empty',
      { ...panel, panel: HOP_PATH, queries: [{ kind: 'path', pathId: '' }] },
      'Choose a request',
    ],
    [
      'unknown',
      {
        ...panel,
        panel: HOP_PATH,
        queries: [{ kind: 'path', pathId: '0hofqj5azdo-0000000000000000' }],
      },
      'it may have expired, or the id is incomplete',
    ],
    [
      'no-paths',
      { ...panel, panel: PATH_GRAPH, queries: [{ kind: 'graph', client: '192.0.2.99' }] },
      'No path in this time range',
    ],
    [
      'bad-filter',
      { ...panel, panel: PATH_GRAPH, queries: [{ kind: 'graph', service: 'shop' }] },
      'service cannot be "shop". Write namespace/name',
    ],
    [
      'ad-hoc',
      {
        ...panel,
        panel: PATH_GRAPH,
        queries: [{ kind: 'graph' }],
        filters: [{ key: 'colour', operator: '=', value: 'red' }],
      },
      'The filter "colour = red" is not possible',
    ],
  ];
  const foreignFrames = [{ fields: [{ name: 'value', type: 'number', values: [1] }] }];
  cases.push([
    'foreign-path',
    { ...panel, panel: HOP_PATH, foreignFrames },
    'here are the columns value',
  ]);
  cases.push([
    'foreign-graph',
    { ...panel, panel: PATH_GRAPH, foreignFrames },
    'Missing: nodes.id',
  ]);
  for (const [name, scene, words] of cases) {
    await show(scene, async ({ page }) => {
      expect([name, await page.getByTestId('panel-data-error').textContent()]).toEqual([
        name,
        expect.stringContaining(words),
      ]);
      await shot(page, `state-${name}`);
    });
  }
});

test('health names what is wrong: no URL, nobody there, something else there, a wrong token', async () => {
  const { settings, origin } = hostOf('13.2');
  const kept = { ...settings };
  const healthWith = async (change: Partial<typeof kept>, words: string) => {
    Object.assign(settings, kept, change);
    await show({ show: 'health' }, async ({ report }) => {
      expect(report.health).toEqual({ status: 'error', message: expect.stringContaining(words) });
    });
  };
  try {
    await healthWith({ token: 'wrong' }, 'did not accept the token');
    await healthWith({ apiUrl: 'http://127.0.0.1:9' }, 'cannot be reached from Grafana (502)');
    await healthWith({ apiUrl: origin }, 'Is it the hoptrace API that listens at this URL?');
    await show({ show: 'health', apiUrl: '' }, async ({ report }) => {
      expect(report.health?.message).toContain('No API URL is set');
    });
  } finally {
    Object.assign(settings, kept);
  }
});
