/** A CollectorStore in memory, for tests of the protocol: what ClickHouse does is tested with ClickHouse. */
import type { Sourced } from '@hoptrace/domain/wire/v1.ts';
import type { CollectorStore, Heartbeat, PathChanges } from '../collectorStore.ts';

export class MemoryStore implements CollectorStore {
  readonly records: Sourced[] = [];
  readonly changes: PathChanges[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly tokens = new Set<string>();
  /** Set to make inserts and pings fail, as while ClickHouse is away. */
  failure: Error | null = null;
  #gate: Promise<void> = Promise.resolve();

  /** Inserts wait until the answered function is called. */
  hold(): () => void {
    let release = () => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  async insertRecords(records: readonly Sourced[], token: string): Promise<void> {
    await this.#answer();
    if (this.tokens.has(token)) return;
    this.tokens.add(token);
    this.records.push(...records);
  }

  async insertPaths(changes: PathChanges, token: string): Promise<void> {
    await this.#answer();
    if (this.tokens.has(token)) return;
    this.tokens.add(token);
    this.changes.push(changes);
  }

  async insertHeartbeats(heartbeats: readonly Heartbeat[], token: string): Promise<void> {
    await this.#answer();
    if (this.tokens.has(token)) return;
    this.tokens.add(token);
    this.heartbeats.push(...heartbeats);
  }

  async ping(): Promise<void> {
    await this.#answer();
  }

  async #answer(): Promise<void> {
    await this.#gate;
    if (this.failure !== null) throw this.failure;
  }
}
