import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { assertLoader, checkHost, checkText } from './check.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoptrace-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function loader(script: string): Promise<string> {
  const path = join(folder, 'loader');
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const REPORT = {
  source: 'none',
  ok: false,
  kernel: '4.19.0',
  architecture: 'x86_64',
  checks: [
    { name: 'btf', ok: false, detail: '/sys/kernel/btf/vmlinux', remedy: 'use a newer kernel' },
    { name: 'cgroup2', ok: true, detail: '/sys/fs/cgroup', remedy: null },
  ],
};

test('the report of the loader is passed on, also when it exits non-zero', async () => {
  const loaderPath = await loader(`echo '${JSON.stringify(REPORT)}'; exit 4`);
  const report = await checkHost({ loaderPath, hostNetns: null });
  expect(report).toEqual(REPORT);
  expect(checkText(report)).toBe(
    [
      'this host cannot be watched (4.19.0 x86_64)',
      '  missing  btf            /sys/kernel/btf/vmlinux',
      `${' '.repeat(26)}→ use a newer kernel`,
      '  ok       cgroup2        /sys/fs/cgroup',
      '',
    ].join('\n'),
  );
});

test('a loader that is missing or says nothing is a report with a remedy', async () => {
  const missing = await checkHost({ loaderPath: join(folder, 'none'), hostNetns: null });
  expect(missing).toMatchObject({ ok: false, checks: [{ name: 'loader', ok: false }] });
  expect(missing.checks[0]?.detail).toContain('ENOENT');
  const silent = await checkHost({
    loaderPath: await loader('echo no libbpf >&2; exit 127'),
    hostNetns: '/run/netns/x',
  });
  expect(silent.checks[0]?.detail).toContain('no libbpf');
});

test('a loader that is not there is a start-up error with a code and a remedy', async () => {
  const path = join(folder, 'none');
  await expect(assertLoader(path)).rejects.toMatchObject({
    code: 'HOP_AGENT_NO_LOADER',
    message: `${path} is not there or not executable`,
  });
  await assertLoader(await loader('exit 0'));
});

test('a host without a spool can be watched, and is told what that means', async () => {
  const loaderPath = await loader(`echo '${JSON.stringify({ ...REPORT, ok: true })}'`);
  const without = await checkHost({ loaderPath, hostNetns: null, spool: null });
  expect(without.ok).toBe(true);
  expect(without.checks.at(-1)).toEqual({
    name: 'spool',
    ok: false,
    detail: 'batches wait in memory and end with the agent',
    remedy: 'set HOPTRACE_AGENT_SPOOL_DIR',
  });
  const wrong = await checkHost({ loaderPath, hostNetns: null, spool: { directory: loaderPath } });
  expect(wrong.checks.at(-1)).toMatchObject({ name: 'spool', ok: false });
});
