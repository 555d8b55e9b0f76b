/**
 * Every link of the running system, as somebody would follow it who looks around: each page is drawn, complains of
 * nothing, and is the same when it is loaded again. From recorded kernel events, through agent, collector, ClickHouse and API.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { type DemoProcess, startDemo } from '../process/demoProcess.ts';
import { freePortOffset } from '../process/freePorts.ts';
import { launchBrowser, browserTest as test } from './browser.ts';

jest.setTimeout(600_000);

/** Of addresses that differ in names and filters alone, so many are looked at. */
const PER_SHAPE = 2;
const MIN_PAGES = 12;
const SEEN_TIMEOUT_MS = 60_000;
const dataDir = mkdtempSync(join(tmpdir(), 'hoptrace-crawl-'));
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

/** `/services/shop/web?range=1h` → `/services/*\/*?range`. */
function shapeOf(address: string): string {
  const { pathname, searchParams } = new URL(address, demo.url);
  const [, page = '', ...rest] = pathname.split('/');
  const last = rest.at(-1) === 'compare' ? 'compare' : '*';
  const path = [page, ...rest.map((_, at) => (at === rest.length - 1 ? last : '*'))];
  return `${path.join('/')}?${[...searchParams.keys()].sort().join('&')}`;
}

async function headingOf(page: Page): Promise<string> {
  await page.locator('main h1, main h2').first().waitFor({ timeout: SEEN_TIMEOUT_MS });
  await page.waitForLoadState('networkidle');
  return page.title();
}

test('every link leads to a page that is drawn, and drawn again', async () => {
  if (browser === null) throw new Error('no browser');
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const complaints: string[] = [];
  let at = '/';
  const note = (text: string) => complaints.push(`${at}: ${text}`);
  page.on('pageerror', (error) => note(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) note(message.text());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) note(`${response.status()} of ${response.url()}`);
  });
  await page.goto(`${demo.url}/services`);
  await page.locator('main table').first().waitFor({ timeout: SEEN_TIMEOUT_MS });
  const seen = new Map<string, number>();
  const looked: string[] = [];
  const waiting = ['/'];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const shape = shapeOf(next);
    const count = seen.get(shape) ?? 0;
    if (looked.includes(next) || count >= PER_SHAPE) continue;
    seen.set(shape, count + 1);
    looked.push(next);
    at = next;
    await page.goto(demo.url + next);
    const title = await headingOf(page);
    if (await page.getByText('There is no such page').count()) note('is no page');
    for (const alert of await page.locator('main [role=alert]').allInnerTexts()) note(alert);
    const hrefs = await page
      .locator('a[href^="/"]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    waiting.push(...hrefs.filter((href) => !href.startsWith('/api/')));
    await page.reload();
    expect([next, await headingOf(page)]).toEqual([next, title]);
  }
  expect(complaints).toEqual([]);
  expect(looked.length).toBeGreaterThanOrEqual(MIN_PAGES);
  console.info(`${looked.length} pages: ${[...seen.keys()].join('  ')}`);
});
