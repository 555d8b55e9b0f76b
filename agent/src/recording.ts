/**
 * A recording: what one loader wrote, to be played again through the same agent. gzip of
 *
 *   {"hoptraceRecording":1,"node":"node1","cluster":"lab","recordedAt":"2026-…Z","how":"…"}\n
 *   raw frames exactly as in agent/bpf/hop.h, hello and clock first
 *
 * A recording holds addresses and raw sequence numbers of the recorded connections: keep those of real networks.
 */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createGzip, gunzip } from 'node:zlib';
import { z } from 'zod';
import { AgentError } from './errors.ts';
import { FrameDecoder } from './frames/decoder.ts';
import type { Frame } from './frames/frame.ts';

export const RECORDING_VERSION = 1;
const MAX_HEADER_BYTES = 16 * 1024;
/** About 1.5 million packets; a recording is meant to be a minute, not a day. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

const headerSchema = z.object({
  hoptraceRecording: z.literal(RECORDING_VERSION),
  node: z.string().min(1).max(253),
  cluster: z.string().min(1).max(63),
  recordedAt: z.string(),
  how: z.string().max(1_000),
});
export type RecordingHeader = z.infer<typeof headerSchema>;

export interface Recording {
  readonly header: RecordingHeader;
  readonly frames: readonly Frame[];
}

export interface RecordingWriter {
  /** Takes one whole frame. Frames beyond the size limit are not written. */
  write(rawFrame: Uint8Array): void;
  /** Resolves when the file is complete; rejects when it could not be written. */
  close(): Promise<void>;
}

/** Opens `path` anew (an old recording there is overwritten). */
export function createRecording(path: string, header: RecordingHeader): RecordingWriter {
  const gzip = createGzip();
  const file = createWriteStream(path);
  const finished = new Promise<void>((resolve, reject) => {
    file.on('finish', resolve);
    file.on('error', reject);
  });
  // Reported by close(); without a handler it would end the process before.
  finished.catch(() => undefined);
  gzip.pipe(file);
  gzip.write(`${JSON.stringify(header)}\n`);
  let bytes = 0;
  return {
    write: (rawFrame) => {
      bytes += rawFrame.length;
      if (bytes <= MAX_INFLATED_BYTES - MAX_HEADER_BYTES) gzip.write(Buffer.from(rawFrame));
    },
    close: () => {
      gzip.end();
      return finished;
    },
  };
}

/** Reads a whole recording. Throws AgentError HOP_AGENT_RECORDING naming the file and what is wrong with it. */
export async function readRecording(path: string): Promise<Recording> {
  const bytes = await inflate(path);
  const headerEnd = bytes.subarray(0, MAX_HEADER_BYTES).indexOf(0x0a);
  if (headerEnd < 0) throw unreadable(path, 'has no header line');
  const header = headerSchema.safeParse(parseJson(bytes.subarray(0, headerEnd).toString('utf8')));
  if (!header.success) {
    const issue = header.error.issues[0];
    throw unreadable(path, `header field ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const decoder = new FrameDecoder();
  const frames = decoder.push(bytes.subarray(headerEnd + 1)).map((each) => each.frame);
  if (decoder.failure !== null) throw unreadable(path, decoder.failure);
  if (decoder.badFrames > 0) throw unreadable(path, `${decoder.badFrames} frames do not decode`);
  return { header: header.data, frames };
}

async function inflate(path: string): Promise<Buffer> {
  try {
    const options = { maxOutputLength: MAX_INFLATED_BYTES };
    return await promisify<Buffer, typeof options, Buffer>(gunzip)(await readFile(path), options);
  } catch (error) {
    throw unreadable(path, String(error).replace(/^\w*Error: /, ''), error);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(path: string, detail: string, cause?: unknown): AgentError {
  const remedy = 'record it again with this version (HOPTRACE_AGENT_RECORD_FILE)';
  return new AgentError('HOP_AGENT_RECORDING', `recording ${path}: ${detail}`, remedy, cause);
}
