import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AgentError } from './errors.ts';
import { encodeFrame } from './frames/encode.ts';
import type { Frame } from './frames/frame.ts';
import { createRecording, type RecordingHeader, readRecording } from './recording.ts';
import { framesOf, helloOf, packetsOf, UPLINK } from './testPackets.ts';

const header: RecordingHeader = {
  hoptraceRecording: 1,
  node: 'node1',
  cluster: 'lab',
  recordedAt: '2026-01-01T00:00:00.000Z',
  how: 'a test',
};
const FRAMES: readonly Frame[] = [
  { kind: 'hello', hello: helloOf() },
  { kind: 'clock', monotonicNs: 1n, realtimeMinusMonotonicNs: 2n },
  ...framesOf([packetsOf({ place: UPLINK, syn: 'rx', tuple: '10.0.0.1:1>10.0.0.2:2' }).syn(3)]),
];

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hoptrace-recording-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function problemOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'bad.gz');
  await writeFile(path, bytes);
  return readRecording(path).then(
    () => 'none',
    (error: unknown) => {
      if (error instanceof AgentError) return `${error.code} ${error.message}`;
      throw error;
    },
  );
}

test('what was written is read again', async () => {
  const path = join(folder, 'node1.rec.gz');
  const writer = createRecording(path, header);
  for (const frame of FRAMES) writer.write(encodeFrame(frame));
  await writer.close();
  expect(await readRecording(path)).toEqual({ header, frames: FRAMES });
});

test('a recording that was cut is refused', async () => {
  const path = join(folder, 'node1.rec.gz');
  expect(await problemOf((await readFile(path)).subarray(0, -20))).toContain('HOP_AGENT_RECORDING');
});

test('bytes that are no recording are refused, naming file and reason', async () => {
  expect(await problemOf(Buffer.from('plain text'))).toContain('bad.gz: incorrect header check');
  expect(await problemOf(gzipSync('no newline'))).toContain('has no header line');
  expect(await problemOf(gzipSync('{"hoptraceRecording":2}\n'))).toContain(
    'header field hoptraceRecording',
  );
  const text = `${JSON.stringify(header)}\n`;
  expect(await problemOf(gzipSync(`${text}garbage bytes here`))).toContain('out of step');
});

test('a file that is not there is refused by name', async () => {
  await expect(readRecording(join(folder, 'none.gz'))).rejects.toThrow('none.gz');
});

test('a writer whose file cannot be written says so when it is closed', async () => {
  const writer = createRecording(join(folder, 'no', 'such', 'folder.gz'), header);
  writer.write(encodeFrame(FRAMES[2] as Frame));
  await expect(writer.close()).rejects.toThrow('ENOENT');
});
