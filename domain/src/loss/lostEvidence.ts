/** What an agent's losses come to. */
import type { AgentLosses } from '../wire/v1.ts';

/** Pieces of evidence; ringRefusals are part of ringEvents. */
export function lostEvidence(losses: Omit<AgentLosses, 'ringRefusals'>): number {
  return losses.ringEvents + losses.badFrames + losses.evictedLegs + losses.unsentRecords;
}
