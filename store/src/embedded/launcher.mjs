/**
 * Runs a genuine ClickHouse HTTP server inside this process, from npm packages only.
 *
 * libchdb exports the main program of clickhouse-local, which since ClickHouse 26 understands
 * SYSTEM START LISTEN. A last query that reads a FIFO keeps it running; closing the FIFO ends that
 * query, and the engine shuts down in order.
 *
 *   stdin   one JSON line {dataDir, httpPort, nativePort?, database, files: {name: text}}; then it is held open:
 *           its end means that the parent stopped or died, and the engine ends too
 *   fd 3    JSON lines {event: 'started'} | {event: 'failed', code, text, holder?}
 *   exit    0 ended in order, 1 failed
 *
 * Plain JavaScript: a TypeScript loader would cost every start 0.2 s and the tree another 30 MB.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const EVENT_FD = 3;
/** The engine waits for idle keep-alive connections, up to 5 s. After this it is killed: data is safe, see the tests. */
const STOP_LIMIT_MS = 15_000;
const ORPHAN_WAIT_MS = 20_000;
const POLL_MS = 100;
const LOCK_EXCLUSIVE_NONBLOCKING = 2 | 4;

function report(event) {
  try {
    fs.writeSync(EVENT_FD, `${JSON.stringify(event)}\n`);
  } catch {
    // The parent is gone; there is nobody to tell.
  }
}

function fail(code, text, more = {}) {
  report({ event: 'failed', code, text, ...more });
  process.exit(1);
}

async function loadLibraries() {
  try {
    const ffi = await import('ffi-rs');
    const { libchdbPath } = createRequire(import.meta.url)('chdb/libchdb');
    const cName = process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6';
    ffi.open({ library: 'chdb', path: libchdbPath() });
    ffi.open({ library: 'c', path: cName });
    return ffi;
  } catch (error) {
    return fail('LIBRARY_MISSING', error instanceof Error ? error.message : String(error));
  }
}

const { DataType, ...ffi } = await loadLibraries();

const callC = (funcName, paramsType, paramsValue) =>
  ffi.load({ library: 'c', funcName, retType: DataType.I32, paramsType, paramsValue });

/**
 * Holds until this process ends, however it ends: the kernel frees it, so that no lock is ever stale.
 * An engine whose parent was killed is on its way out (1.5 to 5 s): that one is waited for.
 */
async function takeLock(dataDir) {
  const lockFile = path.join(dataDir, 'lock');
  const fd = fs.openSync(lockFile, 'a+', 0o600);
  const deadlineMs = Date.now() + ORPHAN_WAIT_MS;
  while (callC('flock', [DataType.I32, DataType.I32], [fd, LOCK_EXCLUSIVE_NONBLOCKING]) !== 0) {
    const holder = fs.readFileSync(lockFile, 'utf8');
    if (!isOrphan(holder) || Date.now() > deadlineMs) {
      fail('LOCKED', `${lockFile} is locked`, { holder });
    }
    await delay(POLL_MS);
  }
  fs.ftruncateSync(fd, 0);
  fs.writeSync(fd, JSON.stringify({ pid: process.pid, parentPid: process.ppid }));
}

function isOrphan(holder) {
  const parentPid = Number(/"parentPid":(\d+)/.exec(holder)?.[1]);
  if (!(parentPid > 0)) return false;
  try {
    process.kill(parentPid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** The engine would name no port in its own message. The lock is ours, so the listener is a stranger. */
async function assertPortFree(httpPort) {
  const server = net.createServer();
  try {
    server.listen({ host: '127.0.0.1', port: httpPort });
    await once(server, 'listening');
  } catch (error) {
    fail('PORT', String(error));
  }
  server.close();
  await once(server, 'close');
}

function makeFifo(dataDir) {
  for (const name of fs.readdirSync(dataDir)) {
    if (name.startsWith('hold-')) fs.rmSync(path.join(dataDir, name));
  }
  const name = `hold-${process.pid}`;
  const file = path.join(dataDir, name);
  if (callC('mkfifo', [DataType.String, DataType.I32], [file, 0o600]) !== 0) {
    fail('FIFO', `cannot make the FIFO ${file}; the data directory needs a file system with FIFOs`);
  }
  // The engine would read the characters {},*?[] of the directory's name as a glob, so it gets there by
  // the descriptor of the directory. Other systems than Linux have no such road.
  const dirFd = fs.openSync(dataDir, fs.constants.O_RDONLY);
  const enginePath = process.platform === 'linux' ? `/proc/self/fd/${dirFd}/${name}` : file;
  // Open for both, so that opening does not wait for the reader, which sees the end when we close it.
  const fd = fs.openSync(file, fs.constants.O_RDWR);
  return { file, enginePath, close: () => closeFifo(file, fd) };
}

/** An engine that is still starting opens the FIFO only later and then waits for a writer: be one again. */
function closeFifo(file, fd) {
  fs.closeSync(fd);
  setInterval(() => {
    try {
      fs.closeSync(fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK));
    } catch {
      // Nobody reads yet, or no longer.
    }
  }, POLL_MS).unref();
}

function writeConfig(dataDir, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dataDir, name);
    fs.rmSync(file, { force: true });
    fs.writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  }
}

/** Resolves when the engine ended; answers its error text, or ''. */
async function runEngine(argv) {
  const result = await ffi.load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [argv.length, argv],
    runInNewThread: true,
  });
  const ask = (retType) =>
    ffi.load({
      library: 'chdb',
      funcName: 'chdb_result_error',
      retType,
      paramsType: [DataType.External],
      paramsValue: [result],
    });
  return ffi.isNullPointer(ask(DataType.External)) ? '' : ask(DataType.String);
}

const escapeSql = (text) => text.replace(/[\\']/g, (character) => `\\${character}`);

function engineArguments(settings, fifo) {
  const script = [
    `CREATE DATABASE IF NOT EXISTS ${settings.database} ENGINE = Atomic`,
    ...(settings.nativePort === undefined ? [] : ['SYSTEM START LISTEN TCP']),
    'SYSTEM START LISTEN HTTP',
    `SELECT * FROM file('${escapeSql(fifo.enginePath)}', 'LineAsString', 'line String') FORMAT Null SETTINGS storage_file_read_method = 'read'`,
  ];
  return [
    'clickhouse',
    `--path=${settings.dataDir}`,
    `--config-file=${path.join(settings.dataDir, 'config.xml')}`,
    `--http_port=${settings.httpPort}`,
    ...(settings.nativePort === undefined ? [] : [`--tcp_port=${settings.nativePort}`]),
    '--listen_host=127.0.0.1',
    // The level in config.xml is not heeded here; `trace` would write 100 kB a start.
    '--log-level=warning',
    '--query',
    script.join('; '),
  ];
}

let isStopping = false;
let stop = () => process.exit(0);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => stop());

async function run(settings) {
  process.chdir(settings.dataDir);
  await takeLock(settings.dataDir);
  await assertPortFree(settings.httpPort);
  writeConfig(settings.dataDir, settings.files);
  const fifo = makeFifo(settings.dataDir);
  stop = () => {
    if (isStopping) return;
    isStopping = true;
    fifo.close();
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_LIMIT_MS).unref();
  };
  report({ event: 'started' });
  const errorText = await runEngine(engineArguments(settings, fifo));
  fs.rmSync(fifo.file, { force: true });
  // It must not end by itself: a taken port or a bad setting.
  if (!isStopping) fail('ENGINE', errorText || 'its own words follow');
  process.exit(0);
}

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => {
  run(JSON.parse(line)).catch((error) => fail('ENGINE', String(error?.stack ?? error)));
});
lines.once('close', () => stop());
