import { expect, test } from '@jest/globals';
import { containerOf } from './cgroup.ts';

const ID = '4f1d2a'.padEnd(64, '0');
const UID = '0a1b2c3d-1111-2222-3333-0123456789ab';
const SYSTEMD_UID = UID.replaceAll('-', '_');

test.each([
  [
    'systemd, containerd, cgroup v2',
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope\n`,
  ],
  [
    'systemd, CRI-O, guaranteed Pod',
    `0::/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/crio-${ID}.scope\n`,
  ],
  ['cgroupfs, containerd', `0::/kubepods/besteffort/pod${UID}/${ID}\n`],
  [
    'cgroup v1: several hierarchies',
    `12:pids:/kubepods/burstable/pod${UID}/${ID}\n11:cpu,cpuacct:/kubepods/burstable/pod${UID}/${ID}\n0::/system.slice/containerd.service\n`,
  ],
  [
    'kind: a kubelet in a container',
    `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${SYSTEMD_UID}.slice/cri-containerd-${ID}.scope\n`,
  ],
  ['seen from another cgroup namespace', `0::/../../../pod${UID}/${ID}\n`],
  [
    'a group that the container made itself',
    `0::/kubepods/besteffort/pod${UID}/${ID}/init.scope\n`,
  ],
  ['docker', `0::/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/docker-${ID}.scope\n`],
])('%s', (_, text) => {
  expect(containerOf(text)).toEqual({ podUid: UID, container: ID });
});

test('a static Pod has a hash for a uid', () => {
  const uid = '0123456789abcdef0123456789abcdef';
  expect(containerOf(`0::/kubepods/burstable/pod${uid}/${ID}`)).toEqual({
    podUid: uid,
    container: ID,
  });
});

test.each([
  ['no Pod', '0::/system.slice/nginx.service\n'],
  ['the Pod’s own group, no container', `0::/kubepods/besteffort/pod${UID}\n`],
  ['a container without a Pod', `0::/system.slice/docker-${ID}.scope\n`],
  [
    'the monitor of CRI-O',
    `0::/kubepods.slice/kubepods-pod${SYSTEMD_UID}.slice/crio-conmon-${ID}.scope\n`,
  ],
  ['an id of another length', `0::/kubepods/besteffort/pod${UID}/${ID}ab\n`],
  ['nothing', ''],
])('%s: null', (_, text) => {
  expect(containerOf(text)).toBeNull();
});
