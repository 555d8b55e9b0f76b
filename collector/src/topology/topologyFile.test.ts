import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TopologyBook } from './topologyBook.ts';
import { TopologyFile } from './topologyFile.ts';

let directory = '';
let file = '';
let book: TopologyBook;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'hoptrace-topology-'));
  file = path.join(directory, 'topology.json');
  book = new TopologyBook({ keepUs: 3600e6, maxEnded: 1000 });
});
afterEach(() => rm(directory, { recursive: true }));

/** Through a rename, as kubelet and careful scripts do; a fresh inode shows the change at once. */
async function replace(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
const nodes = (...names: string[]) =>
  JSON.stringify(
    names.map((name, index) => ({
      kind: 'Node',
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address: `192.168.50.${index + 1}` }] },
    })),
  );

test('without a file the topology is empty and stays so', async () => {
  const topology = new TopologyFile(null, book);
  await topology.load();
  expect(topology.state).toMatchObject({ objectCount: 0, error: null });
  expect(await topology.poll()).toBe(false);
});

test('a broken file at the start is an error that names it', async () => {
  await replace('{');
  await expect(new TopologyFile(file, book).load()).rejects.toMatchObject({
    code: 'HOP_TOPOLOGY_INVALID',
    message: `topology file ${file} is not valid`,
  });
  await expect(new TopologyFile(`${file}.absent`, book).load()).rejects.toMatchObject({
    code: 'HOP_TOPOLOGY_INVALID',
  });
});

const nowUs = () => Date.now() * 1000;

test('a changed file is taken over, a broken one leaves the old topology in use', async () => {
  await replace(nodes('a'));
  const topology = new TopologyFile(file, book);
  await topology.load();
  expect([...book.topologyAt('lab', nowUs()).nodeByIp]).toEqual([['192.168.50.1', 'a']]);
  const beforeUs = nowUs();
  expect(await topology.poll()).toBe(false);

  await replace(nodes('b', 'c'));
  expect(await topology.poll()).toBe(true);
  expect(topology.state.objectCount).toBe(2);

  await replace('{ half written');
  expect(await topology.poll()).toBe(true);
  expect(await topology.poll()).toBe(false);
  expect(topology.state.error?.code).toBe('HOP_TOPOLOGY_INVALID');
  expect(book.topologyAt('lab', nowUs() + 60_000_000).nodeByIp.get('192.168.50.2')).toBe('c');
  // A connection that began before the change keeps the names of its time.
  expect(book.topologyAt('lab', beforeUs - 1_000_000).nodeByIp.get('192.168.50.1')).toBe('a');

  await rm(file);
  expect(await topology.poll()).toBe(true);
  expect(topology.state.objectCount).toBe(2);

  await replace(nodes('d'));
  expect(await topology.poll()).toBe(true);
  expect(topology.state.error).toBe(null);
  expect(topology.state.objectCount).toBe(1);
});
