/** A proxy link from the loader's bytes straight into those of its record. The same as proxyLinkRecord, by test. */
import { recordOffsets, writeRecordHead } from '@hoptrace/domain/wire/binary.ts';
import { u64 } from '@hoptrace/domain/wire/layout.ts';
import { PROXY_LINK_SIDES, type ProxyLinkRecord } from '@hoptrace/domain/wire/v1.ts';
import { isStamp } from '../frames/bodies.ts';
import { BURST, LINK } from '../frames/layout.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';

const AT = recordOffsets<ProxyLinkRecord>('proxyLink');
const BURST_BYTES = AT.lastRead - AT.subject;
const PROCESS_BYTES = 16;

/** False where the link needs another look: it is broken, or its subject cannot be named. */
export function isDirectLink(body: DataView): boolean {
  const side = body.getUint32(LINK.side, true);
  return isStamp(body, LINK.ts) && (side === 1 || side === 2) && isNamed(body, LINK.subject);
}

export class DirectLinks {
  readonly #clock: KernelClock;
  readonly #hasher: IsnHasher;

  constructor(clock: KernelClock, hasher: IsnHasher) {
    this.#clock = clock;
    this.#hasher = hasher;
  }

  /** Writes all but the seq. The link is one of isDirectLink. */
  write(body: DataView, out: DataView, at: number): void {
    writeRecordHead(out, at, 'proxyLink');
    const tsHigh = body.getUint32(LINK.ts + 4, true);
    const startUs = this.#clock.splitWords(tsHigh, body.getUint32(LINK.ts, true));
    u64.write(out, at + AT.startUs, startUs);
    out.setUint32(at + AT.netns, body.getUint32(LINK.netns, true), true);
    out.setUint32(at + AT.pid, body.getUint32(LINK.pid, true), true);
    const side = body.getUint32(LINK.side, true) === 1 ? 'request' : 'response';
    out.setUint8(at + AT.side, PROXY_LINK_SIDES.indexOf(side));
    this.#writeBurst(body, LINK.subject, out, at + AT.subject);
    this.#writeBurst(body, LINK.lastRead, out, at + AT.lastRead);
    this.#writeBurst(body, LINK.oldest, out, at + AT.oldest);
    writeProcess(body, out, at + AT.process);
  }

  #writeBurst(body: DataView, from: number, out: DataView, at: number): void {
    if (!isNamed(body, from)) {
      for (let offset = 0; offset < BURST_BYTES; offset += 4) out.setUint32(at + offset, 0);
      return;
    }
    const local = body.getUint32(from + BURST.isnLocal, true);
    const remote = body.getUint32(from + BURST.isnRemote, true);
    const isAccepted = body.getUint32(from + BURST.isAccepted, true) === 1;
    const hashes = isAccepted
      ? this.#hasher.connection(remote, local)
      : this.#hasher.connection(local, remote);
    out.setUint32(at, hashes.pairHigh);
    out.setUint32(at + 4, hashes.pairLow);
    out.setUint32(at + 8, body.getUint32(from + BURST.burst, true), true);
  }
}

/** There is such a burst, and its sequence numbers are known. */
function isNamed(body: DataView, from: number): boolean {
  const word = (offset: number) => body.getUint32(from + offset, true);
  const isThere = word(BURST.cookie) !== 0 || word(BURST.cookie + 4) !== 0;
  return isThere && (word(BURST.isnLocal) !== 0 || word(BURST.isnRemote) !== 0);
}

/** A C string; what is no printable ASCII becomes '?'. */
function writeProcess(body: DataView, out: DataView, at: number): void {
  let isOver = false;
  for (let index = 0; index < PROCESS_BYTES; index++) {
    const code = body.getUint8(LINK.process + index);
    isOver ||= code === 0;
    const isPrintable = code >= 0x20 && code <= 0x7e;
    out.setUint8(at + index, isOver ? 0 : isPrintable ? code : 0x3f);
  }
}
