/** What Grafana and its plugin validator demand of plugin.json, checked here because the validator cannot run everywhere. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { HOP_PATH_PANEL_ID, PATH_GRAPH_PANEL_ID } from './frames/ids.ts';

const FOLDER = new URL('.', import.meta.url);
const ID = /^hoptrace-[a-z]+-(app|panel|datasource)$/;

const infoSchema = z.strictObject({
  description: z.string().min(1),
  author: z.object({ name: z.string() }),
  keywords: z.array(z.string()).min(1),
  logos: z.object({ small: z.string().endsWith('.svg'), large: z.string().endsWith('.svg') }),
  links: z.array(z.unknown()),
  screenshots: z.array(z.unknown()),
  version: z.literal('%VERSION%'),
  updated: z.literal('%TODAY%'),
});
const pluginSchema = z.looseObject({
  type: z.enum(['app', 'datasource', 'panel']),
  name: z.string().min(1),
  id: z.string().regex(ID),
  info: infoSchema,
  dependencies: z.object({
    grafanaDependency: z.string().startsWith('>='),
    plugins: z.array(z.unknown()),
  }),
  includes: z
    .array(z.looseObject({ type: z.string(), name: z.string(), path: z.string() }))
    .optional(),
  routes: z
    .array(z.object({ path: z.string(), url: z.string(), method: z.literal('GET') }))
    .optional(),
});

function read(path: string) {
  return pluginSchema.parse(JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8')));
}

const app = read('plugin.json');
const nested = (app.includes ?? []).filter(({ type }) => type === 'datasource' || type === 'panel');

test('the app lists what it holds, and each of it is there', () => {
  expect(nested).toHaveLength(3);
  for (const { path } of app.includes ?? [])
    expect([path, existsSync(new URL(path, FOLDER))]).toEqual([path, true]);
});

test('dashboards are listed with their uids, which the menu of Grafana leads to', () => {
  for (const { type, path, uid } of app.includes ?? [])
    if (type === 'dashboard')
      expect(JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8')).uid).toBe(uid);
});

test.each(nested.map(({ path, type }) => ({ path, type })))(
  '$path is a $type with id, name and logo',
  ({ path, type }) => {
    const plugin = read(path);
    expect(plugin.type).toBe(type);
    expect(plugin.id.endsWith(`-${type}`)).toBe(true);
    expect(plugin.name).not.toBe(plugin.id);
    expect(existsSync(new URL(plugin.info.logos.small, new URL(path, FOLDER)))).toBe(true);
  },
);

test('ids that the code names are those of the manifests', () => {
  const ids = nested.map(({ path }) => read(path).id);
  expect(ids).toEqual(expect.arrayContaining([HOP_PATH_PANEL_ID, PATH_GRAPH_PANEL_ID]));
});

test('the route reads only, and the token comes from the secrets that stay on the server', () => {
  const { routes } = read('datasource/plugin.json');
  expect(routes?.map(({ path }) => path)).toEqual(['hoptrace']);
  const text = readFileSync(new URL('datasource/plugin.json', FOLDER), 'utf8');
  expect(text).toContain('Bearer {{ .SecureJsonData.token }}');
});

test('the provisioning files name plugins, a setting and a folder that exist', () => {
  const provisioning = new URL('../../deploy/grafana/provisioning/', FOLDER);
  const textOf = (path: string) => readFileSync(new URL(path, provisioning), 'utf8');
  const source = textOf('datasources/hoptrace.yaml');
  expect(source).toMatch(new RegExp(`^ {4}type: ${read('datasource/plugin.json').id}$`, 'm'));
  expect(source).toMatch(/^ {6}apiUrl: \$HOPTRACE_API_URL$/m);
  expect(source).toMatch(/^ {6}token: \$HOPTRACE_API_TOKEN$/m);
  expect(textOf('plugins/hoptrace.yaml')).toMatch(new RegExp(`^ {2}- type: ${app.id}$`, 'm'));
  expect(textOf('dashboards/hoptrace.yaml')).toContain(`/plugins/${app.id}/dashboards`);
});
