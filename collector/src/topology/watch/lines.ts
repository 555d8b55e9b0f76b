/** The lines of a stream, within bounds of length and silence. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

export interface LineLimits {
  readonly maxLineBytes: number;
  /** A peer that is silent for so long is taken for gone. */
  readonly idleMs: number;
}

/**
 * Whole lines only: what comes after the last line end was cut off, and is dropped. Throws where the stream breaks
 * off, a line is too long or the stream too long silent; ends where the sender ended it in order.
 */
export async function* linesOf(
  stream: Readable,
  { maxLineBytes, idleMs }: LineLimits,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const silent = () => stream.destroy(new Error(`nothing was heard for ${idleMs} ms`));
  let timer = setTimeout(silent, idleMs);
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > maxLineBytes)
        throw new Error(`a line is longer than ${maxLineBytes} bytes`);
      for (const line of parts) if (line.trim() !== '') yield line;
      timer = setTimeout(silent, idleMs);
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
}

/** The whole of a body as text. */
export async function textOf(
  stream: Readable,
  { maxBytes, idleMs }: { readonly maxBytes: number; readonly idleMs: number },
): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const silent = () => stream.destroy(new Error(`nothing was heard for ${idleMs} ms`));
  let timer = setTimeout(silent, idleMs);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      size += chunk.length;
      if (size > maxBytes) throw new Error(`an answer is longer than ${maxBytes} bytes`);
      chunks.push(chunk);
      timer = setTimeout(silent, idleMs);
    }
  } finally {
    clearTimeout(timer);
    stream.destroy();
  }
  return Buffer.concat(chunks, size).toString('utf8');
}
