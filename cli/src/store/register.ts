/** The `store` part of the `hoptrace` command. */
import type { Command } from 'commander';
import {
  type Call,
  storeBackup,
  storeCheck,
  storeMigrate,
  storeRestore,
  storeStatus,
  storeUsers,
} from './commands.ts';

const JSON_OPTION = ['--json', 'print one JSON document', false] as const;
const HELP = `
Database: the server of CLICKHOUSE_URL, with CLICKHOUSE_USER, CLICKHOUSE_PASSWORD, CLICKHOUSE_DATABASE, and
CLICKHOUSE_CLUSTER where it is one of several; else the embedded one in HOPTRACE_DATA_DIR.
Exit code: 0 as it should be, 1 differences found or something pending, 69 the database cannot be used, 78 a setting is wrong.`;

interface JsonOption {
  readonly json: boolean;
}

export function registerStore(program: Command, root: string, env: NodeJS.ProcessEnv): void {
  const store = program.command('store').description('the database: schema, state, backup');
  const callOf = ({ json }: JsonOption): Call => ({ env, root, json });
  const add = (usage: string, description: string) =>
    store
      .command(usage)
      .description(description)
      .option(...JSON_OPTION)
      .addHelpText('after', HELP);
  add('migrate', 'bring the schema to this version; repeatable')
    .option('--dry-run', 'only show the statements, in the form of this database', false)
    .option('--again', 'apply known migrations once more, for a server that joined later', false)
    .action(async (options: JsonOption & { dryRun: boolean; again: boolean }) => {
      process.exitCode = await storeMigrate(callOf(options), options);
    });
  add('check', 'compare the schema with what the migrations say').action(
    async (options: JsonOption) => {
      process.exitCode = await storeCheck(callOf(options));
    },
  );
  add('status', 'tables, rows, bytes, parts, days, migrations, disks, shards').action(
    async (options: JsonOption) => {
      process.exitCode = await storeStatus(callOf(options));
    },
  );
  add(
    'backup <directory>',
    'write all rows to files with checksums; the directory must be empty',
  ).action(async (directory: string, options: JsonOption) => {
    process.exitCode = await storeBackup(callOf(options), directory);
  });
  add('restore <directory>', 'read a backup into an empty database of this version or a later one')
    .option('--add', 'also where there are rows already', false)
    .action(async (directory: string, options: JsonOption & { add: boolean }) => {
      process.exitCode = await storeRestore(callOf(options), directory, options);
    });
  add(
    'users',
    'make or renew the least privileged users of a server: HOPTRACE_STORE_WRITER_PASSWORD, …_READER_…, …_GRAFANA_…',
  )
    .option('--sql', 'only print the statements; they hold hashes, not passwords', false)
    .action(async (options: JsonOption & { sql: boolean }) => {
      process.exitCode = await storeUsers(callOf(options), options);
    });
}
