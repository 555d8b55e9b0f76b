/** Reads a request body whole, within limits that hold while it streams in. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../errors.ts';

export interface BodyLimits {
  readonly maxBatchBytes: number;
  readonly maxInflatedBytes: number;
  readonly maxInflateRatio: number;
}

/** Small bodies of equal records compress beyond any sane ratio, and harm nobody. */
const RATIO_FREE_BYTES = 256 * 1024;

/**
 * Answers the inflated bytes. Throws AppError: HOP_ENCODING_UNSUPPORTED for anything but gzip and identity
 * (brotli inflates 405 bytes to 256 MiB), HOP_BATCH_TOO_LARGE at the first byte over a limit,
 * HOP_BODY_ENCODING_INVALID where gzip breaks.
 */
export async function readBody(
  source: Readable,
  contentEncoding: string | undefined,
  limits: BodyLimits,
): Promise<Buffer> {
  const encoding = (contentEncoding ?? 'identity').trim().toLowerCase();
  if (encoding !== 'gzip' && encoding !== 'identity') throw unsupported(encoding);
  const chunks: Buffer[] = [];
  let wireBytes = 0;
  let inflatedBytes = 0;
  // The request is not destroyed on a refusal: its socket still has to carry the answer.
  async function* countWire(): AsyncGenerator<Buffer> {
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      wireBytes += chunk.length;
      checkWire(wireBytes, limits);
      yield chunk;
    }
  }
  async function gather(input: AsyncIterable<Buffer>) {
    for await (const chunk of input) {
      inflatedBytes += chunk.length;
      checkInflated(inflatedBytes, wireBytes, limits);
      chunks.push(chunk);
    }
  }
  try {
    if (encoding === 'gzip') await pipeline(countWire, createGunzip(), gather);
    else await gather(countWire());
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(error);
  }
  return Buffer.concat(chunks, inflatedBytes);
}

function checkWire(bytes: number, { maxBatchBytes }: BodyLimits): void {
  if (bytes > maxBatchBytes) throw tooLarge(`more than ${maxBatchBytes} bytes on the wire`);
}

function checkInflated(bytes: number, wireBytes: number, limits: BodyLimits): void {
  if (bytes > limits.maxInflatedBytes) {
    throw tooLarge(`more than ${limits.maxInflatedBytes} bytes when inflated`);
  }
  if (bytes > RATIO_FREE_BYTES && bytes > wireBytes * limits.maxInflateRatio) {
    throw tooLarge(`more than ${limits.maxInflateRatio} times its size when inflated`);
  }
}

/** Shared with the WebSocket road, where the same limit holds per message. */
export function tooLarge(what: string): AppError {
  return new AppError('HOP_BATCH_TOO_LARGE', `the batch has ${what}`, {
    problems: [{ field: 'batch', text: `has ${what}`, remedy: 'split it into smaller batches' }],
  });
}

function unsupported(encoding: string): AppError {
  return new AppError('HOP_ENCODING_UNSUPPORTED', `content-encoding ${encoding.slice(0, 40)}`, {
    problems: [
      {
        field: 'content-encoding',
        text: `"${encoding.slice(0, 40)}" is not supported`,
        remedy: 'send gzip or identity',
      },
    ],
  });
}

function unreadable(cause: unknown): AppError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new AppError('HOP_BODY_ENCODING_INVALID', `the body broke off: ${text}`, {
    problems: [
      {
        field: 'body',
        text: `cannot be read: ${text}`,
        remedy: 'send the whole body, gzip or plain',
      },
    ],
    cause,
  });
}
