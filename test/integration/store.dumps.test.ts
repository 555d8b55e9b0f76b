/** Every dump of an old schema (made by makeDump.ts) becomes a store of this version, with all of its rows. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { agentListSchema, overviewSchema } from '@hoptrace/api/responses.ts';
import { pathSchema } from '@hoptrace/domain/rest/path.ts';
import { pathListSchema, refusalListSchema } from '@hoptrace/domain/rest/queries.ts';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { type EmbeddedStore, startEmbedded } from '@hoptrace/store/embedded/start.ts';
import { migrate } from '@hoptrace/store/migrate.ts';
import { readMigrations } from '@hoptrace/store/migrationFiles.ts';
import { checkSchema } from '@hoptrace/store/operate/check.ts';
import { readManifest, restore } from '@hoptrace/store/operate/restore.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import {
  freePort,
  makeTempDir,
  startTestStore,
  TEST_RETENTION,
  type TestStore,
} from './embedded.ts';
import { answersOf, CELLS, fill } from './storeAnswers.ts';
import { samplePath, T0_US } from './storeSamples.ts';

jest.setTimeout(180_000);
const DUMPS = fileURLToPath(new URL('./dumps/', import.meta.url));
/** The migration that made the table of exchanges: earlier dumps have none. */
const EXCHANGES = 7;
/** The migration that gave legs what they carried: of earlier rows it is not known. */
const LEG_TRAFFIC = 18;
let today: TestStore;
beforeAll(async () => {
  today = await startTestStore();
  await fill(today.store);
}, 180_000);
afterAll(() => today.stop(), 60_000);

async function withFresh(work: (store: Store, engine: EmbeddedStore) => Promise<void>) {
  const engine = await startEmbedded({ dataDir: await makeTempDir(), httpPort: await freePort() });
  const store = openStore(engine);
  try {
    await work(store, engine);
  } finally {
    await store.close();
    await engine.stop();
  }
}

test.each(readdirSync(DUMPS))(
  'a store as of migration %s is migrated to the newest, and every query answers as if today had written it',
  async (name) => {
    const directory = path.join(DUMPS, name);
    const manifest = await readManifest(directory);
    const all = await readMigrations();
    const migrations = all.filter((migration) => manifest.migrations.includes(migration.name));
    expect(migrations).toHaveLength(Number(name));
    await withFresh(async (store, engine) => {
      await migrate(store, { retention: TEST_RETENTION, migrations });
      await restore(store, { directory, isAddition: false });
      const { applied } = await migrate(store, { retention: TEST_RETENTION });
      expect(applied).toHaveLength(all.length - migrations.length);
      expect(await checkSchema(engine, TEST_RETENTION)).toMatchObject({ ok: true, problems: [] });
      const wanted = Object(await answersOf(today.store));
      const exchanges = migrations.length < EXCHANGES ? { exchanges: [] } : {};
      const legs = migrations.length < LEG_TRAFFIC ? { legs: withoutTraffic(wanted.legs) } : {};
      expect(await answersOf(store)).toEqual({ ...wanted, ...exchanges, ...legs });
      await expectApiReads(store);
    });
  },
);

function withoutTraffic(legs: readonly Readonly<Record<string, unknown>>[]) {
  expect(legs.some(({ traffic }) => traffic !== undefined)).toBe(true);
  return legs.map(({ traffic: _, ...leg }) => leg);
}

/** By HTTP, as the page asks. */
async function expectApiReads(store: Store): Promise<void> {
  const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace' }, () => '');
  const nowUs = () => T0_US + 1_000_000;
  const app = await buildApi({ config, store: clickhouseStore(store), nowUs });
  const get = async (url: string): Promise<unknown> => {
    const answer = await app.inject({ url, headers: { host: 'localhost' } });
    expect([url, answer.statusCode]).toEqual([url, 200]);
    return answer.json();
  };
  const { items } = pathListSchema.parse(await get('/api/v1/paths?limit=1000'));
  expect(items).toHaveLength(3 * CELLS.length);
  const second = samplePath({ tail: 2, version: 2, class: 'C', cluster: CELLS[0] ?? '' });
  expect(pathSchema.parse(await get(`/api/v1/paths/${second.pathId}`))).toEqual(second);
  const refusals = refusalListSchema.parse(await get('/api/v1/refusals'));
  expect(refusals.items).toHaveLength(CELLS.length);
  const overview = overviewSchema.parse(await get('/api/v1/overview'));
  expect(overview).toMatchObject({ paths: 3 * CELLS.length });
  const agents = agentListSchema.parse(await get('/api/v1/agents'));
  expect(agents.items.map((agent) => agent.cluster)).toEqual(CELLS);
  await app.close();
}

test('there is a dump from before the newest migration', async () => {
  const levels = readdirSync(DUMPS).map(Number);
  expect(Math.min(...levels)).toBeLessThan((await readMigrations()).length);
});
