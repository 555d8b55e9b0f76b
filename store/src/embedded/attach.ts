/** The embedded engine of a hoptrace that runs already: its lock keeps a second one out, its password lets us in. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { StoreConnection } from '../config.ts';
import { passwordFile } from './credentials.ts';
import { ENGINE_DATABASE, ENGINE_USER } from './engineConfig.ts';
import { isAnswering } from './probe.ts';

export interface EmbeddedPlace {
  readonly dataDir: string;
  readonly httpPort: number;
}

/** Null where none answers with the password of this directory. */
export async function attachEmbedded(place: EmbeddedPlace): Promise<StoreConnection | null> {
  const password = await storedPassword(place.dataDir);
  if (password === null) return null;
  const target = { port: place.httpPort, user: ENGINE_USER, password };
  if (!(await isAnswering(target))) return null;
  return {
    url: `http://127.0.0.1:${place.httpPort}`,
    user: ENGINE_USER,
    password,
    database: ENGINE_DATABASE,
  };
}

/** Null where no engine ever ran in this directory. */
export async function storedPassword(dataDir: string): Promise<string | null> {
  try {
    const file = passwordFile(path.join(path.resolve(dataDir), 'clickhouse'));
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return null;
  }
}
