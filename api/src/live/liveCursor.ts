/** Where a live stream ended: which feed, its last event, and the time, for when that feed is gone. */
import { z } from 'zod';
import { badCursor } from '../parameters.ts';

const VERSION = 1;
const schema = z.tuple([z.literal(VERSION), z.string().max(40), z.int().min(0), z.int().min(0)]);

export interface LivePlace {
  /** Differs with every start of the API. */
  readonly epoch: string;
  readonly seq: number;
  readonly atUs: number;
}

export function writeLiveCursor({ epoch, seq, atUs }: LivePlace): string {
  return Buffer.from(JSON.stringify([VERSION, epoch, seq, atUs])).toString('base64url');
}

/** Throws HOP_CURSOR_INVALID. */
export function readLiveCursor(text: string): LivePlace {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    const [, epoch, seq, atUs] = schema.parse(decoded);
    return { epoch, seq, atUs };
  } catch {
    throw badCursor('This is no cursor of the live stream.');
  }
}
