/** What receiving, summing, writing and syncing bytes costs without anybody looking at them. */
import { open } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { crc32 } from 'node:zlib';

const HEAD_BYTES = 4;
const NOTHING: Buffer = Buffer.alloc(0);

export interface Floor {
  readonly url: string;
  close(): Promise<void>;
}

/** Each batch (u32 length, bytes) is written behind the last one, with one fdatasync, and answered with a byte. */
export async function openFloor(file: string): Promise<Floor> {
  const handle = await open(file, 'w');
  let position = 0;
  let turn = Promise.resolve();
  const keep = async (parts: readonly Buffer[], socket: Socket) => {
    const { bytesWritten } = await handle.writev([...parts], position);
    position += bytesWritten;
    await handle.datasync();
    if (!socket.destroyed) socket.write(Buffer.of(1));
  };
  const server = createServer((socket) => {
    let parts: Buffer[] = [];
    let missing = 0;
    let check = 0;
    let rest: Buffer = NOTHING;
    const take = (chunk: Buffer): void => {
      if (missing === 0 && chunk.length < HEAD_BYTES) {
        // A length that is cut in two waits for its other half.
        rest = chunk;
        return;
      }
      if (missing === 0) {
        missing = chunk.readUInt32LE(0);
        if (chunk.length > HEAD_BYTES) take(chunk.subarray(HEAD_BYTES));
        return;
      }
      const part = chunk.subarray(0, missing);
      check = crc32(part, check);
      parts.push(part);
      missing -= part.length;
      if (missing > 0) return;
      const whole = parts;
      parts = [];
      turn = turn.then(() => keep(whole, socket));
      if (chunk.length > part.length) take(chunk.subarray(part.length));
    };
    socket.on('data', (chunk) => {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      rest = NOTHING;
      take(bytes);
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await turn;
      await handle.close();
    },
  };
}
