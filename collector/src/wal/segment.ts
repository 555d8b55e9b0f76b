/** The files of the log: `NUMBER-LSN-SALT.wal`, LSN being that of the first batch that the file may hold. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FrameFile } from '@hoptrace/domain/wire/frame.ts';
import { checksum } from './frames.ts';

const NAME = /^(\d{10})-(\d{16})-([0-9a-f]{8})\.wal$/;

export interface Segment {
  readonly path: string;
  /** Grows by one from file to file. */
  readonly number: number;
  readonly file: FrameFile;
  readonly firstLsn: number;
  /** Of the last batch in it; firstLsn - 1 while there is none. */
  lastLsn: number;
  /** Bytes that are whole and fsynced. */
  sizeBytes: number;
  /** Of its newest frame. */
  lastTimeMs: number;
}

/** The segments of a directory, oldest first, not yet read. Other files are left alone. */
export async function listSegments(directory: string): Promise<Segment[]> {
  const names = (await readdir(directory)).filter((name) => NAME.test(name)).sort();
  return names.map((name) => segmentOf(directory, name));
}

/** Creates the file, and fsyncs the directory so that the name survives a power loss. */
export async function createSegment(
  directory: string,
  { number, firstLsn }: { readonly number: number; readonly firstLsn: number },
): Promise<{ segment: Segment; handle: FileHandle }> {
  const salt = randomBytes(4).toString('hex');
  const name = `${String(number).padStart(10, '0')}-${String(firstLsn).padStart(16, '0')}-${salt}.wal`;
  const segment = segmentOf(directory, name);
  const handle = await open(segment.path, 'wx', 0o600);
  try {
    await syncDirectory(directory);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { segment, handle };
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function segmentOf(directory: string, name: string): Segment {
  const [, number = '', lsn = '', salt = ''] = NAME.exec(name) ?? [];
  const firstLsn = Number(lsn);
  return {
    path: path.join(directory, name),
    number: Number(number),
    file: { salt: Number.parseInt(salt, 16), checksum },
    firstLsn,
    lastLsn: firstLsn - 1,
    sizeBytes: 0,
    lastTimeMs: 0,
  };
}
