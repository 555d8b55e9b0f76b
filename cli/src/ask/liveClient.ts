/** The live stream with its breaks mended: it connects again and goes on with the cursor of the last message. */
import { type LiveMessage, liveMessageSchema } from '@hoptrace/domain/rest/live.ts';
import { WebSocket } from 'ws';
import { type Query, refusal, searchOf, unreachable } from './apiClient.ts';
import { CliError, EXIT } from './exitCodes.ts';
import type { ApiSettings } from './settings.ts';

const HANDSHAKE_TIMEOUT_MS = 30_000;
/** The API beats every 10 s; two may be late. */
const SILENT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export interface LiveOptions {
  readonly query: Query;
  readonly signal: AbortSignal;
  /** Told on each break, and when it goes on. */
  readonly remark: (text: string) => void;
}

/** Messages until the signal fires. Throws CliError where the first connection fails or the API refuses. */
export async function* liveMessages(
  settings: ApiSettings,
  { query, signal, remark }: LiveOptions,
): AsyncGenerator<LiveMessage> {
  let cursor: string | undefined;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      for await (const message of oneConnection(settings, { ...query, cursor }, signal)) {
        cursor = message.cursor;
        waitMs = FIRST_WAIT_MS;
        yield message;
      }
    } catch (error) {
      const mayPass = error instanceof CliError && error.exitCode === EXIT.unavailable;
      if (cursor === undefined || !mayPass) throw error;
    }
    if (signal.aborted) return;
    remark(`The connection ended; trying again in ${waitMs / 1000} s.`);
    await pause(waitMs, signal);
    waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs);
  }
}

async function* oneConnection(
  settings: ApiSettings,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<LiveMessage> {
  const socket = openSocket(settings, query);
  const inbox = new Inbox(socket, settings.url);
  const end = () => socket.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    for (let text = await inbox.next(); text !== null; text = await inbox.next()) {
      const parsed = liveMessageSchema.safeParse(JSON.parse(text));
      // A type of message that a later version of the API added.
      if (parsed.success) yield parsed.data;
    }
  } finally {
    signal.removeEventListener('abort', end);
    socket.terminate();
  }
}

function openSocket({ url, token }: ApiSettings, query: Query): WebSocket {
  const address = `${url.replace(/^http/, 'ws')}/api/v1/live${searchOf(query)}`;
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return new WebSocket(address, { headers, handshakeTimeout: HANDSHAKE_TIMEOUT_MS });
}

/** What arrived and was not taken yet. While nobody takes, the socket is not read: the API drops and counts. */
class Inbox {
  readonly #socket: WebSocket;
  readonly #texts: string[] = [];
  #isClosed = false;
  #failure: Error | null = null;
  #wake: () => void = () => {};
  #silence: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, url: string) {
    this.#socket = socket;
    socket.on('message', (data) => {
      this.#texts.push(String(data));
      socket.pause();
      this.#wake();
    });
    socket.on('open', () => this.#watch());
    socket.on('close', () => this.#end(null));
    socket.on('error', (error) => this.#end(unreachable(url, error)));
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = jsonOf(Buffer.concat(parts).toString('utf8'));
        this.#end(refusal(response.statusCode ?? 500, body));
      });
    });
  }

  /** null: the connection is closed. */
  async next(): Promise<string | null> {
    for (;;) {
      const text = this.#texts.shift();
      if (text !== undefined) return text;
      if (this.#failure !== null) throw this.#failure;
      if (this.#isClosed) return null;
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.resume();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#watch();
    }
  }

  /** A peer that is gone without a word is noticed by its missing beats. */
  #watch(): void {
    clearTimeout(this.#silence);
    if (!this.#isClosed) this.#silence = setTimeout(() => this.#socket.terminate(), SILENT_MS);
  }

  #end(failure: Error | null): void {
    clearTimeout(this.#silence);
    this.#failure ??= this.#isClosed ? null : failure;
    this.#isClosed = true;
    this.#wake();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
