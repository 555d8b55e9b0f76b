/** The files of the log: `NUMBER-LSN-SALT.wal`, LSN being that of the first batch that the file may hold. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { FrameFile } from '@hoptrace/domain/wire/frame.ts';
import { checksum } from './frames.ts';
import type { LogFile, LogFs } from './logFs.ts';

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
export async function listSegments(fs: LogFs, directory: string): Promise<Segment[]> {
  const names = (await fs.names(directory)).filter((name) => NAME.test(name)).sort();
  return names.map((name) => segmentOf(directory, name));
}

/** Creates the file, and fsyncs the directory so that the name survives a power loss. */
export async function createSegment(
  fs: LogFs,
  directory: string,
  { number, firstLsn }: { readonly number: number; readonly firstLsn: number },
): Promise<{ segment: Segment; handle: LogFile }> {
  const salt = randomBytes(4).toString('hex');
  const name = `${String(number).padStart(10, '0')}-${String(firstLsn).padStart(16, '0')}-${salt}.wal`;
  const segment = segmentOf(directory, name);
  const handle = await fs.create(segment.path);
  try {
    await fs.syncDirectory(directory);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return { segment, handle };
}

/**
 * Batches of a segment are below this. A write that failed is given up where it is and repeated in the next file, whose
 * name begins with it: what is left of it here, in part or whole, means nothing.
 */
export function endOf(segment: Segment, all: readonly Segment[]): number {
  const next = all.find(({ number }) => number > segment.number);
  return next?.firstLsn ?? Number.POSITIVE_INFINITY;
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
