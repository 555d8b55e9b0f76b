/** Pictures of the page over canned answers: the same pixels each time, whatever the clock says. */
import type { Browser, Page } from 'playwright-core';
import { apiOver, loadViewSamples } from './cannedApi.ts';
import { loadWaySamples, viewsOver } from './cannedViews.ts';
import type { Answerer } from './pageServer.ts';
import type { ViewPage } from './viewPages.ts';

export interface Variant {
  readonly name: string;
  readonly theme: 'dark' | 'light';
  readonly width: number;
  /** Items in lists; null: the API fails. */
  readonly count: number | null;
}

export const WIDE = 1280;
export const NARROW = 390;
const HEIGHT = 900;
const DRAWN_TIMEOUT_MS = 60_000;
/** A little after the samples. */
const NOW = '2026-09-01T14:10:00Z';
const DOWN = {
  title: 'The store does not answer',
  status: 503,
  code: 'HOP_STORE_UNAVAILABLE',
  detail: 'No answer within 20 s.',
};

/** What the API answers in a variant. */
export async function loadAnswers(): Promise<(variant: Variant) => Answerer> {
  const [samples, ways] = await Promise.all([loadViewSamples(), loadWaySamples()]);
  return ({ count }) => {
    if (count === null) return () => ({ status: 503, body: DOWN });
    const paths = samples.manyPaths(count);
    const agents = { known: count === 0 ? 0 : 3, silent: 0 };
    return viewsOver(ways, count, apiOver({ paths, refusals: samples.refusalsOf(paths), agents }));
  };
}

/** The page of the server at `origin`, drawn and still. Close it. */
export async function drawn(
  browser: Browser,
  origin: string,
  view: ViewPage,
  { theme, width, count }: Variant,
): Promise<Page> {
  const viewport = { width, height: HEIGHT };
  const options = { viewport, colorScheme: theme, timezoneId: 'UTC' } as const;
  const page = await browser.newPage({ ...options, reducedMotion: 'reduce' });
  await page.clock.setFixedTime(NOW);
  await page.goto(origin + view.address);
  const seen = count === null ? '[role=alert]' : count === 0 ? view.empty : view.drawn;
  await page.locator(seen).first().waitFor({ timeout: DRAWN_TIMEOUT_MS });
  await page.waitForLoadState('networkidle');
  return page;
}
