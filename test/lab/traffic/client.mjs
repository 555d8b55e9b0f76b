/**
 * The HTTP client of the lab, run inside the client's network namespace. Plain JavaScript: it starts without a
 * compiler in the way. Standard input: one JSON document
 *   { concurrency, timeoutMs, requests: [{ id, ip, port, path, localPort }] }
 * Standard output: one JSON line per request, in the order they end:
 *   { id, startedAtUs, connectUs, totalUs, status, errorCode }
 * Every request is a new connection from its own local port. `connectUs` is null if no connection came about;
 * `errorCode` is the system's (ECONNREFUSED …), ETIMEDOUT after `timeoutMs`, or EPROTO for an answer that is no HTTP.
 */
import { connect } from 'node:net';

const { concurrency, timeoutMs, requests } = JSON.parse(await readAll(process.stdin));
const queue = requests[Symbol.iterator]();
await Promise.all(Array.from({ length: concurrency }, work));

async function work() {
  for (const request of queue) process.stdout.write(`${JSON.stringify(await send(request))}\n`);
}

function send({ id, ip, port, path, localPort }) {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const startedAtUs = Math.round((performance.timeOrigin + startedMs) * 1000);
    const sinceUs = () => Math.round((performance.now() - startedMs) * 1000);
    let connectUs = null;
    let answer = '';
    let late = null;
    const socket = connect({ host: ip, port, localPort });
    const end = (status, errorCode) => {
      clearTimeout(timer);
      clearImmediate(late);
      socket.destroy();
      resolve({ id, startedAtUs, connectUs, totalUs: sinceUs(), status, errorCode });
    };
    // An answer that waits to be read counts: a busy machine runs the timer first, so what has come is polled once more.
    const timer = setTimeout(() => {
      late = setImmediate(() => end(null, 'ETIMEDOUT'));
    }, timeoutMs);
    socket.on('connect', () => {
      connectUs = sinceUs();
      socket.write(
        `GET ${path}?id=${id} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`,
      );
    });
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', (error) => end(null, error.code ?? 'EUNKNOWN'));
    socket.on('end', () => {
      const status = /^HTTP\/1\.[01] (\d{3}) /.exec(answer)?.[1];
      if (status === undefined) end(null, 'EPROTO');
      else end(Number(status), null);
    });
  });
}

async function readAll(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
