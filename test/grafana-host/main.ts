/**
 * `npm run grafana:host [-- 12.4]`: the built plugin on the stand-in host page, over a running demo, to look at.
 * Needs the plugin built (`npm run grafana:build`). Ctrl-C stops it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemo } from '../process/demoProcess.ts';
import { freePortOffset } from '../process/freePorts.ts';
import { buildHost, GRAFANA_VERSIONS } from './build.ts';
import { startHostServer } from './server.ts';

const SCENES: Readonly<Record<string, object>> = {
  overview: { show: 'dashboard', dashboard: 'overview' },
  service: { show: 'dashboard', dashboard: 'service' },
  refusals: { show: 'dashboard', dashboard: 'refusals' },
  'data quality': { show: 'dashboard', dashboard: 'quality' },
  settings: { show: 'config' },
  'query editor': { show: 'query', queries: [{ kind: 'paths' }] },
};

const version = GRAFANA_VERSIONS.find((each) => process.argv.includes(each)) ?? '13.2';
const folder = mkdtempSync(join(tmpdir(), 'hoptrace-grafana-'));
const hostFolder = join(folder, 'host');
await buildHost(version, hostFolder);
const demo = await startDemo({ dataDir: join(folder, 'data'), portOffset: await freePortOffset() });
const server = await startHostServer({
  appFolder: fileURLToPath(new URL('../../grafana-plugin/dist/', import.meta.url)),
  hostFolder,
  settings: { apiUrl: demo.url, token: process.env.HOPTRACE_API_TOKEN ?? '' },
});
console.log(`stand-in host with the libraries of Grafana ${version} (this is not a Grafana)`);
for (const [name, scene] of Object.entries(SCENES))
  console.log(`  ${name}: ${server.origin}/?scene=${encodeURIComponent(JSON.stringify(scene))}`);

process.once('SIGINT', () => void stop());
process.once('SIGTERM', () => void stop());

async function stop(): Promise<void> {
  await server.close();
  await demo.stop();
  rmSync(folder, { recursive: true, force: true });
}
