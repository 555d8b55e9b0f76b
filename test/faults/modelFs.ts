/**
 * A file system that promises what POSIX does and nothing more, in memory. After a power failure there is
 *
 *   of a file   what was synced; of each later write any of its sectors, whole, in part, or none; of a later size any
 *   of a name   what was there when the directory was synced; each later change of it, or not
 *
 * in any combination. A sync that fails drops what it should have synced, or keeps it, and is not told twice.
 */
import type { LogFile, LogFs } from '@hoptrace/collector/wal/logFs.ts';

const SECTOR = 512;
type Random = (below: number) => number;

type Change =
  | { readonly type: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'size'; readonly sizeBytes: number };

interface Inode {
  /** As programs see it. */
  seen: Uint8Array;
  synced: Uint8Array;
  changes: readonly Change[];
}

interface NameChange {
  readonly name: string;
  readonly inode: Inode | null;
}

/** What a disk may hold after a power failure: files by name. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

export interface ModelOptions {
  readonly random: Random;
  /** Of 1,000 writes and syncs so many fail. */
  readonly failures: number;
  /** Called before and after each change: here the power may fail. */
  readonly onStep: () => void;
}

export class ModelFs implements LogFs {
  readonly #options: ModelOptions;
  readonly #names = new Map<string, Inode>();
  readonly #syncedNames = new Map<string, Inode>();
  #nameChanges: NameChange[] = [];
  /** Calls that changed something, or failed. */
  steps = 0;

  constructor(options: ModelOptions, image: DiskImage = new Map()) {
    this.#options = options;
    for (const [name, bytes] of image) {
      const inode = { seen: bytes, synced: bytes, changes: [] };
      this.#names.set(name, inode);
      this.#syncedNames.set(name, inode);
    }
  }

  async names(): Promise<string[]> {
    return [...this.#names.keys()];
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#inode(path).seen.slice();
  }

  async create(path: string): Promise<LogFile> {
    const name = nameOf(path);
    if (this.#names.has(name)) throw new Error(`EEXIST ${name}`);
    await this.#step('maySurvive');
    const inode: Inode = { seen: new Uint8Array(), synced: new Uint8Array(), changes: [] };
    this.#names.set(name, inode);
    this.#nameChanges.push({ name, inode });
    this.#options.onStep();
    return this.#fileOf(inode);
  }

  async cut(path: string, sizeBytes: number): Promise<void> {
    const file = this.#fileOf(this.#inode(path));
    await file.truncate(sizeBytes);
    await file.datasync();
  }

  async remove(path: string): Promise<void> {
    const name = nameOf(path);
    if (!this.#names.delete(name)) return;
    await this.#step('always');
    this.#nameChanges.push({ name, inode: null });
    this.#options.onStep();
  }

  async syncDirectory(): Promise<void> {
    await this.#step('maySurvive');
    for (const { name, inode } of this.#nameChanges)
      this.#applyName(this.#syncedNames, name, inode);
    this.#nameChanges = [];
    this.#options.onStep();
  }

  /** One of the disks that a power failure may leave now. */
  afterPowerLoss(random: Random): DiskImage {
    const names = new Map(this.#syncedNames);
    for (const { name, inode } of this.#nameChanges)
      if (random(2) === 0) this.#applyName(names, name, inode);
    return new Map([...names].map(([name, inode]) => [name, leftOf(inode, random)]));
  }

  #fileOf(inode: Inode): LogFile {
    return {
      writev: async (buffers, position) => {
        await this.#step('maySurvive');
        const whole = Buffer.concat(buffers);
        // Now and then a part, as on a disk that is nearly full.
        const isShort = this.#options.failures > 0 && this.#options.random(20) === 0;
        const length = isShort ? 1 + this.#options.random(whole.length) : whole.length;
        this.#change(inode, { type: 'write', at: position, bytes: whole.subarray(0, length) });
        return length;
      },
      datasync: async () => {
        try {
          await this.#step('maySurvive');
        } catch (error) {
          // The kernel marks the pages clean all the same: what is lost now, no later sync brings to the disk.
          inode.synced = leftOf(inode, this.#options.random);
          inode.changes = [];
          throw error;
        }
        inode.synced = inode.seen;
        inode.changes = [];
        this.#options.onStep();
      },
      truncate: async (sizeBytes) => {
        await this.#step('maySurvive');
        this.#change(inode, { type: 'size', sizeBytes });
      },
      close: async () => {},
    };
  }

  #change(inode: Inode, change: Change): void {
    inode.seen = changed(inode.seen, change);
    inode.changes = [...inode.changes, change];
    this.#options.onStep();
  }

  async #step(mode: 'always' | 'maySurvive'): Promise<void> {
    const { random, failures, onStep } = this.#options;
    onStep();
    this.steps += 1;
    // The call takes a while: others go on meanwhile.
    await Promise.resolve();
    if (mode === 'maySurvive' && random(1000) < failures) throw new Error('EIO');
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(nameOf(path));
    if (inode === undefined) throw new Error(`ENOENT ${path}`);
    return inode;
  }

  #applyName(names: Map<string, Inode>, name: string, inode: Inode | null): void {
    if (inode === null) names.delete(name);
    else names.set(name, inode);
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function changed(bytes: Uint8Array, change: Change): Uint8Array {
  if (change.type === 'size') return resized(bytes, change.sizeBytes);
  const end = change.at + change.bytes.length;
  const next = resized(bytes, Math.max(bytes.length, end));
  next.set(change.bytes, change.at);
  return next;
}

function resized(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const next = new Uint8Array(sizeBytes);
  next.set(bytes.subarray(0, sizeBytes));
  return next;
}

/** What was synced, and of each change since what chance leaves: sectors that are whole, torn, or not there. */
function leftOf({ synced, changes }: Inode, random: Random): Uint8Array {
  let left = synced;
  for (const change of changes) {
    const fate = random(4);
    if (fate === 0) continue;
    if (fate === 1 || change.type === 'size') {
      left = changed(left, change);
      continue;
    }
    left = withSectors(left, change.at, change.bytes, random);
  }
  return left;
}

function withSectors(left: Uint8Array, at: number, bytes: Uint8Array, random: Random): Uint8Array {
  // The size may be on the disk before the data: then there are zeros.
  let next = random(2) === 0 ? resized(left, Math.max(left.length, at + bytes.length)) : left;
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
    const fate = random(4);
    const end = fate === 3 ? from + random(to - from) : to;
    if (fate !== 0 && end > from)
      next = changed(next, { type: 'write', at: at + from, bytes: bytes.subarray(from, end) });
    from = to;
  }
  return next;
}
