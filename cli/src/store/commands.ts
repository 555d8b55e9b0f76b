/** `hoptrace store …`: each answers its exit code. */
import path from 'node:path';
import { openStore, type Store } from '@hoptrace/store/client.ts';
import { type Retention, readStoreConfig, type StoreConnection } from '@hoptrace/store/config.ts';
import { StoreError } from '@hoptrace/store/errors.ts';
import { ensureDatabase, migrate, planMigration } from '@hoptrace/store/migrate.ts';
import { readMigrations } from '@hoptrace/store/migrationFiles.ts';
import { backup } from '@hoptrace/store/operate/backup.ts';
import { checkSchema } from '@hoptrace/store/operate/check.ts';
import { restore } from '@hoptrace/store/operate/restore.ts';
import { readStatus } from '@hoptrace/store/operate/status.ts';
import { userOf } from '@hoptrace/store/users/roles.ts';
import { readUserSecrets } from '@hoptrace/store/users/secrets.ts';
import { usersSql } from '@hoptrace/store/users/usersSql.ts';
import { upEnvironment } from '../up/environment.ts';
import { reach } from './connect.ts';
import { checkText, manifestText, migrateText, planText, statusText } from './texts.ts';

/** sysexits.h: a setting is wrong; the store cannot be used. Differences that a command is there to find are 1. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;

export interface Call {
  readonly env: NodeJS.ProcessEnv;
  /** Folder that holds package.json: the embedded data lie below it, as `hoptrace up` keeps them. */
  readonly root: string;
  readonly json: boolean;
}

interface Place {
  readonly connection: StoreConnection;
  readonly retention: Retention;
  readonly store: Store;
}

interface Outcome {
  readonly ok: boolean;
  /** Printed with --json, beside `command` and `ok`. */
  readonly document: object;
  readonly text: string;
}

export const storeMigrate = (
  call: Call,
  { dryRun, again }: { readonly dryRun: boolean; readonly again: boolean },
): Promise<number> =>
  run(call, { name: 'store migrate', isCreating: !dryRun }, async (place) => {
    const { connection, store, retention } = place;
    if (dryRun) {
      const plan = await planMigration(store, await readMigrations());
      return { ok: true, document: { dryRun, ...plan }, text: planText(plan) };
    }
    await ensureDatabase(connection);
    const result = await migrate(store, { retention, isAgain: again });
    return { ok: true, document: { dryRun, ...result }, text: migrateText(result, connection) };
  });

export const storeCheck = (call: Call): Promise<number> =>
  run(call, { name: 'store check' }, async ({ connection, retention }) => {
    const check = await checkSchema(connection, retention);
    return { ok: check.ok, document: check, text: checkText(check) };
  });

export const storeStatus = (call: Call): Promise<number> =>
  run(call, { name: 'store status' }, async ({ store }) => {
    const status = await readStatus(store);
    return { ok: status.ok, document: status, text: statusText(status) };
  });

export const storeBackup = (call: Call, directory: string): Promise<number> =>
  run(call, { name: 'store backup' }, async ({ store }) => {
    const target = path.resolve(directory);
    const manifest = await backup(store, { directory: target, now: new Date() });
    const text = manifestText(`backed up to ${target}`, manifest);
    return { ok: true, document: { directory: target, ...manifest }, text };
  });

export const storeRestore = (
  call: Call,
  directory: string,
  { add }: { readonly add: boolean },
): Promise<number> =>
  run(
    call,
    { name: 'store restore', isCreating: true },
    async ({ connection, store, retention }) => {
      await ensureDatabase(connection);
      await migrate(store, { retention });
      const source = path.resolve(directory);
      const manifest = await restore(store, { directory: source, isAddition: add });
      const text = manifestText(`restored from ${source}`, manifest);
      return { ok: true, document: { directory: source, ...manifest }, text };
    },
  );

/** `sql`: only print, for somebody else to run. The passwords themselves appear nowhere. */
export const storeUsers = (call: Call, { sql }: { readonly sql: boolean }): Promise<number> =>
  run(call, { name: 'store users' }, async ({ connection, store }) => {
    const config = readStoreConfig(upEnvironment(call.env, call.root));
    if (config.kind === 'embedded') throw embeddedHasUsers(config.dataDir);
    const secrets = readUserSecrets(call.env);
    const place = { database: connection.database, cluster: connection.cluster ?? null };
    const statements = usersSql(secrets, place);
    if (!sql) for (const statement of statements) await store.command(statement);
    const users = secrets.map(({ role }) => userOf(role));
    const text = sql ? statements.map((each) => `${each};`).join('\n') : `set: ${users.join(', ')}`;
    return { ok: true, document: { users, ...(sql ? { statements } : {}) }, text };
  });

const embeddedHasUsers = (dataDir: string) =>
  new StoreError('HOP_STORE_CONFIG', 'the embedded database makes its users by itself', {
    field: 'CLICKHOUSE_URL',
    remedy: `Their passwords lie in ${path.join(dataDir, 'clickhouse')}/password.ROLE; set CLICKHOUSE_URL for a server.`,
  });

async function run(
  call: Call,
  command: { readonly name: string; readonly isCreating?: boolean },
  work: (place: Place) => Promise<Outcome>,
): Promise<number> {
  try {
    const config = readStoreConfig(upEnvironment(call.env, call.root));
    const reached = await reach(config, { isCreating: command.isCreating === true });
    const { connection } = reached;
    const store = openStore(connection);
    try {
      const { ok, document, text } = await work({ connection, store, retention: config.retention });
      print(call.json ? JSON.stringify({ command: command.name, ok, ...document }) : text);
      return ok ? 0 : 1;
    } finally {
      await store.close();
      await reached.close();
    }
  } catch (error) {
    return failed(call, command.name, error);
  }
}

/** With --json the error is the document; a stack only where it is a fault of ours. */
function failed({ json }: Call, command: string, error: unknown): number {
  if (!(error instanceof StoreError)) throw error;
  const { code, message, field, remedy } = error;
  if (json) print(JSON.stringify({ command, ok: false, error: { code, message, field, remedy } }));
  else process.stderr.write(`${code}: ${message}\n→ ${remedy}\n`);
  return code === 'HOP_STORE_CONFIG' ? EXIT_CONFIG : EXIT_UNAVAILABLE;
}

const print = (text: string) => process.stdout.write(`${text.trimEnd()}\n`);
