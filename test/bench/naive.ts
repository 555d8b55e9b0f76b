/** The join as one writes it first: objects of every record, a Map of strings, arrays of objects. Measured beside. */

import { agree } from '@hoptrace/domain/reconstruct/agree.ts';
import type { Context, Evidence, Leg } from '@hoptrace/domain/reconstruct/evidence.ts';
import { NO_EVIDENCE } from '@hoptrace/domain/reconstruct/evidence.ts';
import { group } from '@hoptrace/domain/reconstruct/group.ts';
import { order } from '@hoptrace/domain/reconstruct/order.ts';
import { EMPTY_TOPOLOGY } from '@hoptrace/domain/topology/topology.ts';
import { decodeBatch } from '@hoptrace/domain/wire/binary.ts';
import type { SourceBatch } from './batches.ts';

/** No names: the join needs none. */
const UNNAMED: Context = {
  cluster: 'test',
  topology: EMPTY_TOPOLOGY,
  addressesByNode: new Map(),
};

export class NaiveJoin {
  readonly legsByPair = new Map<string, Leg[]>();

  add({ bytes, node }: SourceBatch): void {
    for (const record of decodeBatch(bytes).records) {
      if (record.kind !== 'leg' || record.isnPairHash === null) continue;
      const leg: Leg = { ...record, cluster: 'test', node, bootId: 'boot-1' };
      const known = this.legsByPair.get(record.isnPairHash);
      if (known === undefined) this.legsByPair.set(record.isnPairHash, [leg]);
      else known.push(leg);
    }
  }

  /** Orders and checks connections with about `limit` legs. Answers how many legs those had. */
  inspect(limit: number): number {
    let checked = 0;
    for (const legs of this.legsByPair.values()) {
      if (checked >= limit) break;
      const evidence: Evidence = { ...NO_EVIDENCE, legs };
      agree(order(group(evidence)), UNNAMED);
      checked += legs.length;
    }
    return checked;
  }
}
