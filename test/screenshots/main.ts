/**
 * `npm run -s screenshots [-- FOLDER]`: pictures of every page of the web page in each theme, width, state and size, and
 * an index.html that shows them side by side. Needs Chromium; prints the folder.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { startBuiltPage } from '../e2e/builtPage.ts';
import { apiOver, loadViewSamples } from '../e2e/cannedApi.ts';
import { loadWaySamples, viewsOver } from '../e2e/cannedViews.ts';
import type { Answerer } from '../e2e/pageServer.ts';
import { VIEW_PAGES, type ViewPage } from '../e2e/viewPages.ts';

interface Variant {
  readonly name: string;
  readonly theme: 'dark' | 'light';
  readonly width: number;
  /** null: the API fails. */
  readonly count: number | null;
}

const WIDE = 1280;
const NARROW = 390;
const VARIANTS: readonly Variant[] = [
  { name: 'dark', theme: 'dark', width: WIDE, count: 50 },
  { name: 'light', theme: 'light', width: WIDE, count: 50 },
  { name: 'narrow', theme: 'dark', width: NARROW, count: 50 },
  { name: 'empty', theme: 'light', width: WIDE, count: 0 },
  { name: 'error', theme: 'dark', width: WIDE, count: null },
  { name: '1', theme: 'light', width: WIDE, count: 1 },
  { name: '5000', theme: 'dark', width: WIDE, count: 5000 },
];
const DOWN = {
  title: 'The store does not answer',
  status: 503,
  code: 'HOP_STORE_UNAVAILABLE',
  detail: 'No answer within 20 s.',
};

const folder = resolve(process.argv[2] ?? 'test/e2e/output/screenshots');
const samples = await loadViewSamples();
const ways = await loadWaySamples();
const server = await startBuiltPage();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
try {
  mkdirSync(folder, { recursive: true });
  for (const variant of VARIANTS) {
    server.setAnswerer(answererOf(variant.count));
    for (const view of VIEW_PAGES) await take(browser, view, variant);
  }
  writeFileSync(join(folder, 'index.html'), indexPage());
  console.log(`${VIEW_PAGES.length * VARIANTS.length} pictures: ${join(folder, 'index.html')}`);
} finally {
  await browser.close();
  await server.close();
}

function answererOf(count: number | null): Answerer {
  if (count === null) return () => ({ status: 503, body: DOWN });
  const paths = samples.manyPaths(count);
  const agents = { known: count === 0 ? 0 : 3, silent: 0 };
  return viewsOver(ways, count, apiOver({ paths, refusals: samples.refusalsOf(paths), agents }));
}

async function take(from: Browser, view: ViewPage, { name, theme, width, count }: Variant) {
  const viewport = { width, height: 900 };
  const options = { viewport, colorScheme: theme, timezoneId: 'UTC' } as const;
  const page = await from.newPage({ ...options, reducedMotion: 'reduce' });
  await page.goto(server.origin + view.address);
  const isEmpty = count === 0;
  const drawn = count === null ? '[role=alert]' : isEmpty ? view.empty : view.drawn;
  await page.locator(drawn).first().waitFor({ timeout: 60_000 });
  await page.screenshot({
    path: join(folder, `${view.name}-${name}.png`),
    fullPage: width < WIDE || view.name === 'service',
  });
  await page.close();
}

function indexPage(): string {
  const sections = VIEW_PAGES.map(({ name }) => {
    const pictures = VARIANTS.map(
      (variant) =>
        `<figure><a href="${name}-${variant.name}.png"><img loading="lazy" width="320" src="${name}-${variant.name}.png" alt="${name}, ${variant.name}"></a><figcaption>${variant.name}</figcaption></figure>`,
    );
    return `<h2>${name}</h2><div>${pictures.join('')}</div>`;
  });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>hoptrace pictures</title><style>body{font:14px system-ui;margin:24px}div{display:flex;flex-wrap:wrap;gap:12px;align-items:start}figure{margin:0}img{border:1px solid #999}</style><h1>hoptrace pictures</h1>${sections.join('\n')}</html>\n`;
}
