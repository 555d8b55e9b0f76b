/** Real Chromium, headless. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export const executablePath = PLACES.find((path) => existsSync(path));
/** What to do where there is none. */
export const NO_CHROMIUM = `no Chromium in ${PLACES.join(', ')}: apt-get install chromium`;

/** null where there is none. */
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
