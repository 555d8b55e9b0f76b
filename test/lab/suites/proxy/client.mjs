/**
 * Keep-alive clients of the suite, run inside a network namespace. Plain JavaScript. Standard input: one JSON document
 *   { ip, port, isTls, prefix, requests, connections, perConnection, missing, posts, seed }
 * `connections` at a time send one request after the other, `perConnection` on each, then it is closed and another one
 * is opened. `missing` and `posts`: the share of requests for a path that the proxy answers by itself, and of POSTs
 * whose body comes in three parts. Standard output: one JSON line per request,
 *   { id, path, port, openedAtUs, sentAtUs, doneAtUs, status }
 * `port`: the client's own; times are CLOCK_REALTIME in microseconds. Status 0: no answer.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

const plan = JSON.parse(await readAll(process.stdin));
const ANSWER_TIMEOUT_MS = 10_000;
const PART_MS = 2;
let random = plan.seed >>> 0;
let next = 0;
const lines = [];
await Promise.all(Array.from({ length: plan.connections }, work));
process.stdout.write(lines.join(''));

async function work() {
  while (next < plan.requests) await oneConnection();
}

async function oneConnection() {
  const openedAtUs = nowUs();
  const socket = await opened();
  const port = socket.localPort;
  for (let i = 0; i < plan.perConnection && next < plan.requests; i++) {
    const id = `${plan.prefix}-${next++}`;
    const isMissing = chance() < plan.missing;
    const isPost = chance() < plan.posts;
    const path = isMissing ? '/missing' : '/app';
    const waitMs = chance() < 0.5 ? 0 : 1 + Math.floor(chance() * 6);
    const sentAtUs = nowUs();
    const { status, isLast } = await exchange(socket, `${path}?id=${id}&ms=${waitMs}`, isPost);
    const doneAtUs = nowUs();
    lines.push(`${JSON.stringify({ id, path, port, openedAtUs, sentAtUs, doneAtUs, status })}\n`);
    if (status === 0 || isLast) break;
    // Answered before its body was sent. In TLS nginx would read the end of it together with the next request.
    if (isMissing && isPost) await sleep(PART_MS);
  }
  socket.destroy();
}

function opened() {
  const { ip: host, port } = plan;
  return new Promise((resolve, reject) => {
    const socket = plan.isTls
      ? connectTls({ host, port, rejectUnauthorized: false }, () => resolve(socket))
      : connect({ host, port }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.on('error', reject);
  });
}

/**
 * Answers the status, 0 if the connection broke, and whether the proxy said that it closes. The answer may come before
 * the whole request is sent.
 */
async function exchange(socket, target, isPost) {
  const [answered] = await Promise.all([answerOn(socket), send(socket, target, isPost)]);
  return answered;
}

function answerOn(socket) {
  return new Promise((resolve) => {
    let answer = '';
    const end = (status) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', onClose);
      resolve({ status, isLast: /\r\nconnection: close/i.test(answer) });
    };
    const timer = setTimeout(() => end(0), ANSWER_TIMEOUT_MS);
    const onClose = () => end(0);
    const onData = (chunk) => {
      answer += chunk;
      const head = answer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1];
      const isWhole =
        length === undefined
          ? answer.endsWith('0\r\n\r\n')
          : answer.length >= head + 4 + Number(length);
      if (isWhole) end(Number(answer.slice(9, 12)));
    };
    socket.on('data', onData).on('close', onClose);
  });
}

async function send(socket, target, isPost) {
  const head = (method, more) =>
    `${method} ${target} HTTP/1.1\r\nHost: shop.example\r\n${more}\r\n`;
  if (!isPost) {
    socket.write(head('GET', ''));
    return;
  }
  socket.write(`${head('POST', 'Content-Length: 30\r\n')}${'a'.repeat(10)}`);
  for (const part of ['b', 'c']) {
    await sleep(PART_MS);
    socket.write(part.repeat(10));
  }
}

function nowUs() {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Mulberry32: the same seed, the same mix. */
function chance() {
  random = (random + 0x6d2b79f5) >>> 0;
  let t = Math.imul(random ^ (random >>> 15), 1 | random);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

async function readAll(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
