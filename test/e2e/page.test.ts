/** The built page in real Chromium, over canned answers. Screenshots go to output/. */
import type { Alert, ShownSilence } from '@hoptrace/domain/rest/alerts.ts';
import type { LoadBalancerItem } from '@hoptrace/domain/rest/loadBalancers.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { samplePaths as labPaths } from '../samples/paths.ts';
import { launchBrowser, browserTest as test } from './browser.ts';
import { type BuiltPage, startBuiltPage } from './builtPage.ts';
import { apiOver, loadViewSamples, type ViewSamples } from './cannedApi.ts';

jest.setTimeout(60_000);

const OUTPUT = new URL('output/', import.meta.url).pathname;
const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1280, height: 900 };
const AGENTS = { known: 3, silent: 0 };

let browser: Browser;
let context: BrowserContext;
let page: Page;
let server: BuiltPage;
let samples: ViewSamples;
let complaints: string[];

beforeAll(async () => {
  samples = await loadViewSamples();
  server = await startBuiltPage();
  const launched = await launchBrowser();
  if (launched !== null) browser = launched;
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(async () => {
  context = await browser.newContext({ viewport: WIDE, colorScheme: 'dark', timezoneId: 'UTC' });
  page = await context.newPage();
  complaints = [];
  server.calls.length = 0;
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // A failed call is logged by the browser itself; the page says it in words, which tests look at.
    const isFailedCall = message.text().startsWith('Failed to load resource');
    if (['error', 'warning'].includes(message.type()) && !isFailedCall)
      complaints.push(message.text());
  });
});

afterEach(async () => {
  expect(
    await page.evaluate('document.documentElement.scrollWidth - innerWidth'),
  ).toBeLessThanOrEqual(0);
  await context.close();
  expect(complaints).toEqual([]);
});

function serve(count: number, agents = AGENTS): void {
  const paths = samples.manyPaths(count);
  server.setAnswerer(apiOver({ paths, refusals: samples.refusalsOf(paths), agents }));
}

async function open(address: string): Promise<void> {
  await page.goto(server.origin + address);
}

function shot(name: string, fullPage = true): Promise<unknown> {
  return page.screenshot({ path: `${OUTPUT}${name}.png`, fullPage });
}

const rows = () => page.getByRole('table', { name: 'Paths' }).getByRole('row');

test('no path and no agent: says what to do', async () => {
  serve(0, { known: 0, silent: 0 });
  await open('/');
  await page.getByRole('heading', { name: 'No paths (last 15 minutes)' }).waitFor();
  const text = await page.getByRole('main').textContent();
  expect(text).toContain('No agent has reported yet');
  expect(text).toContain('npm start -- --demo');
  expect(text).toContain('npm run lab -- up');
  await shot('empty');
});

test('agents that are all silent are not called quiet traffic', async () => {
  serve(0, { known: 2, silent: 2 });
  await open('/');
  await page.getByText('All known agents (2) are silent').waitFor();
});

test('nothing matches a filter: the way back is offered and works', async () => {
  serve(1);
  await open('/?outcome=reset');
  await page.getByRole('heading', { name: 'No paths match these filters' }).waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Clear filters' }).click();
  await page.getByRole('table', { name: 'Paths' }).waitFor();
  expect(new URL(page.url()).search).toBe('');
});

test('one path', async () => {
  serve(1);
  await open('/');
  await page.getByText('1 path in the last 15 minutes').waitFor();
  expect(await rows().count()).toBe(2);
  await shot('list-1');
});

test('fifty paths, dark and light', async () => {
  serve(50);
  await open('/');
  await page.getByText('50 paths in the last 15 minutes').waitFor();
  const list = await page.getByRole('main').textContent();
  expect(list).toContain('not known');
  expect(list).toContain('not measured');
  await shot('list-50-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await shot('list-50-light');
});

test('five hundred paths come page by page', async () => {
  serve(500);
  await open('/');
  await page
    .getByRole('button', { name: 'Paused' })
    .or(page.getByRole('button', { name: 'Live' }))
    .click();
  for (const shown of [100, 200, 300, 400]) {
    await page.getByText(`newest ${shown} paths`).waitFor();
    await page.getByRole('button', { name: 'Load older paths' }).click();
  }
  await page.getByText('No older paths in this range.').waitFor();
  expect(server.calls).toContain('/api/v1/paths?cursor=400');
  await expectWindowed(501);
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole('list', { name: 'Paths' }).waitFor();
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  const last = page.locator('[aria-posinset="500"]');
  await last.waitFor();
  expect(await last.getAttribute('aria-setsize')).toBe('500');
  expect(
    await page.getByRole('list', { name: 'Paths' }).getByRole('listitem').count(),
  ).toBeLessThan(100);
  await shot('list-500-narrow-end', false);
});

/** Of a long table those rows are drawn that the window shows; assistive technology is told of all. */
async function expectWindowed(count: number): Promise<void> {
  const table = page.getByRole('table', { name: 'Paths' });
  expect(await table.getAttribute('aria-rowcount')).toBe(String(count));
  expect(await rows().count()).toBeLessThan(100);
  const heightPx = () => page.evaluate('document.documentElement.scrollHeight');
  const beforePx = await heightPx();
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  await table.locator(`tr[aria-rowindex="${count}"]`).waitFor();
  // Rows are as high as was thought before they were drawn, or nearly so: nothing jumps.
  expect(Math.abs(Number(await heightPx()) - Number(beforePx))).toBeLessThan(400);
  await shot('list-500-end', false);
  // The row with the focus stays, wherever the window is, and Tab goes on from it.
  const link = table.locator(`tr[aria-rowindex="${count - 1}"] a`);
  await link.focus();
  await page.evaluate('scrollTo(0, 0)');
  await table.locator('tr[aria-rowindex="2"]').waitFor();
  expect(await link.count()).toBe(1);
  await page.keyboard.press('Tab');
  await table.locator(`tr[aria-rowindex="${count}"] a`).waitFor();
  const row = "document.activeElement.closest('tr').getAttribute('aria-rowindex')";
  expect(await page.evaluate(row)).toBe(String(count));
}

test('an outcome is a filter, kept in the address and sent to the API', async () => {
  serve(50);
  await open('/');
  await page.getByRole('button', { name: 'dropped' }).click();
  await page.getByText('5 paths in the').waitFor();
  expect(page.url()).toBe(`${server.origin}/?outcome=dropped`);
  expect(server.calls).toContain('/api/v1/paths?outcome=dropped');
});

test('a text filter counts on Enter', async () => {
  serve(50);
  await open('/');
  await page.getByRole('combobox', { name: 'service' }).fill('shop/web');
  const asked = page.waitForRequest('**/api/v1/paths?service=shop%2Fweb');
  await page.getByRole('combobox', { name: 'service' }).press('Enter');
  await asked;
  expect(page.url()).toBe(`${server.origin}/?service=shop%2Fweb`);
});

test('a path opens by keyboard, and the list is as it was on the way back', async () => {
  serve(50);
  await open('/?outcome=dropped');
  const link = rows().nth(2).getByRole('link');
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Path by machine' }).waitFor();
  await page.goBack();
  await page.getByText('5 paths in the').waitFor();
  expect(page.url()).toBe(`${server.origin}/?outcome=dropped`);
});

test('new paths wait while the list is being read', async () => {
  serve(20);
  await open('/');
  await page.getByText('20 paths in').waitFor();
  await rows().nth(3).hover();
  const newer = samples
    .manyPaths(21)
    .map((path, index) => ({ ...path, pathId: `${path.pathId}-${index}` }));
  const paths = [...newer.slice(0, 1), ...samples.manyPaths(20)];
  server.setAnswerer(apiOver({ paths, refusals: [], agents: AGENTS }));
  await page.getByRole('button', { name: 'Show 1 new' }).click();
  await page.getByText('21 paths in').waitFor();
});

test('live: asks again by itself; paused: no further call', async () => {
  serve(5);
  await page.clock.install();
  await open('/');
  await page.getByText('5 paths in').waitFor();
  const listCalls = () => server.calls.filter((call) => call.startsWith('/api/v1/paths')).length;
  const atStart = listCalls();
  const refreshed = page.waitForResponse('**/api/v1/paths?*');
  await page.clock.runFor(6000);
  await refreshed;
  expect(listCalls()).toBeGreaterThan(atStart);
  await page.getByRole('button', { name: 'Live' }).click();
  await page.getByRole('button', { name: 'Paused' }).waitFor();
  await page.waitForLoadState('networkidle');
  const whenPaused = server.calls.length;
  await page.clock.runFor(60_000);
  await page.waitForLoadState('networkidle');
  expect(server.calls.length).toBe(whenPaused);
});

const DETAILS = [
  ['sample-cross-node', 'Extra hop: node-a → node-b'],
  ['sample-load-balancer', '3 of 4 hops were seen by an agent'],
  ['sample-proxy-protocol', 'but can still learn the client'],
  ['sample-dropped', 'no ready endpoint on this node'],
  ['sample-rejected', 'the Service has no ready endpoint'],
  ['sample-reset', 'nothing listens there'],
  ['sample-partial', 'Times come from 2 clocks (node-a, node-c) that are not aligned'],
  ['sample-client-lost', 'The address of the client is not known.'],
  ['sample-ipv6', 'The last party on the path sees the address of the client.'],
] as const;

for (const [pathId, words] of DETAILS) {
  test(`${pathId}: drawn wide and narrow, says "${words}"`, async () => {
    server.setAnswerer(apiOver({ paths: samples.samplePaths, refusals: [], agents: AGENTS }));
    await open(`/paths/${pathId}`);
    await page.getByText(words).first().waitFor();
    await page.getByRole('region', { name: 'Path by machine' }).first().waitFor();
    await shot(`${pathId}-wide`);
    await page.setViewportSize(NARROW);
    await page.getByText(words).first().waitFor();
    await shot(`${pathId}-narrow`);
  });
}

test('a path in the light theme', async () => {
  server.setAnswerer(apiOver({ paths: samples.samplePaths, refusals: [], agents: AGENTS }));
  await page.emulateMedia({ colorScheme: 'light' });
  for (const pathId of ['sample-load-balancer', 'sample-dropped']) {
    await open(`/paths/${pathId}`);
    await page.getByRole('heading', { name: 'Path by machine' }).waitFor();
    await shot(`${pathId}-light`);
  }
});

test('a refused path shows its remedy and ends in a cross', async () => {
  server.setAnswerer(apiOver({ paths: samples.samplePaths, refusals: [], agents: AGENTS }));
  await open('/paths/sample-dropped');
  const notice = page.getByRole('region', { name: 'Dropped at node-c' });
  expect(await notice.textContent()).toContain('What to do: Let the load balancer probe');
  expect(await page.locator('.ht-stub').count()).toBe(2);
});

test('a hop is reached by keyboard and leads to its row in the table', async () => {
  server.setAnswerer(apiOver({ paths: samples.samplePaths, refusals: [], agents: AGENTS }));
  await open('/paths/sample-cross-node');
  const hop = page.getByRole('link', { name: 'Hop 2: node-a to ingress-nginx' });
  await hop.focus();
  await page.keyboard.press('Enter');
  await expect(page.waitForURL('**#hop-2')).resolves.toBeUndefined();
  expect(await page.locator('#hop-2:target').textContent()).toContain('extra hop');
});

test('every path of the lab is drawn', async () => {
  const paths = labPaths();
  server.setAnswerer(apiOver({ paths, refusals: [], agents: AGENTS }));
  for (const [index, path] of paths.entries()) {
    await open(`/paths/${encodeURIComponent(path.pathId)}`);
    await page.getByRole('heading', { name: 'Path by machine' }).waitFor();
    await shot(`lab-${index + 1}`);
  }
});

test('refusals are grouped by cause, with the remedy', async () => {
  serve(50);
  await open('/refusals');
  await page.getByText('15 refusals in the last 15 minutes').waitFor();
  const groups = page.getByRole('list', { name: 'Refusals by cause' }).getByRole('listitem');
  expect(await groups.first().textContent()).toContain('What to do');
  await shot('refusals');
  const asked = page.waitForRequest('**/api/v1/refusals?kind=rejected');
  await page.getByRole('button', { name: 'rejected (ICMP)' }).click();
  await asked;
  expect(page.url()).toBe(`${server.origin}/refusals?outcome=rejected`);
});

test('an identity that is not there, and an address that is none', async () => {
  serve(1);
  await open('/paths/nothing');
  await page.getByText('There is no path with this identity').waitFor();
  await shot('not-found');
  await open('/nowhere/at/all');
  await page.getByText('There is no such page').waitFor();
});

test('the API refuses: its own words and remedies are shown', async () => {
  server.setAnswerer(() => ({
    status: 400,
    body: {
      type: 'about:blank',
      title: 'A parameter is not valid',
      status: 400,
      code: 'HOP_PARAMETER_INVALID',
      detail: 'service "shop" is not namespace/name',
      errors: [{ field: 'service', text: 'has no namespace.', remedy: 'Write shop/web.' }],
    },
  }));
  await open('/?service=shop');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.textContent()).toContain('service: has no namespace. Write shop/web.');
  await shot('error-400');
});

test('an answer that is no JSON, and an API that comes back', async () => {
  server.setAnswerer(() => ({ status: 200, body: '<html>login</html>' }));
  await open('/');
  await page.getByRole('heading', { name: 'The answer was not understood' }).waitFor();
  serve(3);
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('3 paths in').waitFor();
});

test('a refresh fails: what is shown stays and its age is said', async () => {
  serve(3);
  await open('/');
  await page.getByText('3 paths in').waitFor();
  server.setAnswerer(() => ({
    status: 503,
    body: { type: 'about:blank', title: 'The store does not answer', status: 503, detail: '' },
  }));
  await page.getByRole('alert').getByText('Not refreshed since').waitFor();
  expect(await rows().count()).toBe(4);
  await shot('stale');
});

test('waiting for the first answer keeps the place of rows', async () => {
  server.setAnswerer(() => ({ status: 200, body: {}, hangs: true }));
  await open('/');
  await page.getByRole('status').waitFor();
  await shot('loading');
});

test('narrow: lists are cards, nothing sticks out', async () => {
  serve(50);
  await page.setViewportSize(NARROW);
  await open('/');
  await page.getByText('50 paths in').waitFor();
  expect(await page.getByRole('list', { name: 'Paths' }).getByRole('listitem').count()).toBe(50);
  await page.screenshot({ path: `${OUTPUT}list-narrow.png` });
  await open('/refusals');
  await page.getByText('15 refusals in').waitFor();
  await shot('refusals-narrow');
});

const firing: Alert = {
  ...{ alertId: 'refused-connections-1', ruleId: 'refused-connections' },
  ...{ kind: 'refusedConnections', severity: 'critical', state: 'firing' },
  labels: {
    cluster: 'lab',
    namespace: 'shop',
    service: 'web',
    node: 'node3',
    cause: 'noEndpoints',
  },
  ...{ startedAtUs: Date.UTC(2026, 8, 1, 14, 3) * 1000, firedAtUs: 1, resolvedAtUs: null },
  ...{ lastHeldAtUs: 1, value: 12, threshold: 3, baseline: null, count: 12 },
  text: '12 attempts to connect to Service shop/web were refused on node3 within 60 s (noEndpoints)',
  remedy: 'Do its Pods exist and are they ready?',
  ...{ pathId: labPaths()[0]?.pathId ?? null, isSilenced: false, isStale: false },
};

test('alerts: every page says how many fire, the list what to do, and the example is one step away', async () => {
  const resolved = { ...firing, alertId: 'b', state: 'resolved' as const, resolvedAtUs: 2 };
  const stale = { ...firing, alertId: 'c', severity: 'warning' as const, isStale: true };
  const paths = labPaths();
  server.setAnswerer(
    apiOver({ paths, refusals: [], agents: AGENTS, alerts: [firing, stale, resolved] }),
  );
  await open('/');
  await page.getByRole('link', { name: 'Alerts 2' }).click();
  await page.getByText('2 of 3 fire').waitFor();
  const list = page.getByRole('list', { name: 'Alerts' });
  expect(await list.getByRole('listitem').count()).toBe(3);
  await list.getByText('What to do:').first().waitFor();
  await list.getByText('Whether it still holds is not known').waitFor();
  await shot('alerts');
  await page.setViewportSize(NARROW);
  await shot('alerts-narrow');
  await list.getByRole('link', { name: 'an example' }).first().click();
  await page.waitForURL(`**/paths/${firing.pathId}`);
});

const silence: ShownSilence = {
  ...{ silenceId: 's1', match: { node: 'node3', rule: 'refused-connections' }, state: 'active' },
  ...{ startsAtUs: Date.UTC(2026, 8, 1, 13) * 1000, endsAtUs: Date.UTC(2026, 8, 1, 15, 30) * 1000 },
  ...{ clusters: ['lab'], tenant: null, author: 'night-shift' },
  ...{ createdBy: 'Ann', comment: 'node3 is being drained' },
};

test('alerts: what keeps receivers quiet, and how to keep them so', async () => {
  const data = { paths: [], refusals: [], agents: AGENTS };
  server.setAnswerer(apiOver({ ...data, silences: [silence] }));
  await open('/alerts');
  const section = page.getByRole('region', { name: 'Silences', exact: true });
  const said = (await section.getByRole('row', { name: /^holds/ }).textContent()) ?? '';
  for (const text of ['rule=refused-connections', 'lab', '2026-09-01 15:30', 'Ann', 'night-shift'])
    expect(said).toContain(text);
  expect(said).toContain('node3 is being drained');
  await shot('silences');
  await page.setViewportSize(NARROW);
  await shot('silences-narrow');
  server.setAnswerer(apiOver({ ...data, alerts: [firing] }));
  await page.reload();
  await section.getByText('hoptrace silences set').waitFor();
  server.setAnswerer(apiOver(data));
  await page.reload();
  await page.getByText('Nothing fires, and nothing did within 15 minutes').waitFor();
  expect(await section.count()).toBe(0);
  const canned = apiOver(data);
  server.setAnswerer((url) => (url.pathname.endsWith('/silences') ? null : canned(url)));
  await page.reload();
  await page.getByText('the silences cannot be shown').waitFor();
});

const balancer: LoadBalancerItem = {
  ...{ cluster: 'lab', namespace: 'ingress-nginx', service: 'controller' },
  loadBalancer: {
    ...{ kind: 'awsNetworkInstance', knownBy: ['spec.type'], addresses: ['203.0.113.2'] },
    ...{ hostnames: [], sourceAddresses: [] },
  },
  healthCheckNodePort: 32_081,
  proxyProtocol: {
    ...{ sends: 'v2', sendsBy: 'hoptrace/load-balancer-sends-proxy-protocol', expects: 'off' },
    ...{ expectsBy: 'ConfigMap ingress-nginx/controller', agreement: 'sentNotExpected' },
    text: 'PROXY protocol: the load balancer sends PROXY headers v2, and the Pods expect none: they answer 400.',
    remedy: 'Let the Pods accept PROXY headers.',
  },
  nodes: [
    { node: 'node1', now: null, history: [], finding: '' },
    {
      node: 'node2',
      now: {
        ...{ fromUs: 1, toUs: 2, observed: 'healthy', httpStatus: 200, localEndpoints: 0 },
        ...{ expected: 'unhealthy', expectedEndpoints: 0, isServed: false },
      },
      history: [],
      finding: 'node2 says healthy and has no ready endpoint.',
    },
  ],
};

test('alerts: load balancers, what nodes tell them, and ends that do not agree', async () => {
  const data = { paths: [], refusals: [], agents: AGENTS };
  server.setAnswerer(apiOver({ ...data, loadBalancers: [balancer] }));
  await open('/alerts');
  const section = page.getByRole('region', { name: 'Load balancers' });
  await section.getByText('they answer 400').waitFor();
  const said = await section.getByRole('row', { name: /^node2/ }).textContent();
  expect(said).toContain('healthy (200)');
  expect(said).toContain('! node2 says healthy');
  expect(await section.getByRole('row', { name: /^node1/ }).textContent()).toContain('unknown');
  await shot('load-balancers');
  await page.setViewportSize(NARROW);
  await shot('load-balancers-narrow');
  const canned = apiOver(data);
  server.setAnswerer((url) => (url.pathname.endsWith('/load-balancers') ? null : canned(url)));
  await page.reload();
  await page.getByText('the load balancers cannot be shown').waitFor();
});

test('alerts: nothing fires, and what was never evaluated is not called quiet', async () => {
  serve(0);
  await open('/alerts');
  await page.getByText('Nothing fires, and nothing did within 15 minutes').waitFor();
  await shot('alerts-none');
  server.setAnswerer(() => ({
    status: 200,
    body: { items: [], nextCursor: null, evaluatedAtUs: null },
  }));
  await page.reload();
  await page.getByText('No rule was evaluated yet').waitFor();
});

test('the theme follows the system until the viewer chooses, and the choice stays', async () => {
  serve(5);
  await open('/');
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const dark = await background();
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  const light = await background();
  expect(light).not.toBe(dark);
  await page.reload();
  await page.getByRole('button', { name: 'Theme: light' }).waitFor();
  expect(await background()).toBe(light);
});
