/** A hop before its place in the path is known. */
import type { Hop, Warning } from '../rest/path.ts';
import type { Leg } from './evidence.ts';

export type DraftHop = Omit<Hop, 'index' | 'times'> & {
  /** The leg at which `to` saw the connection arrive. */
  readonly leg: Leg | null;
  /** The leg at which `from` saw it; absent and null: not seen. */
  readonly fromLeg?: Leg | null;
  /** What its stamps contradict or lost; none for a gap. */
  readonly warnings?: readonly Warning[];
  /** The step through the proxy is told by one side only. */
  readonly isUnproven?: boolean;
};
