import { expect, test } from '@jest/globals';
import { readConfig } from './config.ts';
import { AppError } from './errors.ts';

const noFile = (): string => {
  throw new Error('ENOENT');
};

function errorOf(env: Record<string, string>, readText = noFile): AppError {
  try {
    readConfig(env, readText);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('was accepted');
}

test('without settings the collector listens on loopback, without a token', () => {
  const config = readConfig({}, noFile);
  expect(config).toMatchObject({ host: '127.0.0.1', port: 7041, tokens: [], topologyFile: null });
  expect(Object.isFrozen(config)).toBe(true);
});

test('the port offset shifts the port, and an empty variable is an unset one', () => {
  const env = { HOPTRACE_PORT_OFFSET: '100', HOPTRACE_COLLECTOR_HOST: '' };
  expect(readConfig(env, noFile)).toMatchObject({ host: '127.0.0.1', port: 7141 });
});

test('beyond loopback a token is required', () => {
  for (const host of ['0.0.0.0', '::', '10.0.0.5', 'collector.example']) {
    const error = errorOf({ HOPTRACE_COLLECTOR_HOST: host });
    expect(error.code).toBe('HOP_TOKEN_REQUIRED');
    expect(error.problems[0]?.field).toBe('HOPTRACE_COLLECTOR_TOKEN');
  }
  const token = 'a-token-of-20-letters';
  const env = { HOPTRACE_COLLECTOR_HOST: '0.0.0.0', HOPTRACE_COLLECTOR_TOKEN: token };
  expect(readConfig(env, noFile).tokens).toEqual([token]);
});

test('token files are checked at the start, line by line; a token is never shown', () => {
  const env = { HOPTRACE_COLLECTOR_HOST: '::', HOPTRACE_COLLECTOR_TOKEN_FILE: '/secrets/token' };
  const text = 'first-token-0123456\nsecond-token-012345 tenant=a\n';
  expect(readConfig(env, () => text)).toMatchObject({ tokens: [], tokenFile: '/secrets/token' });
  expect(errorOf(env).problems[0]?.text).toBe('/secrets/token: ENOENT');
  expect(errorOf(env, () => '\n').problems[0]?.text).toContain('holds no token');
  expect(errorOf(env, () => text.replace('tenant', 'tennant')).problems[0]?.text).toMatch(
    /^.secrets.token: line 2: what follows the token is not known/,
  );
  const revoked = { HOPTRACE_COLLECTOR_REVOKED_FILE: '/revoked' };
  expect(errorOf(revoked, () => 'x').problems[0]?.field).toBe('HOPTRACE_COLLECTOR_REVOKED_FILE');
});

test('a bad value is named with variable and remedy; a token is never shown', () => {
  const error = errorOf({ HOPTRACE_COLLECTOR_PORT: '70o1', HOPTRACE_COLLECTOR_TOKEN: 'short' });
  expect(error.code).toBe('HOP_CONFIG_INVALID');
  expect(error.problems.map(({ field, text }) => `${field} ${text}`)).toEqual([
    'HOPTRACE_COLLECTOR_PORT "70o1": must be an integer',
    'HOPTRACE_COLLECTOR_TOKEN each token needs at least 16 characters',
  ]);
});

test('the port that a Kubernetes service link sets is explained', () => {
  const error = errorOf({ HOPTRACE_COLLECTOR_PORT: 'tcp://10.96.0.7:7041' });
  expect(error.problems[0]?.remedy).toContain('enableServiceLinks');
});
