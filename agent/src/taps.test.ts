import { expect, test } from '@jest/globals';
import { roleOfPlace, tapTable } from './taps.ts';
import { helloOf, POD_ETH, POD_VETH, packetAt, UPLINK } from './testPackets.ts';

const taps = tapTable(helloOf());
const roleAt = (place: typeof UPLINK) => roleOfPlace(taps, packetAt(place, 'drop', 0, {}));

test('an addressed veth of the host is an uplink, one with only a link-local address a Pod’s cable', () => {
  expect([roleAt(UPLINK), roleAt(POD_VETH), roleAt(POD_ETH)]).toEqual(['uplink', 'podVeth', 'pod']);
});

test('loopback and bridge are no taps', () => {
  expect(roleAt({ ...UPLINK, ifindex: 1 })).toBeNull();
  expect(roleAt({ ...UPLINK, ifindex: 3 })).toBeNull();
});

test('an interface younger than the hello is judged by the packet', () => {
  expect(roleAt({ ...POD_VETH, ifindex: 99 })).toBe('podVeth');
  expect(roleAt({ ...UPLINK, ifindex: 99, deviceKind: 'other' })).toBe('other');
  expect(roleAt({ ...POD_ETH, netns: 999 })).toBe('pod');
  expect(roleAt({ ...POD_ETH, netns: 999, deviceKind: 'loopback' })).toBeNull();
});

test('the node’s addresses are those of its host namespace, without loopback and link-local', () => {
  expect(taps.addresses).toEqual([
    { ip: '192.168.50.11', ifname: 'eth0' },
    { ip: '10.244.1.1', ifname: 'cni0' },
  ]);
});
