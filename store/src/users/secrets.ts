/** The passwords of the least privileged users, from the environment. None has a default. */
import { randomBytes } from 'node:crypto';
import { StoreError } from '../errors.ts';
import { ROLES, type Role } from './roles.ts';
import type { UserSecret } from './usersSql.ts';

const LEAST_CHARACTERS = 16;
const SALT_BYTES = 16;

export const variableOf = (role: Role): string => `HOPTRACE_STORE_${role.toUpperCase()}_PASSWORD`;

/** Of the roles that have one. Throws HOP_STORE_CONFIG where none has, or one is short. */
export function readUserSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): UserSecret[] {
  const secrets = ROLES.flatMap((role) => {
    const password = environment[variableOf(role)];
    if (password === undefined) return [];
    if (password.length < LEAST_CHARACTERS) {
      throw configError(variableOf(role), `has fewer than ${LEAST_CHARACTERS} characters`);
    }
    return [{ role, password, salt: randomBytes(SALT_BYTES).toString('hex') }];
  });
  if (secrets.length > 0) return secrets;
  throw configError(variableOf('writer'), 'is not set, nor is the password of another user');
}

const configError = (field: string, reason: string) =>
  new StoreError('HOP_STORE_CONFIG', `${field} ${reason}`, {
    field,
    remedy: `Set ${ROLES.map(variableOf).join(', ')} to random texts, those that are wanted (openssl rand -hex 24).`,
  });
