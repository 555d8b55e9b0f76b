/** Cross-node links: do the legs that the engine puts into one connection belong to one? */
import { agree } from '@hoptrace/domain/reconstruct/agree.ts';
import { clean } from '@hoptrace/domain/reconstruct/clean.ts';
import type { Context, Evidence } from '@hoptrace/domain/reconstruct/evidence.ts';
import { group } from '@hoptrace/domain/reconstruct/group.ts';
import { order } from '@hoptrace/domain/reconstruct/order.ts';
import type { Sightings } from './sightings.ts';
import type { Tally } from './tally.ts';

/** Counts pairs of legs on different machines. A connection of class D claims nothing. */
export function judgeLinks(
  { evidence, context }: { evidence: Evidence; context: Context },
  sightings: Sightings,
  tally: Tally,
  prefix = '',
): void {
  for (const connection of agree(order(group(clean(evidence, context.cluster))), context)) {
    const legs = connection.legs.map((leg) => ({ leg, sighting: sightings.ofLeg(leg) }));
    for (const [index, a] of legs.entries()) {
      for (const b of legs.slice(index + 1)) {
        if (a.leg.node === b.leg.node) continue;
        const isRight = a.sighting !== null && a.sighting.connection === b.sighting?.connection;
        const isSamePair = a.leg.isnPairHash !== null && a.leg.isnPairHash === b.leg.isnPairHash;
        if (connection.joinClass === 'D') {
          tally.add(`${prefix}links doubted`);
          if (isRight) tally.add(`${prefix}links doubted though right`);
          continue;
        }
        tally.add(`${prefix}links`);
        if (isRight) tally.add(`${prefix}links right`);
        if (isRight && (isSamePair || prefix !== '')) tally.add(`${prefix}links found of pairs`);
      }
    }
  }
}

/**
 * Pairs of delivered legs of one true connection on different machines, both with both ISNs. Where a middlebox
 * gave the one other numbers than the other, the pair counts by itself: nothing promises to join that.
 */
export function countSeenLinks(sightings: Sightings, tally: Tally): void {
  for (const id of sightings.legs.keys()) {
    const seen = sightings.pairsSeenOf(id);
    for (const [index, { machine, pairHash }] of seen.entries()) {
      const others = seen.slice(index + 1).filter((other) => other.machine !== machine);
      const same = others.filter((other) => other.pairHash === pairHash).length;
      tally.add('links of pairs seen', same);
      tally.add('links across a middlebox seen', others.length - same);
    }
  }
}
