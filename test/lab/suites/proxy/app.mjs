/**
 * The app behind the proxies of the suite, and what auth_request asks. Plain JavaScript: it starts without a compiler
 * in the way. `app.mjs PORT` answers `/…?id=ID&ms=N` after N milliseconds, when the whole request has come. One line a
 * request on standard output, the truth of the upstream side: id, path, peer, when that connection was accepted
 * (CLOCK_REALTIME, µs) and the how manyeth request on it this is:
 *   r7-12 /app 10.244.1.10:40001 1760000000000000 3
 */
import { createServer } from 'node:http';

const FLUSH_MS = 50;
const lines = [];
const connections = new WeakMap();

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app');
  const connection = connections.get(request.socket);
  connection.requests++;
  const { peer, acceptedAtUs, requests } = connection;
  lines.push(`${searchParams.get('id')} ${pathname} ${peer} ${acceptedAtUs} ${requests}\n`);
  request.resume().on('end', () => {
    const waitMs = Number(searchParams.get('ms') ?? 0);
    const answer = () => response.end('ok\n');
    if (waitMs > 0) setTimeout(answer, waitMs);
    else answer();
  });
});
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.on('connection', (socket) => {
  const acceptedAtUs = Math.round((performance.timeOrigin + performance.now()) * 1000);
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  connections.set(socket, { peer, acceptedAtUs, requests: 0 });
});
server.listen(Number(process.argv[2]), '0.0.0.0', 4096);
setInterval(flush, FLUSH_MS);
process.on('SIGTERM', () => {
  flush();
  process.exit(0);
});

function flush() {
  if (lines.length > 0) process.stdout.write(lines.splice(0).join(''));
}
