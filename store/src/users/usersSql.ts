/** The users as statements for a server. Repeatable: a second run sets passwords, limits and rights anew. */
import { createHash } from 'node:crypto';
import type { ClusterForm } from '../cluster/form.ts';
import { quoted } from '../cluster/form.ts';
import { grantsOf, type Limit, limitsOf, type Role, userOf } from './roles.ts';

/** One query of a reader; enough for a day of a big cluster on a server, and far below what one has. */
const READER_MEMORY_BYTES = 4_000_000_000;

export interface UserSecret {
  readonly role: Role;
  readonly password: string;
  /** Random, so that equal passwords do not show. */
  readonly salt: string;
}

export function usersSql(
  secrets: readonly UserSecret[],
  place: { readonly database: string; readonly cluster: ClusterForm | null },
): string[] {
  const on = place.cluster?.hasKeeper === true ? ` ON CLUSTER ${quoted(place.cluster.name)}` : '';
  return secrets.flatMap(({ role, password, salt }) => {
    const user = userOf(role);
    const hash = createHash('sha256').update(`${password}${salt}`).digest('hex');
    const limits = limitsOf(role, READER_MEMORY_BYTES).map(limitSql);
    const settings = limits.length === 0 ? 'NONE' : limits.join(', ');
    return [
      `CREATE USER IF NOT EXISTS ${user}${on} IDENTIFIED WITH sha256_hash BY '${hash}' SALT '${salt}'`,
      `ALTER USER ${user}${on} IDENTIFIED WITH sha256_hash BY '${hash}' SALT '${salt}' DEFAULT ROLE NONE SETTINGS ${settings}`,
      `REVOKE${on} ALL ON *.* FROM ${user}`,
      ...grantsOf(role, place.database).map((grant) => `GRANT${on} ${grant} TO ${user}`),
    ];
  });
}

function limitSql({ name, value, min, max }: Limit): string {
  const least = min === undefined ? '' : ` MIN ${min}`;
  const most = max === undefined ? ' CONST' : ` MAX ${max}`;
  return `${name} = ${value}${least}${most}`;
}
