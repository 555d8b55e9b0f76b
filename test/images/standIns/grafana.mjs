/**
 * Stands in for Grafana's server: reads app and provisioning from where the image has them, as Grafana would, and hands
 * requests on as its data proxy does, by the route in the data source's plugin.json. Draws nothing.
 */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const APP = join(process.env.GF_PATHS_PLUGINS, 'hoptrace-hoptrace-app');
const PROVISIONING = '/etc/grafana/provisioning';
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const provisioned = (path) =>
  readFileSync(join(PROVISIONING, path), 'utf8').replace(/\$([A-Z_]+)/g, (_, name) => {
    if (!process.env[name]) throw new Error(`${path} asks for ${name}, which is not set`);
    return process.env[name];
  });
const field = (text, name) => new RegExp(`^ *${name}: (.+)$`, 'm').exec(text)?.[1];

const source = provisioned('datasources/hoptrace.yaml');
const plugin = json(join(APP, 'datasource/plugin.json'));
const dashboards = field(provisioned('dashboards/hoptrace.yaml'), 'path');
const facts = {
  app: json(join(APP, 'plugin.json')).id,
  enabled: field(provisioned('plugins/hoptrace.yaml'), '- type'),
  source: field(source, 'type') === plugin.id,
  dashboards: readdirSync(dashboards).map((name) => json(join(dashboards, name)).uid),
  password: (process.env.GF_SECURITY_ADMIN_PASSWORD ?? '').length >= 32,
};
accessSync(process.env.GF_PATHS_DATA, constants.W_OK);

const { path, url, headers } = plugin.routes[0];
const values = {
  JsonData: { apiUrl: field(source, 'apiUrl') },
  SecureJsonData: { token: field(source, 'token') },
};
const fill = (text) =>
  text.replace(/\{\{ \.(\w+)\.(\w+) \}\}/g, (_, group, name) => values[group][name]);
const prefix = `/api/datasources/proxy/uid/${field(source, 'uid')}/${path}/`;

const server = createServer(async (request, response) => {
  try {
    if (request.url === '/api/health') return response.end(JSON.stringify(facts));
    if (!request.url.startsWith(prefix)) return response.writeHead(404).end();
    const answer = await fetch(`${fill(url)}/${request.url.slice(prefix.length)}`, {
      headers: Object.fromEntries(headers.map(({ name, content }) => [name, fill(content)])),
    });
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(await answer.text());
  } catch (error) {
    response.writeHead(502).end(String(error?.cause ?? error));
  }
}).listen(3000);
process.once('SIGTERM', () => server.close(() => process.exit(0)));
