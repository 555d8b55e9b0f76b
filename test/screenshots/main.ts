/**
 * `npm run -s screenshots [-- FOLDER]`: pictures of every page of the web page in each theme, width, state and size, and
 * an index.html that shows them side by side. Needs Chromium; prints the folder.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { startBuiltPage } from '../e2e/builtPage.ts';
import { launchBrowser, NO_CHROMIUM } from '../e2e/chromium.ts';
import { drawn, loadAnswers, NARROW, type Variant, WIDE } from '../e2e/pictures.ts';
import { VIEW_PAGES, type ViewPage } from '../e2e/viewPages.ts';

const VARIANTS: readonly Variant[] = [
  { name: 'dark', theme: 'dark', width: WIDE, count: 50 },
  { name: 'light', theme: 'light', width: WIDE, count: 50 },
  { name: 'narrow', theme: 'dark', width: NARROW, count: 50 },
  { name: 'empty', theme: 'light', width: WIDE, count: 0 },
  { name: 'error', theme: 'dark', width: WIDE, count: null },
  { name: '1', theme: 'light', width: WIDE, count: 1 },
  { name: '5000', theme: 'dark', width: WIDE, count: 5000 },
];
const folder = resolve(process.argv[2] ?? 'test/e2e/output/screenshots');
const browser = await launchBrowser();
if (browser === null) throw new Error(NO_CHROMIUM);
const answersIn = await loadAnswers();
const server = await startBuiltPage();
try {
  mkdirSync(folder, { recursive: true });
  for (const variant of VARIANTS) {
    server.setAnswerer(answersIn(variant));
    for (const view of VIEW_PAGES) await take(browser, view, variant);
  }
  writeFileSync(join(folder, 'index.html'), indexPage());
  console.log(`${VIEW_PAGES.length * VARIANTS.length} pictures: ${join(folder, 'index.html')}`);
} finally {
  await browser.close();
  await server.close();
}

async function take(from: Browser, view: ViewPage, variant: Variant): Promise<void> {
  const page = await drawn(from, server.origin, view, variant);
  await page.screenshot({
    path: join(folder, `${view.name}-${variant.name}.png`),
    fullPage: variant.width < WIDE || view.name === 'service',
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
