/** What the log asks of a file system. The tests have one of their own that loses what was not synced. */
import { open, readdir, readFile, rm, truncate } from 'node:fs/promises';

export interface LogFile {
  /** Answers how many bytes were written, which may be fewer. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Resolves when all that was written is on the disk, and the size of the file with it. */
  datasync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

export interface LogFs {
  names(directory: string): Promise<string[]>;
  read(path: string): Promise<Uint8Array>;
  /** Fails where the file exists. */
  create(path: string): Promise<LogFile>;
  /** Cuts a file off and syncs it. */
  cut(path: string, sizeBytes: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when the names of created and removed files are on the disk. */
  syncDirectory(directory: string): Promise<void>;
}

export const DISK: LogFs = {
  names: readdir,
  read: readFile,
  async create(path) {
    const handle = await open(path, 'wx', 0o600);
    return {
      async writev(buffers, position) {
        return (await handle.writev([...buffers], position)).bytesWritten;
      },
      datasync: () => handle.datasync(),
      truncate: (sizeBytes) => handle.truncate(sizeBytes),
      close: () => handle.close(),
    };
  },
  async cut(path, sizeBytes) {
    await truncate(path, sizeBytes);
    const handle = await open(path, 'r+');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
  },
  remove: (path) => rm(path, { force: true }),
  async syncDirectory(directory) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
