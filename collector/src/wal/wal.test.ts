import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FRAME } from './frames.ts';
import { WalReader } from './reader.ts';
import { recoverLog } from './recover.ts';
import { WriteAheadLog } from './wal.ts';

const HEAD_AND_PREFIX = 36 + 8;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'hoptrace-wal-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function openLog(
  folder = directory,
  part: { maxBytes?: number; segmentBytes?: number } = {},
) {
  const seen: string[] = [];
  const recovered = await recoverLog(folder, ({ type, payload }) => {
    if (type === FRAME.batch) seen.push(text(payload.subarray(8)));
  });
  const stalls: unknown[] = [];
  const log = new WriteAheadLog(
    {
      directory: folder,
      maxBytes: part.maxBytes ?? 1e9,
      segmentBytes: part.segmentBytes ?? 1e6,
      nowMs: () => 0,
      onStall: (error) => stalls.push(error),
      onResume: () => stalls.push('resumed'),
    },
    recovered,
  );
  return { log, seen, recovered, stalls };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const append = (log: WriteAheadLog, words: string) =>
  log.append([new Uint8Array(8), new TextEncoder().encode(words)]);

async function readAll(log: WriteAheadLog): Promise<string[]> {
  const reader = new WalReader({ log, onDamage: () => {} });
  const words: string[] = [];
  for (let lsn = 0; ; ) {
    const batch = await reader.nextAfter(lsn);
    if (batch === null) return words;
    lsn = batch.lsn;
    words.push(text(batch.bytes));
  }
}

test('what is durable is read back in order, by this process and by the next', async () => {
  const { log } = await openLog(directory, { segmentBytes: 100 });
  const words = Array.from({ length: 20 }, (_, index) => `batch ${index}`);
  for (const each of words) await append(log, each).durable;
  expect(await readAll(log)).toEqual(words);
  expect(log.segments.length).toBeGreaterThan(5);
  await log.close();
  const again = await openLog();
  expect(again.seen).toEqual(words);
  expect(append(again.log, 'next').lsn).toBe(21);
  await again.log.close();
});

test('appends of one turn share a commit, and none is left behind', async () => {
  const { log } = await openLog();
  const all = Array.from({ length: 300 }, (_, index) => append(log, `batch ${index}`));
  await Promise.all(all.map(({ durable }) => durable));
  expect(log.committedLsn).toBe(300);
  const more = append(log, 'later');
  await more.durable;
  await log.flushed();
  expect(await readAll(log)).toHaveLength(301);
  await log.close();
});

test('the last file cut or flipped at every byte costs the record that lies there, and is reported', async () => {
  const { log } = await openLog();
  const words = ['one', 'two', 'three', 'four'];
  for (const each of words) await append(log, each).durable;
  await log.close();
  const [name = ''] = await readdir(directory);
  const whole = await readFile(path.join(directory, name));
  const ends = words.map((_, index) =>
    words.slice(0, index + 1).reduce((sum, word) => sum + HEAD_AND_PREFIX + word.length, 0),
  );
  expect(ends.at(-1)).toBe(whole.length);
  const copy = path.join(directory, 'copy');
  for (let at = 0; at < whole.length; at++) {
    for (const isCut of [true, false]) {
      await rm(copy, { recursive: true, force: true });
      await cp(path.join(directory, name), path.join(copy, name));
      const bad = isCut ? whole.subarray(0, at) : Buffer.from(whole);
      if (!isCut) bad[at] = (bad[at] ?? 0) ^ 0x20;
      await writeFile(path.join(copy, name), bad);
      const { log: again, seen, recovered } = await openLog(copy);
      const lost = ends.findIndex((end) => at < end);
      const expected = isCut ? words.slice(0, lost) : words.filter((_, index) => index !== lost);
      expect(seen).toEqual(expected);
      const isWhole = isCut && (at === 0 || ends.includes(at));
      const reports = recovered.damages.length + (recovered.tornBytes > 0 ? 1 : 0);
      expect(reports).toBe(isWhole ? 0 : 1);
      await append(again, 'after').durable;
      expect(await readAll(again)).toEqual([...expected, 'after']);
      await again.close();
    }
  }
}, 60_000);

test('files go from the oldest on, as far as nobody needs them', async () => {
  const { log } = await openLog(directory, { segmentBytes: 1 });
  for (const each of ['one', 'two', 'three']) await append(log, each).durable;
  expect(await log.release(({ lastLsn }) => lastLsn <= 1)).toBe(1);
  expect(await readAll(log)).toEqual(['two', 'three']);
  expect(await log.release(() => true)).toBe(1);
  expect(await readAll(log)).toEqual(['three']);
  await log.close();
});

test('the log says when it has no room, before it takes what it cannot keep', async () => {
  const { log } = await openLog(directory, { maxBytes: 200, segmentBytes: 1 });
  expect(log.hasRoomFor(150)).toBe(true);
  await append(log, 'x'.repeat(100)).durable;
  expect(log.hasRoomFor(150)).toBe(false);
  await append(log, 'y').durable;
  await log.release(() => true);
  expect(log.hasRoomFor(100)).toBe(true);
  await log.close();
});

const canMount = process.getuid?.() === 0 && process.platform === 'linux';
(canMount ? test : test.skip)(
  'on a full disk nothing is acknowledged; when there is room again it goes on without a restart',
  async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory]);
    try {
      const { log, stalls } = await openLog(directory, { segmentBytes: 64 * 1024 });
      let durable = 0;
      const all: Promise<void>[] = [];
      for (let index = 0; index < 40; index++) {
        all.push(
          append(log, `${index} ${'x'.repeat(16_000)}`).durable.then(() => {
            durable += 1;
          }),
        );
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      while (stalls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(log.hasRoomFor(1)).toBe(false);
      expect(durable).toBeLessThan(20);
      const kept = durable;
      expect(await readAll(log)).toHaveLength(kept);
      // As if ClickHouse took what is in the files: each round frees what is durable.
      const endMs = Date.now() + 20_000;
      while (durable < 40 && Date.now() < endMs) {
        await log.release(() => true);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(durable).toBe(40);
      expect(stalls.at(-1)).toBe('resumed');
      await log.close();
    } finally {
      execFileSync('umount', [directory]);
    }
  },
  30_000,
);
