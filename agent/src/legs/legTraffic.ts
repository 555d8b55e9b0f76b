/** What a connection carried at a tap by now, and who closed it. */
import type { LegRecord, Traffic } from '@hoptrace/domain/wire/v1.ts';
import type { LegFrame } from '../frames/frame.ts';

/** `isGivenUp`: it is followed no longer, whatever becomes of it. */
export function trafficOf(frame: LegFrame, end: LegRecord['end'], isGivenUp: boolean): Traffic {
  return {
    clientBytes: frame.clientBytes,
    serverBytes: hasServerSide(frame) ? frame.serverBytes : null,
    clientRetransmits: frame.clientRetransmits,
    serverRetransmits: frame.serverRetransmits,
    closedBy: closedBy(frame, end, isGivenUp),
  };
}

/** Where nothing of the server came by, nobody here can tell what it sent. */
function hasServerSide(frame: LegFrame): boolean {
  const { synAckNs, responseNs, serverFinNs, resetNs, isResetByServer } = frame;
  return (synAckNs ?? responseNs ?? serverFinNs ?? (isResetByServer ? resetNs : null)) !== null;
}

function closedBy(
  { clientFinNs, serverFinNs, isResetByServer }: LegFrame,
  end: LegRecord['end'],
  isGivenUp: boolean,
): Traffic['closedBy'] {
  if (end === 'unanswered') return 'agent';
  if (end === 'open') return isGivenUp ? 'agent' : 'nobody';
  if (end === 'reset') return isResetByServer ? 'server' : 'client';
  if (clientFinNs === null) return 'server';
  return serverFinNs === null || clientFinNs <= serverFinNs ? 'client' : 'server';
}
