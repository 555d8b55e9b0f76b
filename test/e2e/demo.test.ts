/** The real chain in a real browser: recorded kernel events → agent → collector → ClickHouse → API → page. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema } from '@hoptrace/domain/rest/queries.ts';
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type DemoProcess, startDemo } from '../process/demoProcess.ts';
import { freePortOffset } from '../process/freePorts.ts';
import { launchBrowser, browserTest as test } from './browser.ts';

jest.setTimeout(180_000);

const OUTPUT = new URL('output/', import.meta.url).pathname;
/** The part of the page that the README shows; docs/images holds a copy. */
const README_CLIP = { x: 0, y: 50, width: 1280, height: 960 };
const SEEN_TIMEOUT_MS = 60_000;
const dataDir = mkdtempSync(join(tmpdir(), 'hoptrace-e2e-'));
let demo: DemoProcess;
let browser: Browser | null;

beforeAll(async () => {
  browser = await launchBrowser();
  if (browser === null) return;
  demo = await startDemo({ dataDir, portOffset: await freePortOffset() });
});

afterAll(async () => {
  await browser?.close();
  await demo?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Waits for a path like this in the running system. */
async function pathWhere(isWanted: (path: Path) => boolean): Promise<Path> {
  const deadlineMs = Date.now() + SEEN_TIMEOUT_MS;
  for (;;) {
    const response = await fetch(`${demo.url}/api/v1/paths?limit=1000`);
    const found = pathListSchema.parse(await response.json()).items.find(isWanted);
    if (found !== undefined) return found;
    if (Date.now() > deadlineMs) throw new Error('no such path came');
    await sleep(250);
  }
}

async function open(
  path: string,
  colorScheme: 'light' | 'dark',
): Promise<{ page: Page; complaints: string[] }> {
  if (browser === null) throw new Error('no browser');
  const context = await browser.newContext({
    viewport: { width: 1280, height: 1080 },
    colorScheme,
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(`${demo.url}${path}`);
  return { page, complaints };
}

const isExtraHopBehindBalancer = (path: Path) =>
  path.client.source === 'proxyProtocol' && path.extraHops > 0 && path.hops.length === 4;

test('from the list to a request that crossed a node: lanes, extra hop with its reason, the ledger', async () => {
  const path = await pathWhere(isExtraHopBehindBalancer);
  const { page, complaints } = await open('/', 'light');
  const link = page.locator(`a[href^="/paths/${path.pathId}"]`).first();
  await link.click();
  const text = page.locator('main');
  await page.getByRole('heading', { name: 'Path by machine' }).waitFor();
  const shown = (await text.textContent()) ?? '';
  expect(shown).toContain('extra hop');
  const extra = path.hops.find((hop) => hop.extra === true);
  expect(extra?.extraReason).toBeTruthy();
  expect(shown).toContain(extra?.extraReason);
  for (const hop of path.hops) {
    expect(shown).toContain(`${hop.to.ip}:${hop.to.port}`);
    if (hop.rewrite !== null) expect(shown).toContain(hop.rewrite.after);
  }
  for (const node of new Set(path.hops.flatMap((hop) => hop.to.node ?? [])))
    expect(shown).toContain(node);
  await page.screenshot({ path: join(OUTPUT, 'demo-path.png'), fullPage: true });
  await page.screenshot({ path: join(OUTPUT, 'readme-path.png'), clip: README_CLIP });
  expect(complaints).toEqual([]);
});

test('from the refusals to a dropped SYN: cause and remedy in words, a red stub at the node', async () => {
  const path = await pathWhere((each) => each.outcome === 'dropped');
  const { page, complaints } = await open('/refusals', 'dark');
  await page.getByRole('heading', { name: 'no ready endpoint on this node' }).first().waitFor();
  // The same refusals by machine and time, from the real store.
  await page
    .getByRole('link', { name: /: \d+ refused, \d+ accepted/ })
    .first()
    .waitFor();
  await page.screenshot({ path: join(OUTPUT, 'demo-refusals.png'), fullPage: true });
  if (path.service !== null) {
    const { namespace, name } = path.service;
    await page.goto(`${demo.url}/services/${namespace}/${name}`);
    await page
      .getByRole('list', { name: 'Findings' })
      .getByText(/refused \(/)
      .waitFor();
    await page.getByRole('region', { name: 'Path graph' }).waitFor();
    await page.screenshot({ path: join(OUTPUT, 'demo-service.png'), fullPage: true });
  }
  await page.goto(`${demo.url}/paths/${path.pathId}`);
  await page.getByText('What to do:').first().waitFor();
  const shown = (await page.locator('main').textContent()) ?? '';
  expect(shown).toContain(path.refusal?.text);
  expect(shown).toContain(path.refusal?.remedy);
  await page.screenshot({ path: join(OUTPUT, 'demo-refused.png'), fullPage: true });
  await page.screenshot({
    path: join(OUTPUT, 'readme-refused.png'),
    clip: { ...README_CLIP, height: 810 },
  });
  expect(complaints).toEqual([]);
});
