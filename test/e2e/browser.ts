/** Real Chromium, headless. Where there is none the tests are skipped with the reason; in CI that is a failure. */
import { existsSync } from 'node:fs';
import { test } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = PLACES.find((path) => existsSync(path));

if (executablePath === undefined) {
  const reason = `no Chromium in ${PLACES.join(', ')}: apt-get install chromium`;
  if (process.env.CI === 'true') throw new Error(reason);
  console.warn(`browser tests skipped: ${reason}`);
}

/** `test` where there is a browser, else `test.skip`. */
export const browserTest: typeof test.skip = executablePath === undefined ? test.skip : test;

/** null where there is no browser: then no browserTest runs either. */
export async function launchBrowser(): Promise<Browser | null> {
  if (executablePath === undefined) return null;
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
