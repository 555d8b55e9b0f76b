/**
 * The topology through time, to be asked as of any instant that is remembered. Every object is a list of intervals
 * that are closed but never overwritten, so a connection is judged by what held when it began, however late its
 * evidence arrives. Bounded: what ended is forgotten by age and by number. All times CLOCK_REALTIME in microseconds.
 */
import type { KubernetesObject } from '../../wire/kubernetes.ts';
import { containerImages, type Pod, podIps, podOf } from '../topology.ts';
import { AddressIntervals } from './addressIntervals.ts';
import { ChangeLog } from './changeLog.ts';
import { compacted, sharing, TextPool } from './compact.ts';
import { type Interval, IntervalMap } from './intervalMap.ts';
import { RareFacts } from './rareFacts.ts';
import { ServiceBook } from './serviceBook.ts';
import {
  bornUs,
  type ObjectHistory,
  objectKey,
  openVersion,
  subjectOf,
  type Told,
  type TopologyVersion,
} from './version.ts';

/** A state that began, a state that ended, or both. */
export interface TopologyEvent {
  readonly key: string;
  readonly opened: TopologyVersion | null;
  readonly closed: TopologyVersion | null;
}

export interface IndexLimits {
  /** What ended longer ago is forgotten. */
  readonly keepUs: number;
  /** Ended versions that are remembered at most; the oldest give way. */
  readonly maxEnded: number;
}

/** What the open version of a Pod holds: small lists, a hundred thousand times. */
interface PodHeld {
  readonly pod: Pod;
  readonly ips: readonly Interval<string, Pod>[];
  readonly images: readonly Interval<string, string>[];
}

const NOTHING_HELD: PodHeld = {
  pod: { namespace: '', name: '', node: null, isIngress: false },
  ips: [],
  images: [],
};

export class TopologyIndex {
  readonly #limits: IndexLimits;
  readonly #histories = new Map<string, ObjectHistory>();
  readonly #pods = new AddressIntervals<Pod>((certain, possible, atUs) =>
    this.#contest(certain, possible, atUs),
  );
  readonly #images = new IntervalMap<string, string>();
  readonly #podHeld = new Map<string, PodHeld>();
  readonly #texts = new TextPool();
  readonly services = new ServiceBook();
  readonly rare = new RareFacts();
  readonly changes = new ChangeLog();
  /** In the order of ending. */
  #ended: { readonly history: ObjectHistory; readonly version: TopologyVersion }[] = [];
  #forgotten = 0;
  #openCount = 0;
  #lastUs = Number.NEGATIVE_INFINITY;
  #knownSinceUs = Number.NEGATIVE_INFINITY;

  constructor(limits: IndexLimits) {
    this.#limits = limits;
  }

  /** Objects that are there now. */
  get objectCount(): number {
    return this.#openCount;
  }

  get endedCount(): number {
    return this.#ended.length - this.#forgotten;
  }

  /** Before this instant something is forgotten. */
  get knownSinceUs(): number {
    return this.#knownSinceUs;
  }

  /** When somebody last told of a change, or (noteTold) that there is none. Minus infinity: nobody ever did. */
  get toldUs(): number {
    return this.#lastUs;
  }

  /** All of it was looked at, and this is how it was. */
  noteTold(atUs: number): void {
    this.#lastUs = Math.max(this.#lastUs, atUs);
  }

  /** The object is so from now on; null where that is no news. Times never run backwards: an older one counts as now. */
  put(object: KubernetesObject, told: Told): TopologyEvent | null {
    const key = objectKey(object);
    const history = this.#historyOf(key);
    const open = openVersion(history);
    const kept = sharing(open?.object, compacted(object, this.#texts));
    history.revision = told.revision;
    if (open !== null && kept === open.object) return null;
    const isForEver = told.atUs === Number.NEGATIVE_INFINITY && open === null;
    // What the very first list shows may have been so since it was made, or for ever.
    const fromUs = isForEver
      ? (bornUs(kept) ?? told.atUs)
      : Math.max(told.atUs, this.#lastUs, open?.fromUs ?? told.atUs);
    if (!isForEver) this.#lastUs = fromUs;
    const earliestUs = Math.min(fromUs, open === null ? firstUs(kept, told) : told.earliestUs);
    const closed = open === null ? null : this.#end(history, open, earliestUs, fromUs);
    const opened = this.#begin(history, { ...endless(told), earliestUs, fromUs, object: kept });
    this.#index(history, opened, closed);
    return { key, opened, closed };
  }

  /** The object is gone; null where nobody knew it. */
  remove(key: string, told: Told): TopologyEvent | null {
    const history = this.#histories.get(key);
    const open = history === undefined ? null : openVersion(history);
    if (history === undefined || open === null) return null;
    const toUs = Math.max(told.atUs, this.#lastUs, open.fromUs);
    this.#lastUs = toUs;
    const closed = this.#end(history, open, Math.min(toUs, told.earliestUs), toUs);
    this.#index(history, null, closed);
    return { key, opened: null, closed };
  }

  /** A version of before, as it was stored. In the order of `fromUs`, before anything else is told. */
  restore(version: TopologyVersion, revision: string): void {
    const history = this.#historyOf(objectKey(version.object));
    const open = openVersion(history);
    const object = sharing(
      open?.object ?? history.versions.at(-1)?.object,
      compacted(version.object, this.#texts),
    );
    const closed =
      open === null ? null : this.#end(history, open, version.earliestUs, version.fromUs);
    history.revision = revision;
    const isOpen = version.toUs === Number.POSITIVE_INFINITY;
    const opened = this.#begin(history, { ...version, ...NEVER_ENDED, object });
    this.#index(history, opened, closed);
    this.#lastUs = Math.max(this.#lastUs, version.fromUs);
    if (isOpen) return;
    this.#index(history, null, this.#end(history, opened, version.earliestToUs, version.toUs));
    this.#lastUs = Math.max(this.#lastUs, version.toUs);
  }

  /** What was last told of the object as of now; null: it is not there. */
  revisionOf(key: string): string | null {
    const history = this.#histories.get(key);
    return history === undefined || openVersion(history) === null ? null : history.revision;
  }

  /** Objects that are there now. */
  *openKeys(): Iterable<string> {
    for (const history of this.#histories.values())
      if (openVersion(history) !== null) yield history.key;
  }

  /** It may have changed and changed back within this time: nobody looked. */
  noteUnseen(key: string, earliestUs: number, latestUs: number): void {
    const history = this.#histories.get(key);
    const open = history === undefined ? null : openVersion(history);
    if (open !== null) this.#noteChange(open.object, earliestUs, latestUs);
  }

  podAt(ip: string, atUs: number): Pod | undefined {
    return this.#pods.at(ip, atUs);
  }

  /**
   * A kubelet frees the address of a Pod before the API server tells that it is gone, and tells the address of the next
   * a moment after it was given. From when that one was first heard of, either may have answered.
   */
  #contest(certain: Pod, possible: Pod, atUs: number): Pod {
    const next = `${possible.namespace}/${possible.name}`;
    if (next === `${certain.namespace}/${certain.name}`) return certain;
    const heardUs = this.#histories.get(`Pod ${next}`)?.versions[0]?.fromUs;
    return heardUs !== undefined && heardUs <= atUs ? { ...certain, orElse: next } : certain;
  }

  imageAt(container: string, atUs: number): string | undefined {
    return this.#images.at(container, atUs);
  }

  podIps(): Iterable<string> {
    return this.#pods.keys();
  }

  containers(): Iterable<string> {
    return this.#images.keys();
  }

  /** Lets go of what ended too long ago, or is too much. Call now and then. */
  forget(nowUs: number): void {
    const tooMany = this.endedCount - this.#limits.maxEnded;
    const limitUs =
      this.#ended[this.#forgotten + tooMany - 1]?.version.toUs ?? Number.NEGATIVE_INFINITY;
    const beforeUs = Math.max(nowUs - this.#limits.keepUs, limitUs + 1);
    let next = this.#ended[this.#forgotten];
    if (next === undefined || next.version.toUs >= beforeUs) return;
    while (next !== undefined && next.version.toUs < beforeUs) {
      this.#drop(next.history, next.version);
      this.#forgotten += 1;
      next = this.#ended[this.#forgotten];
    }
    this.#ended = this.#ended.slice(this.#forgotten);
    this.#forgotten = 0;
    this.#knownSinceUs = beforeUs;
    for (const each of [this.#pods, this.#images, this.services, this.rare, this.changes])
      each.forget(beforeUs);
  }

  #historyOf(key: string): ObjectHistory {
    const known = this.#histories.get(key);
    if (known !== undefined) return known;
    const made: ObjectHistory = { key, versions: NO_VERSIONS, revision: '' };
    this.#histories.set(key, made);
    return made;
  }

  #begin(history: ObjectHistory, version: TopologyVersion): TopologyVersion {
    // No push: an array that grows by itself takes room for seventeen.
    history.versions = [...history.versions, version];
    this.#openCount += 1;
    this.#noteChange(version.object, version.earliestUs, version.fromUs);
    return version;
  }

  #end(
    history: ObjectHistory,
    version: TopologyVersion,
    earliestToUs: number,
    toUs: number,
  ): TopologyVersion {
    version.toUs = toUs;
    version.earliestToUs = Math.max(earliestToUs, version.earliestUs);
    this.#openCount -= 1;
    this.#ended.push({ history, version });
    this.#noteChange(version.object, version.earliestToUs, toUs);
    return version;
  }

  #noteChange(object: KubernetesObject, earliestUs: number, latestUs: number): void {
    // What the very first list shows may have been so for ever. A Pod changes verdicts through its slices alone.
    if (Number.isFinite(latestUs) && object.kind !== 'Pod')
      this.changes.add({ subject: subjectOf(object), earliestUs, latestUs });
  }

  #index(
    history: ObjectHistory,
    opened: TopologyVersion | null,
    closed: TopologyVersion | null,
  ): void {
    const object = (opened ?? closed)?.object;
    if (object === undefined) return;
    if (object.kind === 'Pod') this.#indexPod(history, opened, closed);
    if (object.kind === 'Service' || object.kind === 'EndpointSlice')
      this.services.changed(history, opened, closed);
    this.rare.changed(history, object, opened?.fromUs ?? closed?.toUs ?? 0);
  }

  #indexPod(
    { key }: ObjectHistory,
    opened: TopologyVersion | null,
    closed: TopologyVersion | null,
  ): void {
    const before = this.#podHeld.get(key) ?? NOTHING_HELD;
    const after = opened === null ? NOTHING_HELD : this.#hold(opened, before);
    const endUs = opened?.fromUs ?? closed?.toUs ?? 0;
    for (const held of before.ips) if (!after.ips.includes(held)) this.#pods.close(held, endUs);
    for (const held of before.images)
      if (!after.images.includes(held)) this.#images.close(held, endUs);
    if (after.ips.length === 0 && after.images.length === 0) this.#podHeld.delete(key);
    else this.#podHeld.set(key, after);
  }

  #hold({ object, earliestUs, fromUs }: TopologyVersion, before: PodHeld): PodHeld {
    if (object.kind !== 'Pod') return NOTHING_HELD;
    const pod = sharing(before.pod, podOf(object));
    // The kubelet took the Pod on before anybody was told of its address.
    const begunUs = Math.min(fromUs, bornUs(object) ?? earliestUs);
    const ips = podIps(object).map((ip) => {
      const old = before.ips.find(({ key }) => key === ip);
      if (old !== undefined && before.pod === pod) return old;
      const sinceUs = old === undefined ? begunUs : earliestUs;
      return this.#pods.open(ip, pod, sinceUs, fromUs);
    });
    const images = containerImages(object).map(([id, image]) => {
      const old = before.images.find(({ key }) => key === id);
      if (old?.value === image) return old;
      return this.#images.open(id, image, begunUs, fromUs);
    });
    return { pod, ips, images };
  }

  #drop(history: ObjectHistory, version: TopologyVersion): void {
    history.versions = history.versions.filter((each) => each !== version);
    if (history.versions.length > 0) return;
    this.#histories.delete(history.key);
    this.services.dropped(history, version.object);
    this.rare.dropped(history, version.object);
  }
}

const NO_VERSIONS: readonly TopologyVersion[] = [];
const NEVER_ENDED = { toUs: Number.POSITIVE_INFINITY, earliestToUs: Number.POSITIVE_INFINITY };

function endless({ source }: Told) {
  return { ...NEVER_ENDED, source };
}

/** A new object was made no earlier than it says, and no earlier than it was last looked for. */
function firstUs(object: KubernetesObject, { atUs, earliestUs }: Told): number {
  const born = bornUs(object);
  if (born === null) return earliestUs;
  return earliestUs === atUs ? born : Math.max(earliestUs, born);
}
