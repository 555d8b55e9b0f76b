/**
 * Clients that go on asking: one connection after the other, each from the next of several addresses, until the file
 * `stop` is there. Says `lost ADDRESS MILLISECONDS` of each that never connected. Arguments: target ip, port, pause in milliseconds, stop file, own addresses.
 */
import { existsSync } from 'node:fs';
import { request } from 'node:http';

const [host, port, pauseMs, stopFile, ...addresses] = process.argv.slice(2);
const TIMEOUT_MS = 3000;
let next = 0;

function ask() {
  const localAddress = addresses[next % addresses.length];
  next += 1;
  const options = { host, port, localAddress, path: '/local', agent: false, timeout: TIMEOUT_MS };
  const sent = request(options, (response) => response.resume());
  const atMs = Date.now();
  let isConnected = false;
  sent.on('socket', (socket) =>
    socket.once('connect', () => {
      isConnected = true;
    }),
  );
  sent.on('error', () => {});
  sent.on('timeout', () => sent.destroy());
  sent.on('close', () => {
    if (!isConnected) console.log(`lost ${localAddress} ${atMs}`);
  });
  sent.end();
}

console.log('ready');
const timer = setInterval(() => {
  if (existsSync(stopFile)) clearInterval(timer);
  else ask();
}, Number(pauseMs));
