/**
 * `tsx scripts/grafanaTypes.ts [--check]`: writes the types of the Grafana app from our OpenAPI document.
 * With --check nothing is written: exits 1 if the file is not what the document says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { buildApi } from '@hoptrace/api/app.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { memoryStore } from '@hoptrace/api/testing/memoryStore.ts';

const PLUGIN = new URL('../grafana-plugin/', import.meta.url);
const FILE = new URL('src/rest/openapi.ts', PLUGIN);
const HEADER =
  '/** Made from the OpenAPI document of the API by `npm run grafana:types`. Do not edit. */\n';

interface Generator {
  readonly default: (document: unknown, options: object) => Promise<unknown[]>;
  readonly astToString: (nodes: unknown[]) => string;
}

/** The generator needs TypeScript 5, which only the plugin has: it is loaded from there. */
async function loadGenerator(): Promise<Generator> {
  const require = createRequire(PLUGIN);
  const entry = require.resolve('openapi-typescript').replace(/\.cjs$/, '.mjs');
  return import(pathToFileURL(entry).href);
}

async function openapiDocument(): Promise<unknown> {
  const app = await buildApi({
    config: readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent/hoptrace' }, () => ''),
    store: memoryStore(),
    nowUs: () => 0,
    logger: false,
  });
  const answer = await app.inject({ url: '/api/openapi.json', headers: { host: 'localhost' } });
  await app.close();
  return answer.json();
}

const generator = await loadGenerator();
const nodes = await generator.default(await openapiDocument(), { defaultNonNullable: false });
const wanted = HEADER + generator.astToString(nodes);
if (!process.argv.includes('--check')) writeFileSync(FILE, wanted);
else if (readFileSync(FILE, 'utf8') !== wanted) {
  console.error(
    'grafana-plugin/src/rest/openapi.ts is not what the API says: npm run grafana:types',
  );
  process.exitCode = 1;
}
