/**
 * Steady traffic from the lab's client, until standard input is closed. Plain JavaScript, as traffic/client.mjs.
 * First line of standard input: { targets: [{ ip, port }], perSecond, firstPort, timeoutMs }; `perSecond` for each.
 * Standard output: one JSON line per request, in the order they end:
 *   { id, ip, port, localPort, startedAtUs, connectUs, totalUs, pod, errorCode }
 * Every request is a new connection from a port of its own, with its id in the URL; `pod` is who answered.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const input = createInterface({ input: process.stdin });
const { value } = await input[Symbol.asyncIterator]().next();
const { targets, perSecond, firstPort, timeoutMs } = JSON.parse(value);
let sent = 0;
const timer = setInterval(
  () => {
    const target = targets[sent % targets.length];
    send({ ...target, id: `k-${sent}`, localPort: firstPort + sent });
    sent += 1;
  },
  1000 / (perSecond * targets.length),
);
input.on('close', () => clearInterval(timer));
process.stdin.on('end', () => clearInterval(timer));

function send(request) {
  const startedMs = performance.now();
  const startedAtUs = Math.round((performance.timeOrigin + startedMs) * 1000);
  const sinceUs = () => Math.round((performance.now() - startedMs) * 1000);
  let connectUs = null;
  let answer = '';
  let isOver = false;
  const socket = connect({ host: request.ip, port: request.port, localPort: request.localPort });
  const end = (pod, errorCode) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timeout);
    socket.destroy();
    const totalUs = sinceUs();
    process.stdout.write(
      `${JSON.stringify({ ...request, startedAtUs, connectUs, totalUs, pod, errorCode })}\n`,
    );
  };
  const timeout = setTimeout(() => end(null, 'ETIMEDOUT'), timeoutMs);
  socket.on('connect', () => {
    connectUs = sinceUs();
    socket.write(
      `GET /?id=${request.id} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n`,
    );
  });
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', (error) => end(null, error.code ?? 'EUNKNOWN'));
  socket.on('end', () => {
    const pod = /^HTTP\/1\.[01] 200 [\s\S]*\r\n\r\npod=(\S+)/.exec(answer)?.[1];
    if (pod === undefined) end(null, 'EPROTO');
    else end(pod, null);
  });
}
