import { expect, test } from '@jest/globals';
import { isLoopback, readConfig } from './config.ts';
import { AppError, describeError } from './errors.ts';

const read = (env: Record<string, string>, file = '') => readConfig(env, () => file);

function refusal(env: Record<string, string>, file = ''): string {
  try {
    read(env, file);
  } catch (error) {
    if (error instanceof AppError) return describeError(error);
  }
  throw new Error('the configuration was accepted');
}

test('without any variable the API listens on loopback at 7040', () => {
  expect(read({})).toMatchObject({ host: '127.0.0.1', port: 7040, tokens: [] });
  expect(read({}).webRoot).toMatch(/api\/web\/dist$/);
});

test('the offset shifts the port, but 0 stays any free one', () => {
  expect(read({ HOPTRACE_PORT_OFFSET: '100' }).port).toBe(7140);
  expect(read({ HOPTRACE_PORT_OFFSET: '100', HOPTRACE_API_PORT: '9000' }).port).toBe(9100);
  expect(read({ HOPTRACE_PORT_OFFSET: '100', HOPTRACE_API_PORT: '0' }).port).toBe(0);
});

test('an empty variable is unset, and the object is frozen', () => {
  const config = read({ HOPTRACE_API_PORT: '', HOPTRACE_API_TOKEN: '', HOPTRACE_API_HOST: '' });
  expect(config).toMatchObject({ host: '127.0.0.1', port: 7040 });
  expect(Object.isFrozen(config)).toBe(true);
});

test.each([
  ['0.0.0.0', false],
  ['::', false],
  ['192.168.1.1', false],
  ['myhost', false],
  ['127.evil.example', false],
  ['localhost', true],
  ['127.0.0.9', true],
  ['::1', true],
])('%s counts as loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
  if (!expected) expect(refusal({ HOPTRACE_API_HOST: host })).toContain('HOP_TOKEN_REQUIRED');
});

test('tokens come from the variable and from the file', () => {
  const env = {
    HOPTRACE_API_HOST: '0.0.0.0',
    HOPTRACE_API_TOKEN: 'a'.repeat(16),
    HOPTRACE_API_TOKEN_FILE: '/run/token',
  };
  const config = read(env, `${'b'.repeat(20)}\n${'c'.repeat(20)}\n`);
  expect(config.tokens).toEqual(['a'.repeat(16), 'b'.repeat(20), 'c'.repeat(20)]);
});

test('every bad variable is named with value and remedy, tokens never shown', () => {
  const text = refusal({
    HOPTRACE_API_PORT: 'tcp://10.0.0.1:7040',
    HOPTRACE_API_QUERY_TIMEOUT_MS: '-5',
    HOPTRACE_API_TOKEN: 'short-secret',
  });
  expect(text).toContain('HOPTRACE_API_PORT "tcp://10.0.0.1:7040"');
  expect(text).toContain('enableServiceLinks: false');
  expect(text).toContain('HOPTRACE_API_QUERY_TIMEOUT_MS "-5": must be an integer');
  expect(text).toContain('HOPTRACE_API_TOKEN each token needs at least 16 characters');
  expect(text).not.toContain('short-secret');
});

test('a token file that is empty, unreadable or holds a short token is refused', () => {
  const env = { HOPTRACE_API_TOKEN_FILE: '/run/token' };
  expect(refusal(env, '\n')).toContain('/run/token: holds no token');
  expect(refusal(env, 'tiny')).toContain('at least 16');
  const unreadable = () =>
    readConfig(env, () => {
      throw new Error('ENOENT: no such file');
    });
  expect(unreadable).toThrow(AppError);
});
