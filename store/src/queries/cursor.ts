/** Where a page of paths ended: opaque to callers, base64url of a small JSON array. */
import { z } from 'zod';
import { StoreError } from '../errors.ts';
import { readPathTimeUs } from '../pathKey.ts';

const CURSOR_VERSION = 1;
const MAX_LENGTH = 256;

export interface PagePosition {
  readonly pathId: string;
  readonly startedAtUs: number;
  readonly fromUs: number;
  readonly toUs: number;
}

const timeUs = z.int().min(0);
// [1,"0ktf2m0v9aa-0123456789abcdef",1731000000000000,1731000900000000]
const cursorSchema = z.tuple([z.literal(CURSOR_VERSION), z.string(), timeUs, timeUs]);

export function writeCursor(position: Omit<PagePosition, 'startedAtUs'>): string {
  const parts = [CURSOR_VERSION, position.pathId, position.fromUs, position.toUs];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Throws HOP_STORE_CURSOR on anything that writeCursor did not make. */
export function readCursor(text: string): PagePosition {
  const parts = cursorSchema.safeParse(text.length > MAX_LENGTH ? null : decode(text));
  const startedAtUs = parts.success ? readPathTimeUs(parts.data[1]) : null;
  if (!parts.success || startedAtUs === null) {
    throw new StoreError('HOP_STORE_CURSOR', `"${text.slice(0, 40)}" is no cursor of this list`, {
      field: 'cursor',
      remedy: 'Pass nextCursor of the page before unchanged, or leave cursor out to start anew.',
    });
  }
  const [, pathId, fromUs, toUs] = parts.data;
  return { pathId, startedAtUs, fromUs, toUs };
}

function decode(text: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}
