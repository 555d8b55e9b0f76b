/** How long the views take to draw in Chromium: React's render, layout and paint up to the end of the next frame. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { launchBrowser, NO_CHROMIUM } from '../e2e/chromium.ts';
import { atMostRow, type Bench, infoRow } from './rows.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRY = 'grafana-plugin/src/view/samples/measureViews.tsx';
const GOAL_MS = 100;
const VIEWS = [
  { name: 'list of 5,000 paths', call: "measureView('list', 5000,", rounds: 20 },
  { name: 'list of 100 paths, one page of the API', call: "measureView('list', 100,", rounds: 40 },
  { name: 'graph of 2,000 services', call: "measureView('graph', 2000,", rounds: 40 },
  { name: 'path of 40 hops', call: "measureView('path', 40,", rounds: 60 },
] as const;

/** What `measureView` answers in the page. */
interface Measured {
  readonly timesMs: readonly number[];
  readonly elements: number;
}

/** Needs Chromium. Wall-clock times of this machine: a frame alone takes up to 17 ms of each. */
export async function benchViews(): Promise<Bench> {
  const browser = await launchBrowser();
  if (browser === null) throw new Error(NO_CHROMIUM);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await loadViews(page);
    const rows = [];
    const elements: Record<string, number> = {};
    for (const { name, call, rounds } of VIEWS) {
      await page.evaluate(`views.${call} 3)`);
      const measured = await page.evaluate<Measured>(`views.${call} ${rounds})`);
      if (measured.elements === 0) throw new Error(`${name}: nothing was drawn`);
      elements[name] = measured.elements;
      rows.push(infoRow(`${name}, median`, quantile(measured.timesMs, 0.5), 'ms'));
      rows.push(atMostRow(`${name}, p95`, quantile(measured.timesMs, 0.95), GOAL_MS, 'ms'));
    }
    return { rows, details: { chromium: browser.version(), elements } };
  } finally {
    await browser.close();
  }
}

async function loadViews(page: Page): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [ENTRY],
    outdir: 'unwritten',
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    globalName: 'views',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  await page.setContent('<!doctype html><html lang="en"><body></body></html>');
  for (const { path, text } of outputFiles) {
    if (path.endsWith('.css')) await page.addStyleTag({ content: text });
    else await page.addScriptTag({ content: text });
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}
