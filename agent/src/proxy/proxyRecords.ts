/** Frames about proxies to records: sockets become hashed connection keys, headers become addresses. */
import type { BurstRef, ProxyHeaderRecord, ProxyLinkRecord } from '@hoptrace/domain/wire/v1.ts';
import type { BurstFrame, LinkFrame, ProxyHeaderFrame } from '../frames/frame.ts';
import type { IsnHasher } from '../isnHash.ts';
import type { KernelClock } from '../kernelClock.ts';
import { parseProxyHeader } from './proxyHeader.ts';

/** Null when the subject's sequence numbers are unknown (a socket older than the agent). */
export function proxyLinkRecord(
  frame: LinkFrame,
  clock: KernelClock,
  hasher: IsnHasher,
): ProxyLinkRecord | null {
  const subject = burstRef(frame.subject, hasher);
  if (subject === null) return null;
  return {
    kind: 'proxyLink',
    seq: 0,
    startUs: clock.split(frame.tsNs).startUs,
    netns: frame.netns,
    pid: frame.pid,
    side: frame.side,
    subject,
    lastRead: burstRef(frame.lastRead, hasher),
    oldest: burstRef(frame.oldest, hasher),
    process: frame.process,
  };
}

/** Null when the bytes are no valid header: nothing can be claimed then. */
export function proxyHeaderRecord(
  frame: ProxyHeaderFrame,
  clock: KernelClock,
  hasher: IsnHasher,
): ProxyHeaderRecord | null {
  const header = parseProxyHeader(frame.bytes);
  if (header === null) return null;
  // The header is the first payload, so the handshake's numbers are one below (RFC 9293 3.4).
  const clientIsn = (frame.seq - 1) >>> 0;
  const serverIsn = (frame.ack - 1) >>> 0;
  return {
    kind: 'proxyHeader',
    seq: 0,
    startUs: clock.split(frame.tsNs).startUs,
    isnPairHash: hasher.pair(clientIsn, serverIsn),
    ...header,
  };
}

/** Who opened the connection is its client: the peer of an accepted socket, this host of a connected one. */
function burstRef(burst: BurstFrame | null, hasher: IsnHasher): BurstRef | null {
  if (burst === null) return null;
  const { isnLocal, isnRemote, isAccepted } = burst;
  if (isnLocal === 0 && isnRemote === 0) return null;
  const isnPairHash = isAccepted
    ? hasher.pair(isnRemote, isnLocal)
    : hasher.pair(isnLocal, isnRemote);
  return { isnPairHash, burst: burst.burst };
}
