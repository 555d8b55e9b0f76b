/** Against a process that calls itself kube-proxy, and one that does not, over real sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { HealthWatch } from './healthWatch.ts';

const SERVER = `
const [title, first] = process.argv.slice(1);
process.title = title;
let count = 1;
const answer = (request, response) => {
  if (request.method === 'PUT') count = Number(request.url.slice(1));
  response.writeHead(count > 0 ? 200 : 503);
  response.end(JSON.stringify({ service: { namespace: 'shop', name: 'web' }, localEndpoints: count }));
};
const http = require('node:http');
const health = http.createServer(answer).listen(0, '0.0.0.0', () =>
  http.createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1', () => console.log(health.address().port)));
`;
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child);
});

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function started(title: string) {
  const child = spawn(process.execPath, ['-e', SERVER, title], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  return { child, port: Number(String(line)) };
}

function watch() {
  let us = 1_000_000;
  return new HealthWatch({
    ...{ hostNetns: null, procFolder: '/proc', ports: { first: 1024, last: 65_535 } },
    log: () => {},
    nowUs: () => {
      us += 1;
      return us;
    },
  });
}

const shown = (health: HealthWatch, port: number) =>
  health.report.checks
    .filter((check) => check.port === port)
    .flatMap(({ service, sightings }) => [service, ...sightings.map(({ state }) => state)]);

test('finds what kube-proxy serves, follows its changes, and calls its silence unknown', async () => {
  const { child, port } = await started('kube-proxy');
  const health = watch();
  await health.look();
  await health.probe();
  expect(shown(health, port)).toEqual(['web', 'healthy']);
  const version = health.version;
  await health.probe();
  expect(health.version).toBe(version);
  await fetch(`http://127.0.0.1:${port}/0`, { method: 'PUT' });
  await health.probe();
  expect(shown(health, port)).toEqual(['web', 'healthy', 'unhealthy']);
  await stopped(child);
  await health.look();
  await health.probe();
  expect(shown(health, port)).toEqual(['web', 'healthy', 'unhealthy', 'unknown']);
  expect(health.version).toBeGreaterThan(version);
}, 60_000);

test('asks nothing of a process that is no proxy, and tells nothing of what is no health check', async () => {
  const { port } = await started('somebody');
  await started('kube-proxy');
  const health = watch();
  await health.look();
  await health.probe();
  expect(shown(health, port)).toEqual([]);
  expect(health.report.checks.every(({ service }) => service === 'web')).toBe(true);
}, 60_000);
