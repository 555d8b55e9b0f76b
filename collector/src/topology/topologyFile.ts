/** The topology, read from a file and read again when the file changes. */
import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import { parseTopology } from './parseTopology.ts';
import { takeSnapshot } from './takeSnapshot.ts';
import { ANY_CLUSTER, type TopologyBook } from './topologyBook.ts';

/** 30,000 Pods print some 300 MB with everything in them; more is a mistake. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

export interface TopologyState {
  readonly objectCount: number;
  /** Why the newest file is not in use; null while all is well. */
  readonly error: AppError | null;
}

export class TopologyFile {
  readonly #path: string | null;
  readonly #book: TopologyBook;
  #state: TopologyState = { objectCount: 0, error: null };
  #seen = '';

  /** `path` null: nothing is read. What is read goes into the book, for any cluster. */
  constructor(path: string | null, book: TopologyBook) {
    this.#path = path;
    this.#book = book;
  }

  get state(): TopologyState {
    return this.#state;
  }

  /** First read. Rejects with HOP_TOPOLOGY_INVALID: a collector that was given a topology needs it whole. */
  async load(): Promise<void> {
    await this.poll();
    if (this.#state.error !== null) throw this.#state.error;
  }

  /**
   * Reads the file if it changed since the last look. A broken file leaves the old topology in use and its
   * error in the state. Answers whether the state changed. Never rejects.
   */
  async poll(): Promise<boolean> {
    if (this.#path === null) return false;
    const mark = await fileMark(this.#path);
    if (mark === this.#seen) return false;
    this.#seen = mark;
    try {
      const text = await readText(this.#path);
      const objects = parseTopology(text, this.#path);
      const { mtimeMs } = await stat(this.#path);
      const atUs = Math.floor(mtimeMs * 1000);
      takeSnapshot(this.#book, { cluster: ANY_CLUSTER, objects, atUs, source: 'file' });
      this.#state = { objectCount: objects.length, error: null };
    } catch (error) {
      this.#state = { ...this.#state, error: asTopologyError(error, this.#path) };
    }
    return true;
  }
}

/** Changes when the content may have: a ConfigMap is replaced through a symbolic link, so the inode counts. */
async function fileMark(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}`;
  } catch {
    return 'absent';
  }
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size <= MAX_FILE_BYTES) return readFile(path, 'utf8');
  const remedy = 'leave out what hoptrace does not read (managedFields, other kinds)';
  const text = `is ${size} bytes long, allowed are ${MAX_FILE_BYTES}`;
  throw new AppError('HOP_TOPOLOGY_INVALID', `topology file ${path} is too large`, {
    problems: [{ field: 'file', text, remedy }],
  });
}

function asTopologyError(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new AppError('HOP_TOPOLOGY_INVALID', `topology file ${path} cannot be read`, {
    problems: [
      { field: 'file', text, remedy: 'name a readable file or unset HOPTRACE_TOPOLOGY_FILE' },
    ],
    cause: error,
  });
}
