/**
 * What the container images of the services hold (deploy/docker): `bundleServices.ts collector|api|agent FOLDER`.
 * One file of JavaScript each, and beside it, in the places that the sources look into, the files that it reads.
 *
 *   FOLDER/collector/{src/main.mjs, migrations}     FOLDER/api/{src/main.mjs, web/dist, static}     FOLDER/agent/src/main.mjs
 */
import { cpSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundleAgent.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What a bundle reads at run time: in the checkout, and in FOLDER. */
const FILES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  collector: [['store/migrations', 'collector/migrations']],
  api: [
    ['api/web/dist', 'api/web/dist'],
    // The REST reference: its package looks for its files beside itself, which in a bundle is api/src and api.
    [swaggerFile('static'), 'api/static'],
    [swaggerFile('static/logo.svg'), 'api/src/static/logo.svg'],
  ],
  agent: [],
};

function swaggerFile(path: string): string {
  const entry = createRequire(join(ROOT, 'api/package.json')).resolve('@fastify/swagger-ui');
  return join(dirname(entry), path);
}

const [service = '', folder = ''] = process.argv.slice(2);
const files = FILES[service];
if (files === undefined || folder === '') {
  console.error(`usage: bundleServices.ts ${Object.keys(FILES).join('|')} FOLDER`);
  process.exit(2);
}
await bundle(`${service}/src/main.ts`, join(folder, service, 'src/main.mjs'));
for (const [from, to] of files) {
  const source = join(from.startsWith('/') ? '' : ROOT, from);
  if (!existsSync(source)) {
    console.error(`${from} is missing${from === 'api/web/dist' ? ': npm run build:web' : ''}`);
    process.exit(1);
  }
  cpSync(source, join(folder, to), { recursive: true });
}
