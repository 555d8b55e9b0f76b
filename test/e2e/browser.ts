/** Tests in a browser. Where there is none they are skipped with the reason; in CI that is a failure. */
import { test } from '@jest/globals';
import { executablePath, NO_CHROMIUM } from './chromium.ts';

export { launchBrowser } from './chromium.ts';

if (executablePath === undefined) {
  if (process.env.CI === 'true') throw new Error(NO_CHROMIUM);
  console.warn(`browser tests skipped: ${NO_CHROMIUM}`);
}

/** `test` where there is a browser, else `test.skip`. */
export const browserTest: typeof test.skip = executablePath === undefined ? test.skip : test;
