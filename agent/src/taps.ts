/** Which side of the machine an interface looks at, from what the loader's hello says about it. */
import { canonicalIp } from '@hoptrace/domain/model/ip.ts';
import type { NodeAddress, Tap } from '@hoptrace/domain/wire/v1.ts';
import type { Hello, HelloInterface } from './frames/hello.ts';
import type { DeviceKind } from './frames/layout.ts';

export type TapRole = Tap['role'];

const MAX_ADDRESSES = 1_024;
const MAX_IFNAME_BYTES = 16;

export interface TapTable {
  readonly hostNetns: number;
  /** By tapKey(); null: not a tap (loopback, bridge). */
  readonly roles: ReadonlyMap<number, TapRole | null>;
  /** Of the host namespace, without loopback and link-local ones. */
  readonly addresses: readonly NodeAddress[];
}

export const EMPTY_TAPS: TapTable = { hostNetns: 0, roles: new Map(), addresses: [] };

/**
 * Host namespace: a veth without an address of its own is the node's end of a Pod's cable (every interface may
 * have a link-local address, which therefore does not count); any other is an uplink. Other namespaces: Pods.
 */
export function tapTable(hello: Hello): TapTable {
  const roles = new Map<number, TapRole | null>();
  for (const namespace of hello.namespaces) {
    for (const each of namespace.interfaces) {
      roles.set(tapKey(namespace.inode, each.ifindex), roleOf(namespace.isHost, each));
    }
  }
  const host = hello.namespaces.find((namespace) => namespace.isHost);
  const addresses = (host?.interfaces ?? []).flatMap((each) =>
    globalAddresses(each).map((ip) => ({ ip, ifname: each.name.slice(0, MAX_IFNAME_BYTES) })),
  );
  return { hostNetns: hello.hostNetns, roles, addresses: addresses.slice(0, MAX_ADDRESSES) };
}

/** Where something was seen. */
export interface Place {
  readonly netns: number;
  readonly ifindex: number;
  readonly deviceKind: DeviceKind;
}

/**
 * Role of the tap at which something was seen, null if it is none. An interface that came after the last hello is
 * judged by what was seen there: a new veth in the host namespace is a Pod's.
 */
export function roleOfPlace(taps: TapTable, place: Place): TapRole | null {
  const known = taps.roles.get(tapKey(place.netns, place.ifindex));
  if (known !== undefined) return known;
  if (isNoTap(place.deviceKind)) return null;
  if (place.netns !== taps.hostNetns) return 'pod';
  return place.deviceKind === 'veth' ? 'podVeth' : 'other';
}

function roleOf(isHost: boolean, each: HelloInterface): TapRole | null {
  if (isNoTap(each.kind)) return null;
  if (!isHost) return 'pod';
  return each.kind === 'veth' && globalAddresses(each).length === 0 ? 'podVeth' : 'uplink';
}

function isNoTap(kind: DeviceKind): boolean {
  return kind === 'bridge' || kind === 'loopback';
}

function globalAddresses(each: HelloInterface): string[] {
  if (each.kind === 'loopback') return [];
  return each.addresses.flatMap((text) => {
    const ip = canonicalIp(text.split('%')[0] ?? '');
    return ip === null || /^(fe[89ab]|127\.)/.test(ip) ? [] : [ip];
  });
}

/** Both in one number, because a text for each leg costs more than all the rest here. ifindex stays below 2^21. */
function tapKey(netns: number, ifindex: number): number {
  return netns * 0x20_0000 + (ifindex % 0x20_0000);
}
