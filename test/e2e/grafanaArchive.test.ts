/**
 * What is shipped: the built app, by the rules of Grafana's plugin validator, which is a program of its own and not
 * on npm. Sizes are printed, and must stay below their limits.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, jest, test } from '@jest/globals';
import { z } from 'zod';

jest.setTimeout(600_000);

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PLUGIN = join(ROOT, 'grafana-plugin');
const DIST = join(PLUGIN, 'dist');
/** Folder of each plugin of the app, and the most bytes that its module may have. */
const MODULES = [
  { folder: '.', maxBytes: 2_000 },
  { folder: 'datasource', maxBytes: 30_000 },
  { folder: 'hoppath-panel', maxBytes: 60_000 },
  { folder: 'pathgraph-panel', maxBytes: 60_000 },
];
/** What Grafana shares at run time (public/app/features/plugins/loader/sharedDependencies.ts). */
const SHARED = [
  '@emotion/css',
  '@grafana/data',
  '@grafana/runtime',
  '@grafana/ui',
  'module',
  'react',
  'react/jsx-runtime',
  'react-dom',
  'rxjs',
];
const PACKAGE_OF_MAP = /^webpack:\/\/[\w-]+\/\.\.\/node_modules\/((?:@[\w-]+\/)?[\w.-]+)/;
const SOURCE_OF_MAP = /^webpack:\/\/[\w-]+\/\.\/(?!node_modules\/)([^?]+)/;

const manifestSchema = z.looseObject({
  id: z.string(),
  info: z.object({
    version: z.string(),
    updated: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
    logos: z.object({ small: z.string(), large: z.string() }),
  }),
  includes: z.array(z.object({ path: z.string() })).optional(),
});
const mapSchema = z.object({ sources: z.array(z.string()), sourcesContent: z.array(z.string()) });

const textOf = (...path: string[]) => readFileSync(join(DIST, ...path), 'utf8');
const manifestOf = (folder: string) =>
  manifestSchema.parse(JSON.parse(textOf(folder, 'plugin.json')));

beforeAll(() => {
  execFileSync('bash', ['scripts/build-grafana.sh', '--if-stale'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});

test('modules are no larger than their limits', () => {
  const sizes = MODULES.map(({ folder, maxBytes }) => {
    const { size } = statSync(join(DIST, folder, 'module.js'));
    return { name: manifestOf(folder).id, size, maxBytes };
  });
  for (const { name, size, maxBytes } of sizes)
    console.info(`${name}: ${size} of at most ${maxBytes} bytes`);
  expect(sizes.filter(({ size, maxBytes }) => size > maxBytes)).toEqual([]);
});

test.each(MODULES)('$folder: asks for nothing that Grafana does not share', ({ folder }) => {
  const names = /define\(\[([^\]]*)\]/.exec(textOf(folder, 'module.js'))?.[1] ?? '';
  const asked = [...names.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
  expect(asked.filter((name) => !SHARED.includes(name ?? ''))).toEqual([]);
});

test.each(MODULES)(
  '$folder: its source map holds our sources as they are, and no library',
  ({ folder }) => {
    const { sources, sourcesContent } = mapSchema.parse(
      JSON.parse(textOf(folder, 'module.js.map')),
    );
    const packages = new Set(sources.flatMap((source) => PACKAGE_OF_MAP.exec(source)?.[1] ?? []));
    // Both put style sheets into the page, and are part of create-plugin's build.
    expect(
      [...packages].filter((name) => name !== 'style-loader' && name !== 'css-loader'),
    ).toEqual([]);
    const own = sources.flatMap((source, index) => {
      const path = SOURCE_OF_MAP.exec(source)?.[1];
      return path === undefined || !/\.tsx?$/.test(path)
        ? []
        : [{ path, text: sourcesContent[index] }];
    });
    expect(own.length).toBeGreaterThan(0);
    for (const { path, text } of own) {
      const source = readFileSync(join(PLUGIN, 'src', path), 'utf8');
      // The build puts one import in front of each entry, as create-plugin does.
      expect([path, source.endsWith(text ?? '-') || (text ?? '').endsWith(source)]).toEqual([
        path,
        true,
      ]);
    }
  },
);

test.each(MODULES)('$folder: manifest with version, day and logo', ({ folder }) => {
  const manifest = manifestOf(folder);
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(PLUGIN, 'package.json'), 'utf8')));
  expect(manifest.info.version).toBe(version);
  expect(existsSync(join(DIST, folder, manifest.info.logos.small))).toBe(true);
  for (const { path } of manifest.includes ?? []) expect(existsSync(join(DIST, path))).toBe(true);
});

test('the archive holds what a reviewer asks for, and nothing that runs elsewhere', () => {
  for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE']) {
    expect(textOf(name).length).toBeGreaterThan(100);
  }
  expect(textOf('LICENSE')).toContain('Apache License');
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => /\.(ts|tsx|exe|sh|node)$/.test(file))).toEqual([]);
});

test('no token and no address of a machine is in what is shipped', () => {
  for (const { folder } of MODULES) {
    const text = textOf(folder, 'module.js');
    expect(text).not.toMatch(/Bearer [\w-]{8}/);
    expect(text).not.toMatch(/https?:\/\/(localhost|127\.)/);
  }
});
