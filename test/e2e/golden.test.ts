/**
 * The pages as they were when somebody last looked at them: pixels against test/e2e/golden, with a tolerance for the
 * edges of letters. After a change that is meant: `npm run test:e2e -- golden --update`, look at each picture, commit.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest } from '@jest/globals';
import { toMatchImageSnapshot } from 'jest-image-snapshot';
import type { Browser } from 'playwright-core';
import { launchBrowser, browserTest as test } from './browser.ts';
import { type BuiltPage, startBuiltPage } from './builtPage.ts';
import { drawn, loadAnswers, NARROW, type Variant, WIDE } from './pictures.ts';
import { VIEW_PAGES, type ViewPage } from './viewPages.ts';

jest.setTimeout(180_000);
expect.extend({ toMatchImageSnapshot });
declare module 'expect' {
  interface Matchers<R> {
    toMatchImageSnapshot(options: Readonly<Record<string, unknown>>): R;
  }
}

/** Debian's fonts-dejavu-core: with another font every letter is another. */
const FONT = '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf';
/** Of a colour, by pixelmatch: what two builds of Chromium make of one edge. */
const PIXEL_THRESHOLD = 0.1;
/** Of a picture; a word of eight letters is about 0.02 %. */
const DIFFERENT_SHARE = 0.0001;

const DARK: Variant = { name: 'dark', theme: 'dark', width: WIDE, count: 50 };
const LIGHT: Variant = { name: 'light', theme: 'light', width: WIDE, count: 50 };
const PHONE: Variant = { name: 'narrow', theme: 'dark', width: NARROW, count: 50 };
const EMPTY: Variant = { name: 'empty', theme: 'light', width: WIDE, count: 0 };
const DOWN: Variant = { name: 'error', theme: 'dark', width: WIDE, count: null };

const page = (wanted: string) => VIEW_PAGES.filter(({ name }) => name === wanted);
const PICTURES: readonly (readonly [string, ViewPage, Variant])[] = [
  ...VIEW_PAGES.map((view) => [view, DARK] as const),
  ...[...page('path'), ...page('service'), ...page('refusals')].flatMap((view) => [
    [view, LIGHT] as const,
    [view, PHONE] as const,
  ]),
  ...page('paths').flatMap((view) => [[view, EMPTY] as const, [view, DOWN] as const]),
].map(([view, variant]) => [`${view.name}-${variant.name}`, view, variant] as const);

let browser: Browser;
let server: BuiltPage;
let answersIn: Awaited<ReturnType<typeof loadAnswers>>;

beforeAll(async () => {
  const launched = await launchBrowser();
  if (launched === null) return;
  if (!existsSync(FONT)) throw new Error(`no ${FONT}: apt-get install fonts-dejavu-core`);
  browser = launched;
  server = await startBuiltPage();
  answersIn = await loadAnswers();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function picture(view: ViewPage, variant: Variant, script = ''): Promise<Buffer> {
  server.setAnswerer(answersIn(variant));
  const opened = await drawn(browser, server.origin, view, variant);
  await opened.evaluate('document.fonts.ready');
  if (script !== '') await opened.evaluate(script);
  const taken = await opened.screenshot({ animations: 'disabled' });
  await opened.close();
  return taken;
}

const asBefore = (identifier: string) => ({
  customSnapshotIdentifier: identifier,
  customSnapshotsDir: new URL('golden', import.meta.url).pathname,
  customDiffDir: new URL('output/golden', import.meta.url).pathname,
  customDiffConfig: { threshold: PIXEL_THRESHOLD },
  failureThreshold: DIFFERENT_SHARE,
  failureThresholdType: 'percent' as const,
});

test.each(PICTURES)('%s looks as it did', async (name, view, variant) => {
  expect(await picture(view, variant)).toMatchImageSnapshot(asBefore(name));
});

test('one word that is another is seen', async () => {
  const [service] = page('service');
  if (service === undefined) throw new Error('no such page');
  const changed = await picture(
    service,
    DARK,
    `document.querySelector('.ht-findings strong').textContent =
      document.querySelector('.ht-findings strong').textContent.replace('requests', 'segments')`,
  );
  // With a state of its own, so that it is counted nowhere and no `--update` keeps it.
  const state = { _counters: new Map(), _updateSnapshot: 'none', unmatched: 0, matched: 0 };
  const context = { testPath: import.meta.url, currentTestName: '', isNot: false };
  const compare = toMatchImageSnapshot.bind({ ...context, snapshotState: state });
  expect(compare(changed, asBefore('service-dark'))).toMatchObject({ pass: false });
  expect(compare(await picture(service, DARK), asBefore('service-dark'))).toMatchObject({
    pass: true,
  });
});
