/**
 * One end of a TCP connection, for traffic.test.ts; its own words, one JSON line each, on standard output.
 *   server HOST      listens, and does what the first byte of a connection asks: see ANSWERS
 *   client HOST PORT LETTER   asks, reads to the end, and closes (f: while the server waits for it)
 */
import { connect, createServer } from 'node:net';

const DOWNLOAD_BYTES = 1_500_000;
const say = (word) => process.stdout.write(`${JSON.stringify(word)}\n`);

const ANSWERS = {
  /** A download, and the server closes. */
  d: (socket) => socket.end(Buffer.alloc(DOWNLOAD_BYTES, 'x')),
  /** Ten bytes, and the client is to close. */
  f: (socket) => socket.write('0123456789'),
  /** Ten bytes, and when the client answers them, a reset. */
  r: (socket) => {
    socket.write('0123456789');
    socket.once('data', () => socket.resetAndDestroy());
  },
};

function serve(host) {
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => ANSWERS[String.fromCharCode(bytes[0])]?.(socket));
  });
  server.listen(0, host, () => say({ port: server.address().port }));
}

function ask(host, port, letter) {
  const socket = connect({ host, port: Number(port) });
  let bytes = 0;
  socket.on('connect', () => socket.write(letter.padEnd(20, '.')));
  socket.on('data', (piece) => {
    bytes += piece.length;
    if (letter === 'f') socket.end();
    if (letter === 'r') socket.write('again');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => say({ bytes }));
}

const [role, host = '', port, letter] = process.argv.slice(2);
if (role === 'server') serve(host);
else ask(host, port, letter);
