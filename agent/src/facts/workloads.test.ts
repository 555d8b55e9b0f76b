import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { scanWorkloads } from './workloads.ts';

const UID = '0a1b2c3d-1111-2222-3333-0123456789ab';
const container = (n: number) => n.toString(16).padStart(64, '0');
let proc: string;

beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), 'hoptrace-proc-'));
});
afterEach(() => rmSync(proc, { recursive: true }));

function addProcess(pid: number, netns: number, cgroup: string): void {
  mkdirSync(join(proc, String(pid), 'ns'), { recursive: true });
  writeFileSync(join(proc, String(pid), 'cgroup'), cgroup);
  symlinkSync(`net:[${netns}]`, join(proc, String(pid), 'ns/net'));
}
const ofPod = (n: number) => `0::/kubepods/besteffort/pod${UID}/${container(n)}\n`;

test('each container once, in order, whatever number of processes it has', async () => {
  addProcess(20, 4026532002, ofPod(2));
  addProcess(10, 4026532001, ofPod(1));
  addProcess(11, 4026532001, ofPod(1));
  expect(await scanWorkloads(proc)).toEqual({
    workloads: [
      { netns: 4026532001, podUid: UID, container: container(1) },
      { netns: 4026532002, podUid: UID, container: container(2) },
    ],
    workloadsLeftOut: 0,
  });
});

test('what is no container of a Pod is passed over, and so is a process that is gone', async () => {
  addProcess(1, 4026531840, '0::/init.scope\n');
  mkdirSync(join(proc, '77'));
  mkdirSync(join(proc, 'sys'));
  addProcess(30, 4026532003, ofPod(3));
  expect((await scanWorkloads(proc)).workloads).toHaveLength(1);
});

test('no more than 1,024, and the rest is counted', async () => {
  for (let n = 0; n < 1030; n++) addProcess(100 + n, 4026532000, ofPod(n));
  const { workloads, workloadsLeftOut } = await scanWorkloads(proc);
  expect(workloads).toHaveLength(1024);
  expect(workloadsLeftOut).toBe(6);
});

test('no /proc is an error, not an empty node', async () => {
  await expect(scanWorkloads(join(proc, 'absent'))).rejects.toThrow('ENOENT');
});
