/** A HOPTRACE_PORT_OFFSET whose three ports are free, below the range from which the kernel takes client ports. */
import { createServer } from 'node:net';

const BASE_PORTS = [7040, 7041, 7042];
const MIN_OFFSET = 4000;
const OFFSETS = 18_000;
const TRIES = 50;

export async function freePortOffset(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const offset = MIN_OFFSET + ((process.pid * 7 + attempt * 131) % OFFSETS);
    const free = await Promise.all(BASE_PORTS.map((port) => isFree(port + offset)));
    if (free.every(Boolean)) return offset;
  }
  throw new Error(`no free ports after ${TRIES} tries`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
