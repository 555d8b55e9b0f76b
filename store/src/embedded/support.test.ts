import { expect, test } from '@jest/globals';
import { assertSupported, type HostFacts } from './support.ts';

const host: HostFacts = { platform: 'linux', arch: 'x64', glibcVersion: '2.36', hasLibrary: true };

test('Linux with glibc and macOS are supported', () => {
  assertSupported(host);
  assertSupported({ ...host, platform: 'darwin', arch: 'arm64', glibcVersion: null });
});

test.each([
  ['musl', { glibcVersion: null }, 'musl', 'Debian'],
  ['Windows', { platform: 'win32', glibcVersion: null }, 'win32', 'Linux'],
  ['a 32-bit machine', { arch: 'arm' }, 'linux arm', 'x64'],
  ['absent optional packages', { hasLibrary: false }, 'chdb and ffi-rs', '--omit=optional'],
])('%s is refused with the reason and two ways out', (_, change, reason, remedy) => {
  expect(() => assertSupported({ ...host, ...change })).toThrow(
    expect.objectContaining({
      code: 'HOP_EMBEDDED_UNSUPPORTED',
      message: expect.stringContaining(reason),
      remedy: expect.stringMatching(new RegExp(`${remedy}.*CLICKHOUSE_URL`)),
    }),
  );
});
