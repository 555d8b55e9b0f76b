/** What a log on disk still holds after the process before ended, however it ended. */
import { type Damage, type Frame, scanFrames } from '@hoptrace/domain/wire/frame.ts';
import { FRAME } from './frames.ts';
import { DISK, type LogFs } from './logFs.ts';
import { endOf, listSegments, type Segment } from './segment.ts';

export interface LogDamage extends Damage {
  readonly path: string;
}

export interface Recovered {
  /** Oldest first; empty files are gone. */
  readonly segments: Segment[];
  readonly nextLsn: number;
  readonly nextNumber: number;
  /** Frames that are lost inside the log. Reported, since something was acknowledged there. */
  readonly damages: readonly LogDamage[];
  /** Bytes cut off at the end: a write that was not finished, hence not acknowledged. */
  readonly tornBytes: number;
}

/**
 * Reads every frame, in order, and hands it to `visit`, a batch once. What was written again after a failed fsync
 * counts where it was written last (endOf). One segment is in memory at a time; the frame is a view of it.
 */
export async function recoverLog(
  directory: string,
  visit: (frame: Frame) => void,
  fs: LogFs = DISK,
): Promise<Recovered> {
  const listed = await listSegments(fs, directory);
  const segments: Segment[] = [];
  const damages: LogDamage[] = [];
  let lastLsn = 0;
  let tornBytes = 0;
  for (const [index, segment] of listed.entries()) {
    lastLsn = Math.max(lastLsn, segment.firstLsn - 1);
    const endLsn = endOf(segment, listed);
    const found = await readSegment(fs, segment, endLsn, (frame) => {
      const isRepeated = frame.type === FRAME.batch && frame.id <= lastLsn;
      lastLsn = Math.max(lastLsn, Math.min(frame.id, endLsn - 1));
      if (!isRepeated) visit(frame);
    });
    for (const { id } of found.damages) lastLsn = Math.max(lastLsn, id ?? 0);
    damages.push(...found.damages.map((damage) => ({ ...damage, path: segment.path })));
    if (index === listed.length - 1) tornBytes = found.tornBytes;
    else if (found.tornBytes > 0) {
      const { sizeBytes: offset } = segment;
      damages.push({ path: segment.path, offset, sizeBytes: found.tornBytes, id: null });
    }
    if (segment.sizeBytes > 0) segments.push(segment);
    else await fs.remove(segment.path);
  }
  const last = segments.at(-1);
  // Else the next start would report the same bytes again.
  if (last !== undefined && tornBytes > 0) await fs.cut(last.path, last.sizeBytes);
  const nextNumber = (listed.at(-1)?.number ?? 0) + 1;
  return { segments, nextLsn: lastLsn + 1, nextNumber, damages, tornBytes };
}

async function readSegment(
  fs: LogFs,
  segment: Segment,
  endLsn: number,
  visit: (frame: Frame) => void,
): Promise<{ damages: Damage[]; tornBytes: number }> {
  const bytes = await fs.read(segment.path);
  const damages: Damage[] = [];
  for (const each of scanFrames(bytes, segment.file)) {
    if ('damage' in each) {
      if ((each.damage.id ?? 0) < endLsn) damages.push(each.damage);
      continue;
    }
    const { frame } = each;
    if (frame.type === FRAME.batch && frame.id >= endLsn) continue;
    segment.lastTimeMs = frame.timeMs;
    if (frame.type === FRAME.batch) segment.lastLsn = Math.max(segment.lastLsn, frame.id);
    visit(frame);
  }
  segment.sizeBytes = bytes.length;
  const last = damages.at(-1);
  // A frame that is there in full length was written whole, and is damaged since. A shorter one was never finished.
  const isTorn = last?.id === null && last.offset + last.sizeBytes === bytes.length;
  if (last === undefined || !isTorn) return { damages, tornBytes: 0 };
  segment.sizeBytes = last.offset;
  return { damages: damages.slice(0, -1), tornBytes: last.sizeBytes };
}
