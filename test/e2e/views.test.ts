/** The pages of services, topology and agents in real Chromium: what they say, their states, and axe on every page. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser, browserTest as test } from './browser.ts';
import { type BuiltPage, startBuiltPage } from './builtPage.ts';
import { apiOver, loadViewSamples, type ViewSamples } from './cannedApi.ts';
import { loadWaySamples, viewsOver, type WaySamples } from './cannedViews.ts';
import { VIEW_PAGES } from './viewPages.ts';

jest.setTimeout(180_000);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FIRST_VIEW_BYTES = 150_000;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let server: BuiltPage;
let samples: ViewSamples;
let ways: WaySamples;
let complaints: string[];

beforeAll(async () => {
  samples = await loadViewSamples();
  ways = await loadWaySamples();
  server = await startBuiltPage();
  const launched = await launchBrowser();
  if (launched !== null) browser = launched;
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  await openContext('dark', 1280);
  complaints = [];
});
afterEach(async () => {
  await context.close();
  expect(complaints).toEqual([]);
});

async function openContext(colorScheme: 'dark' | 'light', width: number): Promise<void> {
  await context?.close();
  // axe is injected, which the page's own policy rightly forbids.
  const options = { colorScheme, timezoneId: 'UTC', bypassCSP: true } as const;
  context = await browser.newContext({ ...options, viewport: { width, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => complaints.push(error.message));
}

function serve(count: number): void {
  const paths = samples.manyPaths(Math.min(count, 500));
  const agents = { known: count === 0 ? 0 : 3, silent: 0 };
  const lists = apiOver({ paths, refusals: samples.refusalsOf(paths), agents });
  server.setAnswerer(viewsOver(ways, count, lists));
}

const open = (address: string) => page.goto(server.origin + address);

test.each(['dark', 'light'] as const)('axe finds nothing on any page, %s', async (scheme) => {
  await openContext(scheme, 1280);
  serve(50);
  const found: string[] = [];
  for (const { name, address, drawn } of VIEW_PAGES) {
    await open(address);
    await page.locator(drawn).first().waitFor();
    await page.evaluate(AXE);
    const violations: string[] = await page.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join(', ')))`,
    );
    found.push(...violations.map((text) => `${name}: ${text}`));
  }
  expect(found).toEqual([]);
});

test('from the services to what is red and what to change, in two clicks', async () => {
  serve(50);
  await open('/services');
  await page.getByRole('link', { name: 'shop/web', exact: true }).click();
  const findings = page.getByRole('list', { name: 'Findings' });
  await findings.waitFor();
  expect(await findings.textContent()).toContain(
    '15 of 50 requests refused (30 %), all on the way to node-c.',
  );
  expect(await findings.textContent()).toContain('no ready endpoint on this node');
  await findings.getByRole('link', { name: 'the refusals' }).click();
  expect(new URL(page.url()).search).toContain('service=shop%2Fweb');
  await page.getByRole('heading', { name: 'Refused connections' }).waitFor();
});

test('a change of policy is a click away from its effect in numbers', async () => {
  serve(1000);
  await open('/services/shop/web?from=2026-09-01T13:55:00Z&to=2026-09-01T14:10:00Z');
  await page.getByRole('link', { name: /before \/ after externalTrafficPolicy/ }).click();
  const table = page.getByRole('table', { name: 'Before and after' });
  await table.waitFor();
  expect(new URL(page.url()).searchParams.get('split')).toBe(String(ways.FLIP_US));
  const text = await table.textContent();
  expect(text).toContain('+30 points · worse');
  expect(text).toContain('−45 points · better');
});

test('the timeline is a table as well, and the keyboard reaches each place', async () => {
  serve(50);
  await open('/services/shop/web');
  const place = page.getByRole('link', { name: /node-c:30443: \d+ refused/ });
  await place.focus();
  expect(await place.getAttribute('aria-label')).toContain(
    'externalTrafficPolicy: Cluster → Local',
  );
  await page.getByRole('button', { name: 'as table' }).click();
  const table = page.getByRole('table', { name: 'Refusals by place' });
  expect(await table.textContent()).toContain('node-c:30443');
});

test('an empty system says so on every page, and a failing API what failed', async () => {
  serve(0);
  for (const { address, empty } of VIEW_PAGES.filter(({ name }) => name !== 'path')) {
    await open(address);
    await page.locator(empty).first().waitFor();
  }
  const body = {
    title: 'The store is down',
    status: 503,
    code: 'HOP_STORE_UNAVAILABLE',
    detail: 'x',
  };
  server.setAnswerer(() => ({ status: 503, body }));
  for (const { address } of VIEW_PAGES) {
    await open(address);
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('main').textContent()).toContain('The store is down');
  }
});

test('nothing is wider than a phone', async () => {
  await openContext('light', 390);
  serve(5000);
  for (const { name, address, drawn } of VIEW_PAGES) {
    await open(address);
    await page.locator(drawn).first().waitFor();
    const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect([name, Number(over) <= 0]).toEqual([name, true]);
  }
});

test('the first view of the page is at most 150 kB, gzipped', () => {
  const assets = readdirSync(join(server.folder, 'assets')).map((name) =>
    join(server.folder, 'assets', name),
  );
  const bytes = assets.map((file) => gzipSync(readFileSync(file)).byteLength);
  expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(FIRST_VIEW_BYTES);
});
