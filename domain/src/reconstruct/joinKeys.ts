/** Which records might meet in one path. Over-inclusive on purpose: reconstruct() decides, this only gathers. */
import type { WireRecord } from '../wire/v1.ts';

/**
 * Records that share a key may belong to the same path; records that share none, directly or through others, and
 * that no tuple brings together (see TupleMeetings), cannot. Keys: `p:` ISN pair, `c:` client ISN, `r:` request or
 * trace id, `f:` first flight. The last two are other people's to choose: bound them in time and number.
 */
export function joinKeys(record: WireRecord): string[] {
  switch (record.kind) {
    case 'leg':
      return [...some('p:', record.isnPairHash), ...some('c:', record.clientIsnHash)];
    case 'refusal':
      return some('c:', record.clientIsnHash);
    case 'proxyLink':
      return [record.subject, record.lastRead, record.oldest].flatMap((burst) =>
        some('p:', burst?.isnPairHash),
      );
    case 'proxyHeader':
      return some('p:', record.isnPairHash);
    case 'exchange':
      return [
        ...some('p:', record.isnPairHash),
        ...some('r:', record.requestIdHash ?? record.traceIdHash),
        ...some('f:', record.firstFlightHash),
      ];
  }
}

function some(prefix: string, value: string | null | undefined): string[] {
  return value === null || value === undefined ? [] : [prefix + value];
}
