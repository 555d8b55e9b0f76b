/**
 * The short way of what makes up nearly all records under load: legs that are over and proxy links go from the loader's
 * bytes into the send queue's, with no object in between.
 */
import type { RecordKind } from '@hoptrace/domain/wire/v1.ts';
import type { RawFrame } from '../frames/frame.ts';
import { DEVICE_KINDS, LEG, LINK, TAP_DIRECTIONS } from '../frames/layout.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import type { LegAssembler } from '../legs/assembler.ts';
import { DirectLegs, isDirectLeg, legIdIn } from './directLegs.ts';
import { DirectLinks, isDirectLink } from './directLinks.ts';

/** Takes a record that `write` puts at `at` of `view`, seq left open. It writes before this returns. */
export type EmitWritten = (kind: RecordKind, write: (view: DataView, at: number) => void) => void;

export interface DirectOptions {
  readonly assembler: LegAssembler;
  readonly clock: KernelClock;
  readonly hasher: IsnHasher;
  readonly emit: EmitWritten;
}

export class DirectRecords {
  readonly #options: DirectOptions;
  readonly #legs: DirectLegs;
  readonly #links: DirectLinks;

  constructor(options: DirectOptions) {
    this.#options = options;
    this.#legs = new DirectLegs(options.clock, options.hasher);
    this.#links = new DirectLinks(options.clock, options.hasher);
  }

  /** False where this frame has to go the long way. */
  take({ of, body }: RawFrame): boolean {
    return of === 'leg' ? this.#takeLeg(body) : this.#takeLink(body);
  }

  #takeLeg(body: DataView): boolean {
    const { assembler, emit } = this.#options;
    if (!isDirectLeg(body)) return false;
    const legId = assembler.ids.of(legIdIn(body));
    if (assembler.isOpen(legId)) return false;
    const place = {
      netns: body.getUint32(LEG.netns, true),
      ifindex: body.getUint32(LEG.ifindex, true),
      deviceKind: DEVICE_KINDS[body.getUint8(LEG.deviceKind)] ?? 'other',
    };
    const direction = TAP_DIRECTIONS[body.getUint8(LEG.direction) - 1] ?? 'rx';
    const tap = assembler.tapOf(place, direction);
    if (tap !== null) emit('leg', (view, at) => this.#legs.write(body, legId, tap, view, at));
    return true;
  }

  #takeLink(body: DataView): boolean {
    if (!isDirectLink(body)) return false;
    this.#options.emit('proxyLink', (view, at) => this.#links.write(body, view, at));
    return true;
  }
}

/** When the frame was told, CLOCK_MONOTONIC. */
export function tsNsOf({ of, body }: RawFrame): bigint {
  return body.getBigUint64(of === 'leg' ? LEG.at : LINK.ts, true);
}
