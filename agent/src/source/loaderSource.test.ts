import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodeFrame } from '../frames/encode.ts';
import type { Frame } from '../frames/frame.ts';
import { createRecording, readRecording } from '../recording.ts';
import { helloOf } from '../testPackets.ts';
import { LoaderSource } from './loaderSource.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoptrace-loader-'));
});
afterAll(() => rm(folder, { recursive: true }));

const HELLO: Frame = { kind: 'hello', hello: helloOf() };
const CLOCK: Frame = { kind: 'clock', monotonicNs: 1n, realtimeMinusMonotonicNs: 2n };

/** A program that writes `frames` as a loader would and then runs `script`. */
async function program(name: string, frames: readonly Uint8Array[], script: string) {
  const data = join(folder, `${name}.bin`);
  await writeFile(data, Buffer.concat(frames));
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\ncat ${data}\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

function run(loaderPath: string, recordFile: string | null = null) {
  const frames: Frame[] = [];
  const breaks: string[] = [];
  const source = new LoaderSource({
    loaderPath,
    args: ['--proxy-links'],
    openRecording:
      recordFile === null
        ? null
        : () =>
            createRecording(recordFile, {
              hoptraceRecording: 1,
              node: 'n',
              cluster: 'c',
              recordedAt: '',
              how: '',
            }),
    log: () => undefined,
    minBackoffMs: 5,
  });
  source.start({
    onFrames: (more) => frames.push(...more),
    onBadFrames: () => undefined,
    onBreak: (problem) => breaks.push(problem),
  });
  return { source, frames, breaks };
}

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`still not so: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('frames of a running loader are delivered and recorded; close ends it', async () => {
  const path = await program('good', [HELLO, CLOCK].map(encodeFrame), 'exec sleep 600');
  const recordFile = join(folder, 'good.rec.gz');
  const { source, frames, breaks } = run(path, recordFile);
  await until(() => frames.length === 2);
  await source.close();
  expect(frames).toEqual([HELLO, CLOCK]);
  expect(breaks).toEqual([]);
  expect((await readRecording(recordFile)).frames).toEqual([HELLO, CLOCK]);
});

test('a loader that ends is started again, with its last words as the problem', async () => {
  const path = await program(
    'short',
    [encodeFrame(CLOCK)],
    'echo "needs CAP_BPF: run as root" >&2; exit 3',
  );
  const { source, frames, breaks } = run(path);
  await until(() => breaks.length >= 2);
  await source.close();
  expect(frames.length).toBeGreaterThanOrEqual(2);
  expect(breaks[0]).toBe('exit 3: needs CAP_BPF: run as root');
});

test('a stream that cannot be read is given up at once, though its loader runs on', async () => {
  const bad = encodeFrame(CLOCK);
  bad[5] = 9;
  const path = await program('garbled', [bad], 'exec sleep 600');
  const { source, breaks } = run(path);
  await until(() => breaks.length >= 1);
  await source.close();
  expect(breaks[0]).toContain('this agent reads layout version 4');
});

test('a loader that is not there is a problem, not a crash', async () => {
  const { source, breaks } = run(join(folder, 'none'));
  await until(() => breaks.length >= 1);
  await source.close();
  expect(breaks[0]).toContain('ENOENT');
});
