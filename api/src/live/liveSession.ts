/** One listener: what passes its filter, as fast as it reads; what it cannot take is dropped and told. */
import type { WebSocket } from '@fastify/websocket';
import type { LiveMessage, Missed, Resumed } from '@hoptrace/domain/rest/live.ts';
import { type LiveFilter, matchesPath } from '@hoptrace/domain/rest/matchPath.ts';
import { writeLiveCursor } from './liveCursor.ts';
import type { FeedEvent, PathFeed } from './pathFeed.ts';

const MAX_QUEUED = 500;
/** What may lie in the socket's own buffer before we wait. */
const MAX_BUFFERED_BYTES = 256 * 1024;
const BEAT_MS = 10_000;

export interface SessionDeps {
  readonly socket: WebSocket;
  readonly feed: PathFeed;
  readonly filter: LiveFilter;
  readonly clusters: readonly string[];
  readonly nowUs: () => number;
  readonly onDropped: (count: number) => void;
}

export class LiveSession {
  readonly #deps: SessionDeps;
  readonly #queue: FeedEvent[] = [];
  #dropped = 0;
  #lastSeq: number;
  #isHeld = true;
  #isSending = false;
  #isAnswering = true;
  readonly #beat: NodeJS.Timeout;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#lastSeq = deps.feed.lastSeq;
    this.#beat = setInterval(() => this.#sendBeat(), BEAT_MS);
    deps.socket.on('pong', () => {
      this.#isAnswering = true;
    });
  }

  /** Takes part in the feed; nothing is sent before `open`. */
  take(event: FeedEvent): void {
    if (!this.#isWanted(event)) return;
    this.#queue.push(event);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.#dropped += 1;
      this.#deps.onDropped(1);
    }
    this.#flush();
  }

  /** Says hello, then what happened before, then what is taken. */
  open(resumed: Resumed, before: readonly FeedEvent[], missed?: Missed): void {
    this.#queue.unshift(...before.filter((event) => this.#isWanted(event)));
    this.#isHeld = false;
    this.#send({
      ...{ type: 'hello', cursor: this.#cursor(), resumed },
      ...(missed === undefined ? {} : { missed }),
    });
    this.#flush();
  }

  stop(): void {
    clearInterval(this.#beat);
    this.#queue.length = 0;
  }

  #isWanted({ path }: FeedEvent): boolean {
    if (path === null) return true;
    const { clusters, filter } = this.#deps;
    return (clusters.length === 0 || clusters.includes(path.cluster)) && matchesPath(path, filter);
  }

  /** One message after the other; the socket calls back when one has left. */
  #flush(): void {
    const { socket } = this.#deps;
    if (this.#isHeld || this.#isSending || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) return;
    const message = this.#next();
    if (message === null) return;
    this.#isSending = true;
    this.#send(message, () => {
      this.#isSending = false;
      this.#flush();
    });
  }

  /** What was dropped is told before what came after it. */
  #next(): LiveMessage | null {
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      return { type: 'dropped', cursor: this.#cursor(), count, by: 'client' };
    }
    const event = this.#queue.shift();
    if (event === undefined) return null;
    this.#lastSeq = event.seq;
    const cursor = this.#cursor();
    return event.path === null
      ? { type: 'dropped', cursor, count: event.lost, by: 'feed' }
      : { type: 'path', cursor, path: event.path };
  }

  #send(message: LiveMessage, done?: () => void): void {
    this.#deps.socket.send(JSON.stringify(message), (error) => {
      if (error == null) done?.();
    });
  }

  /** With nothing waiting, all of the feed was told or did not pass the filter. */
  #sendBeat(): void {
    const { socket, feed, nowUs } = this.#deps;
    if (!this.#isAnswering) {
      socket.terminate();
      return;
    }
    this.#isAnswering = false;
    socket.ping();
    this.#flush();
    if (this.#isHeld || this.#isSending) return;
    if (this.#queue.length === 0) this.#lastSeq = feed.lastSeq;
    this.#send({ type: 'beat', cursor: this.#cursor(), atUs: nowUs() });
  }

  #cursor(): string {
    const { feed, nowUs } = this.#deps;
    return writeLiveCursor({ epoch: feed.epoch, seq: this.#lastSeq, atUs: nowUs() });
  }
}
