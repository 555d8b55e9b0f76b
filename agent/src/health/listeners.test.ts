/** On a folder of the form of /proc. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ListenerSearch } from './listeners.ts';

const NETNS = 'net:[4026531840]';
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:7D00 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1
`;
let proc = '';
beforeEach(async () => {
  proc = await mkdtemp(join(tmpdir(), 'hoptrace-proc-'));
});
afterEach(() => rm(proc, { recursive: true }));

async function runs(pid: number, comm: string): Promise<void> {
  const folder = join(proc, `${pid}`);
  await rm(folder, { recursive: true, force: true });
  for (const each of ['ns', 'fd', 'net']) await mkdir(join(folder, each), { recursive: true });
  await writeFile(join(folder, 'comm'), `${comm}\n`);
  await symlink(NETNS, join(folder, 'ns/net'));
  await symlink('socket:[777]', join(folder, 'fd/3'));
  await writeFile(join(folder, 'net/tcp'), TABLE);
}

const search = () => new ListenerSearch(proc, { first: 30_000, last: 32_767 });
const ports = async (each: ListenerSearch) => (await each.find(NETNS)).map(({ port }) => port);

test('a process that becomes kube-proxy after it was first seen is found at the next look', async () => {
  const each = search();
  await runs(7, 'runc:[2:INIT]');
  expect(await ports(each)).toEqual([]);
  await runs(7, 'kube-proxy');
  expect(await ports(each)).toEqual([32_000]);
  expect(await ports(each)).toEqual([32_000]);
});

test('a number that kube-proxy got of a process long known is found when all are read again', async () => {
  const each = search();
  await runs(7, 'nginx');
  for (let look = 0; look < 3; look++) expect(await ports(each)).toEqual([]);
  await runs(7, 'kube-proxy');
  const found: number[][] = [];
  for (let look = 0; look < 12; look++) found.push(await ports(each));
  expect(found[0]).toEqual([]);
  expect(found.at(-1)).toEqual([32_000]);
});

test('kube-proxy that ends is not found any more, and is when it starts again', async () => {
  const each = search();
  await runs(7, 'kube-proxy');
  expect(await ports(each)).toEqual([32_000]);
  await rm(join(proc, '7'), { recursive: true });
  expect(await ports(each)).toEqual([]);
  await runs(8, 'kube-proxy');
  expect(await ports(each)).toEqual([32_000]);
});
