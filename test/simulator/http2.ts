/**
 * HTTP/2: several requests at once on one connection. The kernel sees bursts by direction, not streams:
 *
 *   client ══ preface, 1, 3, 5 ══►  one burst read          ══► upstream of 1, upstream of 3, upstream of 5
 *          ◄═ SETTINGS ═══════════  its "response"
 *          ══ ACK ═══════════════►  the next burst: nothing goes on
 *          ◄═ 3, 1, 5 ═══════════   in the order of the upstreams, more requests in between
 */
import { endConnection, establish, lastOf, type SimConnection } from './connection.ts';
import { drawRequest, type SimRequest } from './exchange.ts';
import { FrameRoad } from './frameRoad.ts';
import type { TrafficParts } from './parts.ts';
import type { Respond, Server } from './server.ts';
import type { Wires } from './wires.ts';

const MAX_STREAMS = 6;
/** Requests of one page leave together, or as they are discovered. */
const DISCOVERY_NS = 1_500_000;
const THINK_NS = 2_000_000;

/** A connection preface with its SETTINGS, and the acknowledgement of the other end's. */
const PREFACE: SimRequest = {
  ...{ bytes: 51, requestId: null, contentHash: '' },
  frame: 'preface',
};
const ACK: SimRequest = { ...{ bytes: 9, requestId: null, contentHash: '' }, frame: 'ack' };
/** No bytes: the FIN. */
const END: SimRequest = { ...{ bytes: 0, requestId: null, contentHash: '' }, frame: 'end' };
const SETTINGS_BYTES = 40;

export interface OpenedStreams {
  readonly connection: SimConnection;
  readonly serve: Server;
  readonly release: (atNs: number) => void;
}

/** Waves of requests: the next begins when all of one are answered. Then FIN. */
export class StreamClient {
  readonly #parts: TrafficParts;
  readonly #opened: OpenedStreams;
  readonly #wires: Wires;
  readonly #road: FrameRoad;
  #isOver = false;

  constructor(parts: TrafficParts, wires: Wires, opened: OpenedStreams) {
    this.#parts = parts;
    this.#opened = opened;
    this.#wires = wires;
    this.#road = new FrameRoad(wires, opened.connection);
  }

  converse(waves: number): void {
    const readyNs = establish(this.#wires, this.#opened.connection);
    this.#parts.schedule.at(readyNs, () => {
      this.#send(PREFACE, () => {
        if (!this.#isOver) this.#send(ACK, () => {});
      });
      this.#wave(waves);
    });
  }

  #wave(left: number): void {
    const { random, schedule, plan } = this.#parts;
    const isAtOnce = random.chance(0.5);
    const streams = 1 + random.below(MAX_STREAMS);
    let open = streams;
    for (let stream = 0; stream < streams; stream++) {
      const gapNs = isAtOnce || stream === 0 ? 0 : random.exponential(DISCOVERY_NS);
      const request = drawRequest(random, plan.exchanges);
      schedule.at(schedule.nowNs + gapNs, () =>
        this.#send(request, (doneNs) => {
          open--;
          if (open === 0) this.#next(doneNs, left - 1);
        }),
      );
    }
  }

  #next(atNs: number, left: number): void {
    const { random, schedule } = this.#parts;
    if (left > 0) {
      schedule.at(atNs + random.exponential(THINK_NS), () => this.#wave(left));
      return;
    }
    this.#isOver = true;
    endConnection(this.#wires, this.#opened.connection, atNs);
    this.#opened.release(atNs);
    const { serve, connection } = this.#opened;
    const endNs = lastOf(connection.endNs);
    schedule.at(endNs, () => serve(endNs, END, () => {}));
  }

  #send(request: SimRequest, answered: (atNs: number) => void): void {
    const { schedule } = this.#parts;
    const readNs = this.#road.send(schedule.nowNs);
    const respond: Respond = (answeredNs) => {
      const doneNs = this.#road.answer(answeredNs);
      schedule.at(doneNs, () => answered(doneNs));
    };
    schedule.at(readNs, () => this.#opened.serve(readNs, request, respond));
  }
}

/** A backend's own SETTINGS; an acknowledgement is not answered. True: there is nothing more to do. */
export function answersFrame({ frame }: SimRequest, atNs: number, respond: Respond): boolean {
  if (frame === 'preface') respond(atNs, SETTINGS_BYTES);
  return frame !== undefined;
}
