/** Drops and ICMP errors about SYNs that nobody has heard of yet, oldest first. */
import type { LegFrame, PacketFrame } from '../frames/frame.ts';
import { keysOf, sightOfLeg, sightOfPacket } from './attempt.ts';

/** About 0.6 KB each. Beyond them none waits: it is a flood, and each is told as it stands. */
const MAX_WAITING = 8_192;
/** The loader asks for a leg 0.3 s after its SYN (HOP_CHECK_NS): drops and ICMP errors about it may come before. */
const LEGS_KNOWN_NS = 400_000_000n;
/** About 0.2 KB each. */
const MAX_TOLD = 16_384;

export class WaitingEvidence {
  #packets: PacketFrame[] = [];
  /** SYNs whose refusal was told without a leg, oldest first: a loader that is behind tells of the leg later. */
  readonly #told = new Set<string>();

  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /** False where there is no room. */
  push(packet: PacketFrame): boolean {
    if (this.#packets.length >= MAX_WAITING) return false;
    this.#packets.push(packet);
    return true;
  }

  /** Those whose legs must be known by now; they wait no longer. */
  takeDue(nowNs: bigint): PacketFrame[] {
    const young = this.#packets.findIndex((packet) => nowNs - packet.tsNs < LEGS_KNOWN_NS);
    if (young === 0) return [];
    return this.#packets.splice(0, young < 0 ? this.#packets.length : young);
  }

  /** This one was told as it stands. */
  noteTold(packet: PacketFrame): void {
    for (const key of keysOf(sightOfPacket(packet))) this.#told.add(key);
    for (const key of this.#told) {
      if (this.#told.size <= MAX_TOLD) return;
      this.#told.delete(key);
    }
  }

  /** The refusal of this SYN was told. */
  isTold(frame: LegFrame): boolean {
    return this.#told.size > 0 && keysOf(sightOfLeg(frame)).some((key) => this.#told.has(key));
  }
}
