/** Runs the C loader as a child and reads its frames. It is started again when it ends without being told to. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { FrameDecoder } from '../frames/decoder.ts';
import { type Hello, missingFeatures } from '../frames/hello.ts';
import type { Log } from '../log.ts';
import type { RecordingWriter } from '../recording.ts';
import type { FrameSink, FrameSource } from './frameSource.ts';

const MIN_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/** A loader that ran this long was all right: its end is a new trouble. */
const STABLE_MS = 60_000;
const STOP_TIMEOUT_MS = 3_000;
const MAX_STDERR_CHARACTERS = 2_000;
const MAX_LOGGED_LINES = 100;

export interface LoaderSourceOptions {
  readonly loaderPath: string;
  readonly args: readonly string[];
  /** Opens the recording that is to be written beside; called at start. */
  readonly openRecording: (() => RecordingWriter) | null;
  readonly log: Log;
  /** Shorter in tests. */
  readonly minBackoffMs?: number;
}

type Loader = ChildProcessByStdio<null, Readable, Readable>;

export class LoaderSource implements FrameSource {
  readonly #options: LoaderSourceOptions;
  #sink: FrameSink | null = null;
  #recording: RecordingWriter | null = null;
  #child: Loader | null = null;
  #restart: NodeJS.Timeout | null = null;
  #failures = 0;
  #isClosing = false;
  readonly #logged = new Set<string>();

  constructor(options: LoaderSourceOptions) {
    this.#options = options;
  }

  start(sink: FrameSink): void {
    this.#sink = sink;
    this.#recording = this.#options.openRecording?.() ?? null;
    this.#spawn();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    if (this.#child !== null) await stop(this.#child);
    await this.#recording?.close();
  }

  #spawn(): void {
    this.#restart = null;
    const { loaderPath, args } = this.#options;
    const startedAtMs = performance.now();
    const child = spawn(loaderPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const decoder = new FrameDecoder();
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => this.#read(decoder, chunk));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
      this.#logOnce('warn', 'loader says', text.trim());
    });
    let spawnProblem: string | null = null;
    child.on('error', (error) => {
      spawnProblem = `${error.message}; is it built (npm run agent:build) and executable?`;
    });
    child.on('close', (code, signal) => {
      const problem =
        spawnProblem ??
        decoder.failure ??
        `exit ${code ?? signal}: ${stderr.trim() || 'no message'}`;
      this.#ended(problem, performance.now() - startedAtMs);
    });
  }

  #read(decoder: FrameDecoder, chunk: Buffer): void {
    const badBefore = decoder.badFrames;
    const deliver = this.#recording === null && this.#sink?.onRawFrames;
    if (deliver) {
      const frames = decoder.read(chunk);
      this.#countBad(decoder.badFrames - badBefore);
      for (const frame of frames) if (frame.kind === 'hello') this.#sayMissing(frame.hello);
      deliver(frames);
    } else {
      const decoded = decoder.push(chunk);
      // Payload is for this process alone.
      for (const { frame, raw } of decoded) if (frame.kind !== 'head') this.#recording?.write(raw);
      this.#countBad(decoder.badFrames - badBefore);
      for (const { frame } of decoded) if (frame.kind === 'hello') this.#sayMissing(frame.hello);
      this.#sink?.onFrames(decoded.map((each) => each.frame));
    }
    // The stream cannot be read any further; a new loader begins a new one.
    if (decoder.failure !== null) this.#child?.kill('SIGKILL');
  }

  #countBad(count: number): void {
    if (count > 0) this.#sink?.onBadFrames(count);
  }

  #sayMissing(hello: Hello): void {
    for (const { feature, note } of missingFeatures(hello))
      this.#logOnce('warn', 'degraded', `${feature} is not seen: ${note}`);
  }

  /** What a loader says at each of many restarts is said once. */
  #logOnce(level: 'warn' | 'error', event: string, text: string): void {
    const line = `${event}: ${text}`;
    if (this.#logged.has(line) || this.#logged.size >= MAX_LOGGED_LINES) return;
    this.#logged.add(line);
    this.#options.log(level, event, { text });
  }

  #ended(problem: string, ranMs: number): void {
    this.#child = null;
    if (this.#isClosing) return;
    if (ranMs >= STABLE_MS) this.#failures = 0;
    const { minBackoffMs = MIN_BACKOFF_MS } = this.#options;
    const waitMs = Math.min(MAX_BACKOFF_MS, minBackoffMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    this.#logOnce('error', 'loader ended', problem);
    this.#sink?.onBreak(problem);
    this.#restart = setTimeout(() => this.#spawn(), waitMs);
  }
}

async function stop(child: Loader): Promise<void> {
  const isGone = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  if (isGone) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await closed;
  clearTimeout(kill);
}
