/** The one way to ClickHouse: pinned settings, time-outs, and errors that say whether a retry can help. */
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { toStoreError } from './clientErrors.ts';
import type { ClusterForm } from './cluster/form.ts';
import type { StoreConnection } from './config.ts';
import { type Transfer, transferCalls } from './transfer.ts';

/** What must not depend on a server's defaults. Reasons beside each. */
const PINNED_SETTINGS: ClickHouseSettings = {
  // A server batches by default and may answer before the rows are in a part; we batch ourselves.
  async_insert: 0,
  // A bare JSON number loses bits above 2^53; hashes have 64.
  output_format_json_quote_64bit_integers: 1,
  // The default drops unknown keys without a word.
  input_format_skip_unknown_fields: 0,
  // The same batch must always be cut into the same blocks, else the deduplication token does not match.
  insert_deduplicate: 1,
  input_format_parallel_parsing: 0,
  max_insert_threads: '1',
  max_insert_block_size: '1048449',
  min_insert_block_size_rows: '1048449',
  min_insert_block_size_bytes: '268402944',
  // A batch with stray times must not fail for ever; the collector bounds times.
  throw_on_max_partitions_per_insert_block: 0,
  // A cluster only: a missing shard must be an error, not a smaller answer; so must copies that lag behind.
  skip_unavailable_shards: 0,
  fallback_to_stale_replicas_for_distributed_queries: 0,
  // An insert is answered when every shard that it has rows for has them.
  distributed_foreground_insert: 1,
  // INSERT SELECT reads what all shards have, not what each of them sees.
  parallel_distributed_insert_select: '0',
  // A subquery with a LIMIT means the rows of all shards together.
  distributed_product_mode: 'global',
  // Statements on all servers end before our own time-out, and fail where one server failed.
  distributed_ddl_task_timeout: '25',
  distributed_ddl_output_mode: 'throw',
  // Dead clients must not keep queries running.
  cancel_http_readonly_queries_on_client_close: 1,
};

const REQUEST_TIMEOUT_MS = 30_000;
/** Below the request's time-out, so that the engine says what was slow. */
const READ_LIMIT_SECONDS = 20;
const MAX_OPEN_CONNECTIONS = 8;
/** Less than the keep-alive of any server (3 s at least), so that no request meets a closing socket. */
const IDLE_SOCKET_TTL_MS = 1500;

export type QueryParams = object;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface SelectStatement {
  /** Appears as log_comment in system.query_log. */
  readonly name: string;
  readonly sql: string;
  readonly params: QueryParams;
}

export interface Store extends Transfer {
  readonly database: string;
  readonly cluster: ClusterForm | null;
  /** Rows as JSONEachRow gives them: 64-bit integers are text. */
  select(statement: SelectStatement, options?: CallOptions): Promise<unknown[]>;
  /** Resolves when the rows are in the table (not yet fsynced by a default server). Same token: stored once. */
  insert(
    table: string,
    rows: readonly object[],
    options: CallOptions & { readonly dedupToken: string },
  ): Promise<void>;
  /** The same with rows that are RowBinary already, their values in the order of `names`. Names are not escaped. */
  insertBinary(
    table: string,
    values: { readonly names: readonly string[]; readonly rows: Uint8Array },
    options: CallOptions & { readonly dedupToken: string },
  ): Promise<void>;
  /** DDL. */
  command(sql: string, params?: QueryParams): Promise<void>;
  /** Resolves when the store answers a query; throws HOP_STORE_UNREACHABLE or _REFUSED. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Opens nothing yet: the first call connects. */
export function openStore(connection: StoreConnection): Store {
  const client = createClient({
    url: connection.url,
    username: connection.user,
    password: connection.password,
    database: connection.database,
    application: 'hoptrace',
    request_timeout: REQUEST_TIMEOUT_MS,
    max_open_connections: MAX_OPEN_CONNECTIONS,
    keep_alive: { enabled: true, idle_socket_ttl: IDLE_SOCKET_TTL_MS },
    clickhouse_settings: PINNED_SETTINGS,
    // Errors are thrown; whoever catches them logs them, once and without rows.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const guarded = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (error) {
      throw toStoreError(error, { name, url: connection.url, cluster: connection.cluster });
    }
  };
  const select: Store['select'] = (statement, options) =>
    guarded(statement.name, async () => {
      const result = await client.query({
        query: statement.sql,
        query_params: { ...statement.params },
        format: 'JSONEachRow',
        clickhouse_settings: {
          log_comment: statement.name,
          max_execution_time: READ_LIMIT_SECONDS,
        },
        ...withSignal(options),
      });
      return result.json();
    });
  return {
    database: connection.database,
    cluster: connection.cluster ?? null,
    select,
    insert: async (table, rows, options) => {
      if (rows.length === 0) return;
      await guarded(`insert ${table}`, () =>
        client.insert({
          table,
          values: [...rows],
          format: 'JSONEachRow',
          clickhouse_settings: {
            log_comment: `insert ${table}`,
            insert_deduplication_token: options.dedupToken,
          },
          ...withSignal(options),
        }),
      );
    },
    insertBinary: async (table, { names, rows }, options) => {
      if (rows.length === 0) return;
      await guarded(`insert ${table}`, async () => {
        const { stream } = await client.exec({
          query: `INSERT INTO ${table} (${names.join(', ')}) FORMAT RowBinary`,
          values: Readable.from([rows], { objectMode: false }),
          clickhouse_settings: {
            log_comment: `insert ${table}`,
            insert_deduplication_token: options.dedupToken,
          },
          ...withSignal(options),
        });
        // An insert answers nothing; until that was read the socket is not free.
        await finished(stream.resume());
      });
    },
    ...transferCalls(client, guarded),
    command: async (sql, params = {}) => {
      await guarded('command', () => client.command({ query: sql, query_params: { ...params } }));
    },
    ping: async () => {
      await select({ name: 'ping', sql: 'SELECT 1 AS one', params: {} });
    },
    close: () => client.close(),
  };
}

const withSignal = (options: CallOptions | undefined) =>
  options?.signal === undefined ? {} : { abort_signal: options.signal };
