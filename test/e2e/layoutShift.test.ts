/**
 * Pages stay where they are while numbers on them change by themselves: by Chromium's own layout-shift entries, of which
 * there must be none. What a longer list pushes down is no jump: agents stay as many as they are.
 */
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser, browserTest as test } from './browser.ts';
import { type BuiltPage, startBuiltPage } from './builtPage.ts';
import { apiOver, loadViewSamples } from './cannedApi.ts';
import { loadWaySamples, viewsOver } from './cannedViews.ts';
import { VIEW_PAGES } from './viewPages.ts';

jest.setTimeout(180_000);

const UPDATE_TIMEOUT_MS = 60_000;
const OBSERVE = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      window.shifts.push({
        value: entry.value,
        at: entry.startTime,
        what: entry.sources.map(({ node }) => node?.parentElement?.className + ' > ' + (node?.className ?? node?.nodeName)),
      });
  }).observe({ type: 'layout-shift', buffered: true });
`;

let browser: Browser;
let context: BrowserContext;
let server: BuiltPage;
let serve: (count: number) => void;

beforeAll(async () => {
  const [samples, ways] = await Promise.all([loadViewSamples(), loadWaySamples()]);
  server = await startBuiltPage();
  serve = (count) => {
    const paths = samples.manyPaths(count);
    const agents = { known: 3, silent: 0 };
    const lists = apiOver({ paths, refusals: samples.refusalsOf(paths), agents });
    server.setAnswerer(viewsOver(ways, count, lists));
  };
  const launched = await launchBrowser();
  if (launched === null) return;
  browser = launched;
  context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await context.addInitScript(OBSERVE);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

interface Shift {
  readonly value: number;
  readonly at: number;
  readonly what: readonly string[];
}

async function opened(address: string, drawn: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(server.origin + address);
  await page.locator(drawn).first().waitFor();
  return page;
}

/** Resolves when so many questions were asked, and what came of them is drawn. */
async function asked(page: Page, questions: number): Promise<void> {
  const deadlineMs = Date.now() + UPDATE_TIMEOUT_MS;
  const from = server.calls.length;
  while (server.calls.length < from + questions) {
    if (Date.now() > deadlineMs) throw new Error(`${page.url()} does not update by itself`);
    await page.waitForTimeout(100);
  }
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  );
}

test.each(VIEW_PAGES.filter(({ name }) => name !== 'path' && name !== 'compare'))(
  'nothing jumps while $name updates by itself',
  async ({ name, address, drawn }) => {
    serve(50);
    const before = server.calls.length;
    const page = await opened(address, drawn);
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(500);
    const perRound = Math.max(1, server.calls.length - before);
    const sinceMs = Number(await page.evaluate('performance.now()'));
    serve(54);
    // One more than a round: each question was asked again after the answers changed.
    await asked(page, perRound + 1);
    const shifts = (await page.evaluate('window.shifts')) as Shift[];
    await page.close();
    const after = shifts.filter(({ at }) => at > sinceMs);
    expect([name, after]).toEqual([name, []]);
  },
);
