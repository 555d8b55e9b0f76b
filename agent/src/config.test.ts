import { expect, test } from '@jest/globals';
import { loaderArgs, readAgentConfig } from './config.ts';
import { AgentError } from './errors.ts';

function problemOf(env: Record<string, string>): string {
  try {
    readAgentConfig(env, 'host');
  } catch (error) {
    if (error instanceof AgentError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'none';
}

test('an empty environment is a working configuration', () => {
  const config = readAgentConfig({ PATH: '/bin' }, 'node7');
  expect(config).toMatchObject({
    collectorUrl: 'ws://127.0.0.1:7041',
    token: null,
    node: 'node7',
    cluster: 'local',
    isSecretRandom: true,
    netns: [],
    isProxyHeaderOn: true,
    isProxyLinksOn: true,
  });
  expect(config.secret).toHaveLength(32);
  expect(Object.isFrozen(config)).toBe(true);
  expect(loaderArgs(config)).toEqual([
    ...['--source', 'auto', '--ring-bytes', '4194304'],
    ...['--proxy-header', '--proxy-links', '--exchanges', 'first'],
  ]);
});

test.each([
  ['', { host: '127.0.0.1', port: 7143 }],
  ['off', null],
  ['0.0.0.0:9100', { host: '0.0.0.0', port: 9100 }],
  ['[::1]:9100', { host: '::1', port: 9100 }],
])('metrics %s', (text, metrics) => {
  const env = { HOPTRACE_PORT_OFFSET: '100', HOPTRACE_AGENT_METRICS: text };
  expect(readAgentConfig(env, 'n').metrics).toEqual(metrics);
});

test.each(['9100', 'host', 'host:99999', 'http://host:9100'])('metrics %s is refused', (text) => {
  expect(problemOf({ HOPTRACE_AGENT_METRICS: text })).toContain('HOPTRACE_AGENT_METRICS');
});

test('two starts without a secret have different ones', () => {
  expect(readAgentConfig({}, 'n').secret).not.toEqual(readAgentConfig({}, 'n').secret);
});

test('the port offset moves the default collector, not a given one', () => {
  const offset = { HOPTRACE_PORT_OFFSET: '100' };
  expect(readAgentConfig(offset, 'n').collectorUrl).toBe('ws://127.0.0.1:7141');
  const given = { ...offset, HOPTRACE_AGENT_COLLECTOR_URL: 'wss://collector:443/' };
  expect(readAgentConfig(given, 'n').collectorUrl).toBe('wss://collector:443');
});

test('a secret is hex or base64', () => {
  const hex = readAgentConfig({ HOPTRACE_AGENT_CLUSTER_SECRET: '0f'.repeat(16) }, 'n');
  expect(hex.secret).toEqual(new Uint8Array(16).fill(15));
  const base64 = Buffer.alloc(32, 9).toString('base64');
  const other = readAgentConfig({ HOPTRACE_AGENT_CLUSTER_SECRET: base64 }, 'n');
  expect([other.secret, other.isSecretRandom]).toEqual([new Uint8Array(32).fill(9), false]);
});

test('namespaces become options of the loader', () => {
  const config = readAgentConfig(
    {
      HOPTRACE_AGENT_NETNS: 'node1=/run/netns/a,/run/netns/b',
      HOPTRACE_AGENT_HOST_NETNS: '/run/netns/a',
      HOPTRACE_AGENT_PROXY_HEADER: 'off',
      HOPTRACE_AGENT_PROXY_LINKS: 'off',
      HOPTRACE_AGENT_EXCHANGES: 'off',
    },
    'n',
  );
  expect(loaderArgs(config)).toEqual([
    '--netns',
    'node1=/run/netns/a',
    '--netns',
    '/run/netns/b',
    '--host-netns',
    '/run/netns/a',
    '--source',
    'auto',
    '--ring-bytes',
    '4194304',
  ]);
});

test.each([
  ['HOPTRACE_AGENT_CLUSTER_SECRET', 'abcdef', 'at least 16 bytes'],
  ['HOPTRACE_AGENT_CLUSTER_SECRET', 'not base64 but long enough to be!', 'hex or base64'],
  ['HOPTRACE_AGENT_COLLECTOR_URL', 'http://collector', 'must look like ws://host:port'],
  ['HOPTRACE_AGENT_TOKEN', 'short', '16'],
  ['HOPTRACE_AGENT_NETNS', 'a=relative', 'must be NAME=/path'],
  ['HOPTRACE_AGENT_PROXY_LINKS', 'yes', 'on'],
  ['HOPTRACE_AGENT_EXCHANGES', 'some', 'connections'],
  ['HOPTRACE_AGENT_MAX_OPEN_LEGS', '1.5', 'must be an integer'],
  ['HOPTRACE_AGENT_COLECTOR_URL', 'ws://x', 'unknown variable'],
])('%s=%s is refused by name', (name, value, text) => {
  const problem = problemOf({ [name]: value });
  expect(problem).toContain(`HOP_AGENT_CONFIG ${name}`);
  expect(problem).toContain(text);
});

test('a bad secret or token is not repeated in the message', () => {
  expect(problemOf({ HOPTRACE_AGENT_TOKEN: 'hunter2' })).not.toContain('hunter2');
  expect(problemOf({ HOPTRACE_AGENT_CLUSTER_SECRET: 'hunter2!' })).not.toContain('hunter2');
});
