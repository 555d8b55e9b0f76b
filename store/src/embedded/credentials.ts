/** The passwords of the embedded engine: random, made once per data directory, readable by their owner alone. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from '../errors.ts';
import type { Role } from '../users/roles.ts';

const PASSWORD_BYTES = 24;
const PASSWORD_FORM = /^[0-9a-f]{48}$/;

/** Of the product itself; of one of its less privileged users where a role is given. */
export const passwordFile = (engineDir: string, role?: Role) =>
  path.join(engineDir, role === undefined ? 'password' : `password.${role}`);

/** Makes the directory (0700) and the password (0600) where they are missing; answers the password. */
export async function ensurePassword(engineDir: string, role?: Role): Promise<string> {
  await mkdir(engineDir, { recursive: true, mode: 0o700 });
  const file = passwordFile(engineDir, role);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${randomBytes(PASSWORD_BYTES).toString('hex')}\n`, { mode: 0o600 });
  try {
    // link() is all or nothing: of two starts at the same time one wins, and both read the same.
    await link(draft, file);
  } catch (error) {
    if (!isExisting(error)) throw error;
  } finally {
    await unlink(draft);
  }
  const password = (await readFile(file, 'utf8')).trim();
  if (PASSWORD_FORM.test(password)) return password;
  throw new StoreError('HOP_EMBEDDED_FAILED', `${file} holds no password of this program`, {
    field: file,
    remedy: 'Delete this file and start again; a new password is made, the data stay.',
  });
}

const isExisting = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
