/** The real store behind the collector's narrow interface. */
import type { Store } from '@hoptrace/store/client.ts';
import { insertHeartbeats } from '@hoptrace/store/inserts/insertHeartbeat.ts';
import { insertPaths, withdrawPaths } from '@hoptrace/store/inserts/insertPaths.ts';
import { insertRecords } from '@hoptrace/store/inserts/insertRecords.ts';
import { insertTopology } from '@hoptrace/store/inserts/insertTopology.ts';
import { topologyVersions } from '@hoptrace/store/queries/topologyVersions.ts';
import {
  forgetReplacedRuns,
  rollUpHour,
  rollUpMinutes,
  staleMinutes,
} from '@hoptrace/store/rollups/rollUp.ts';
import {
  hoursWithPaths,
  readRollupMark,
  writeRollupMark,
} from '@hoptrace/store/rollups/rollupMarks.ts';
import type { CollectorStore } from './collectorStore.ts';

/** Opens and closes nothing: the store belongs to whoever made it. */
export function collectorStoreOf(store: Store): CollectorStore {
  return {
    insertRecords: (records, token) => insertRecords(store, records, token),
    async insertPaths({ paths, withdrawals }, token) {
      // New paths first: between the two inserts a request may show twice, but it never disappears.
      await insertPaths(store, paths, token);
      await withdrawPaths(store, withdrawals, `${token}-withdrawn`);
    },
    insertHeartbeats: (heartbeats, token) => insertHeartbeats(store, heartbeats, token),
    ping: () => store.ping(),
    topology: {
      insertTopology: (versions, token) => insertTopology(store, versions, token),
      topologySince: (sinceUs) => topologyVersions(store, { sinceUs }),
    },
    rollups: {
      rollUpMinutes: (range) => rollUpMinutes(store, range),
      rollUpHour: (startS) => rollUpHour(store, startS),
      staleMinutes: (range) => staleMinutes(store, range),
      forgetReplacedRuns: (range) => forgetReplacedRuns(store, range),
      hoursWithPaths: (fromUs) => hoursWithPaths(store, fromUs),
      readMark: (collector) => readRollupMark(store, collector),
      writeMark: (mark) => writeRollupMark(store, mark),
    },
  };
}
