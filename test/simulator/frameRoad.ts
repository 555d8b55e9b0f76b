/** One direction after the other of an HTTP/2 connection, as the taps see it. */
import { lastOf, type SimConnection } from './connection.ts';
import type { Wires } from './wires.ts';

/** Frames on a connection: they pass the taps, and none overtakes another. */
export class FrameRoad {
  readonly #wires: Wires;
  readonly #connection: SimConnection;
  #readNs = 0;

  constructor(wires: Wires, connection: SimConnection) {
    this.#wires = wires;
    this.#connection = connection;
  }

  /** Answers when the server can read them. The leg stamps the first of each direction. */
  send(atNs: number): number {
    const passed = this.#wires.forward(this.#connection.route, atNs, false);
    if (this.#connection.requestNs.length === 0) this.#connection.requestNs = passed;
    this.#readNs = Math.max(this.#readNs, lastOf(passed));
    return this.#readNs;
  }

  /** Answers when the client reads them. */
  answer(atNs: number): number {
    const back = this.#wires.backward(this.#connection.route, atNs);
    if (this.#connection.responseNs.length === 0) this.#connection.responseNs = back.atNs;
    return back.sourceNs;
  }
}
