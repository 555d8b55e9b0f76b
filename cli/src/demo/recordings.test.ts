/** The demo's recordings must follow the frame layout: whoever changes it records them anew. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRecording } from '@hoptrace/agent/recording.ts';
import { expect, test } from '@jest/globals';
import { demoFolder, rootOf } from '../up/environment.ts';

const folder = demoFolder(rootOf(new URL('../main.ts', import.meta.url).href));
const files = readdirSync(folder).filter((name) => name.endsWith('.frames.gz'));

test('there is a recording for each of the three nodes', () => {
  expect(files).toHaveLength(3);
});

// If this fails after a change of hop.h: npm run lab -- record --requests 1 --out cli/recordings/demo
test.each(files)('%s is of the layout that this agent reads', async (name) => {
  const { frames } = await readRecording(join(folder, name));
  expect(frames.length).toBeGreaterThan(0);
});
