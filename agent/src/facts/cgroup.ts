/** Which Pod and container a process belongs to, from its cgroup. Pure. */

export interface ContainerName {
  readonly podUid: string;
  readonly container: string;
}

/**
 * A Pod's slice, as the kubelet names it: `pod<uid>` under the cgroupfs driver, `kubepods-burstable-pod<uid>.slice`
 * under systemd's, which writes the dashes of the uid as underscores. A static Pod's uid is a hash without dashes.
 */
const POD =
  /[/-]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?\/(.*)$/;
/** The container's own group: its id, where the runtime puts its name before it and systemd `.scope` behind it. */
const CONTAINER = /^(?:[a-z]+(?:-[a-z]+)?-)?([0-9a-f]{64})(?:\.scope)?$/;
/** The process of CRI-O that watches over a container, and is none of it. */
const MONITOR = /^crio-conmon-/;

/**
 * `text` is /proc/PID/cgroup: lines of `hierarchy:controllers:path`, one in all with cgroup v2, one for each hierarchy
 * with v1. Null where no line names a container of a Pod.
 */
export function containerOf(text: string): ContainerName | null {
  for (const line of text.split('\n')) {
    const [, uid, below] = POD.exec(line.slice(line.indexOf(':/') + 1)) ?? [];
    if (uid === undefined || below === undefined) continue;
    // Runtimes may nest: the container's group is the first below the Pod's.
    const [group = ''] = below.split('/');
    const id = MONITOR.test(group) ? undefined : CONTAINER.exec(group)?.[1];
    if (id !== undefined) return { podUid: uid.replaceAll('_', '-'), container: id };
  }
  return null;
}
