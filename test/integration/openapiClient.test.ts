/** A client can be made from the OpenAPI document: the types are generated, and a program that uses them compiles. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApi } from '@hoptrace/api/app.ts';
import { readConfig } from '@hoptrace/api/config.ts';
import { memoryStore } from '@hoptrace/api/testing/memoryStore.ts';
import { afterAll, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'hoptrace-openapi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USE = `import type { components, operations, paths } from './api.ts';
type Query = NonNullable<operations['listPaths']['parameters']['query']>;
export const query: Query = { service: 'shop/web', extraHops: '1', format: 'json' };
type Answer = paths['/api/v1/paths']['get']['responses']['200']['content']['application/json'];
export const newest = (answer: Answer): string | undefined => answer.items[0]?.hops[0]?.to.ip;
export const causeOf = (incident: components['schemas']['Incident']): string => incident.cause;
`;

function run(command: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: folder });
  return { status, output: `${stdout}${stderr}` };
}

test('openapi-typescript makes types, and the compiler takes right use and refuses wrong', async () => {
  const config = readConfig({ HOPTRACE_API_WEB_ROOT: '/nonexistent' }, () => '');
  const app = await buildApi({ config, store: memoryStore(), nowUs: () => 1e15 });
  const answer = await app.inject({ url: '/api/openapi.json', headers: { host: 'localhost' } });
  await app.close();
  writeFileSync(join(folder, 'openapi.json'), answer.body);
  const generator = join(ROOT, 'test/node_modules/openapi-typescript/bin/cli.js');
  const made = run(process.execPath, [generator, 'openapi.json', '-o', 'api.ts']);
  expect(made).toMatchObject({ status: 0 });
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const flags = [
    '--noEmit',
    '--strict',
    '--allowImportingTsExtensions',
    '--module',
    'esnext',
    '--moduleResolution',
    'bundler',
  ];
  writeFileSync(join(folder, 'use.ts'), USE);
  expect(run(process.execPath, [tsc, ...flags, 'use.ts'])).toEqual({ status: 0, output: '' });
  writeFileSync(join(folder, 'use.ts'), USE.replace("extraHops: '1'", "extraHobs: '1'"));
  expect(run(process.execPath, [tsc, ...flags, 'use.ts']).output).toContain('extraHobs');
}, 120_000);
