/**
 * The last field of a leg. Agents before it write legs that end where it begins: read as no traffic.
 *
 *   u64 clientBytes (all ones: no traffic) | u64 serverBytes (all ones: null) | u32, u32 retransmits | u8 closedBy
 */
import { type FieldType, oneOf, optionalU64 } from './layout.ts';
import { LEG_CLOSERS, type Traffic } from './v1.ts';

export const LEG_BYTES_BEFORE_TRAFFIC = 223;

/** Within the field. */
export const TRAFFIC_AT = {
  clientBytes: 0,
  serverBytes: 8,
  clientRetransmits: 16,
  serverRetransmits: 20,
  closedBy: 24,
} as const;
const closer = oneOf(LEG_CLOSERS);

export const trafficField: FieldType<Traffic | undefined> = {
  sizeBytes: 25,
  write: (view, at, traffic) => {
    optionalU64.write(view, at, traffic?.clientBytes ?? null);
    optionalU64.write(view, at + TRAFFIC_AT.serverBytes, traffic?.serverBytes ?? null);
    view.setUint32(at + TRAFFIC_AT.clientRetransmits, traffic?.clientRetransmits ?? 0, true);
    view.setUint32(at + TRAFFIC_AT.serverRetransmits, traffic?.serverRetransmits ?? 0, true);
    closer.write(view, at + TRAFFIC_AT.closedBy, traffic?.closedBy ?? 'nobody');
  },
  read: (view, at) => {
    if (at >= view.byteLength) return undefined;
    const clientBytes = optionalU64.read(view, at);
    const serverBytes = optionalU64.read(view, at + TRAFFIC_AT.serverBytes);
    const closedBy = closer.read(view, at + TRAFFIC_AT.closedBy);
    if (clientBytes === null) return undefined;
    return {
      clientBytes,
      serverBytes,
      clientRetransmits: view.getUint32(at + TRAFFIC_AT.clientRetransmits, true),
      serverRetransmits: view.getUint32(at + TRAFFIC_AT.serverRetransmits, true),
      closedBy,
    };
  },
};
