/** The cluster form of the schema: what differs between one server and several. */

export interface ClusterForm {
  /** As the servers know it (`remote_servers`, `system.clusters`). */
  readonly name: string;
  /**
   * With a Keeper the tables are Replicated… and statements run ON CLUSTER. Without one every server keeps plain
   * tables and has to be migrated by itself; copies, if any, are written by the Distributed tables.
   */
  readonly hasKeeper: boolean;
}

/** Where the rows of a table lie on one shard. The table's own name is the Distributed one: reads and writes use that. */
export const localName = (table: string): string => `${table}_local`;

/**
 * The cell: one Kubernetes cluster. All records of a request and all versions of its path stay on one shard, so
 * that FINAL, LIMIT BY and the join of legs never need rows of another one. A table without this column is spread by
 * the first column of its sorting key: rows that replace each other share that one, too.
 */
export const CELL_COLUMN = 'cluster';

/** Longer than any outage that spools and logs are made for; the default of a server is one hour. */
export const DEDUPLICATION_WINDOW_SECONDS = 604_800;

/** What a translation needs to know besides the statement. */
export interface Target {
  readonly form: ClusterForm;
  readonly database: string;
}

export const quoted = (name: string): string => `\`${name}\``;

/** `database.name ON CLUSTER cluster`, without the latter where there is no Keeper to spread it. */
export function placed(name: string, { form, database }: Target): string {
  const table = `${quoted(database)}.${name}`;
  return form.hasKeeper ? `${table} ON CLUSTER ${quoted(form.name)}` : table;
}
