/** Whole tables out of ClickHouse and into it again, as streams in its Native form. */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';

/** Small enough for the memory of the embedded engine. */
const BLOCK_ROWS = '20000';
const BLOCK_BYTES = '4194304';
const EXPORT_SETTINGS: ClickHouseSettings = {
  max_threads: 1,
  max_block_size: BLOCK_ROWS,
  preferred_block_size_bytes: BLOCK_BYTES,
};
const IMPORT_SETTINGS: ClickHouseSettings = {
  min_insert_block_size_rows: BLOCK_ROWS,
  min_insert_block_size_bytes: BLOCK_BYTES,
};

export interface Transfer {
  /** The whole answer in ClickHouse's own Native form, in small blocks. An error in the middle of it ends it with text. */
  exportNative(statement: {
    readonly name: string;
    readonly sql: string;
    readonly params: object;
  }): Promise<Readable>;
  /** The way back; `target` is what follows INSERT INTO. Answers how many rows ClickHouse took. */
  importNative(
    target: string,
    body: Readable,
    options: { readonly dedupToken: string },
  ): Promise<number>;
}

type Guarded = <T>(name: string, call: () => Promise<T>) => Promise<T>;

export function transferCalls(client: ClickHouseClient, guarded: Guarded): Transfer {
  return {
    exportNative: ({ name, sql, params }) =>
      guarded(name, async () => {
        const { stream } = await client.exec({
          query: `${sql} FORMAT Native`,
          query_params: { ...params },
          clickhouse_settings: { log_comment: name, ...EXPORT_SETTINGS },
        });
        return stream;
      }),
    importNative: (target: string, body: Readable, { dedupToken }) =>
      guarded(`insert ${target}`, async () => {
        const { stream, summary } = await client.exec({
          query: `INSERT INTO ${target} FORMAT Native`,
          values: body,
          clickhouse_settings: {
            log_comment: 'import',
            insert_deduplication_token: dedupToken,
            ...IMPORT_SETTINGS,
          },
        });
        await finished(stream.resume());
        return Number(summary?.written_rows ?? 0);
      }),
  };
}
