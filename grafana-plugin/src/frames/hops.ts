/** One path as a table of its hops. The document itself travels along: the hop path panel draws that. */

import type { Hop, Path } from '../rest/types.ts';
import { formatAddress } from '../view/format.ts';
import { partyName } from '../view/lanes.ts';
import { METHOD_SHORT } from '../view/words.ts';
import { HOP_PATH_PANEL_ID } from './ids.ts';
import {
  fieldsOf,
  flag,
  NANOSECONDS,
  number,
  type PlainFrame,
  same,
  text,
  within,
} from './plainFrame.ts';

/** Where in `meta.custom` the path document lies. */
export const DOCUMENT_KEY = 'hoptracePath';

export function hopsFrame(path: Path): PlainFrame {
  return {
    name: path.pathId,
    meta: {
      preferredVisualisationType: 'table',
      preferredVisualisationPluginId: HOP_PATH_PANEL_ID,
      custom: { [DOCUMENT_KEY]: path },
    },
    fields: fieldsOf(path.hops, {
      hop: number(({ index }) => index + 1),
      from: text(({ from }) => partyName(from)),
      to: text(({ to }) => partyName(to)),
      toRole: text(({ to }) => to.role),
      fromNode: text(({ from }) => from.node),
      toNode: text(({ to }) => to.node),
      fromAddress: text(({ from }) => formatAddress(from.ip, from.port)),
      toAddress: text(({ to }) => formatAddress(to.ip, to.port)),
      ...same<Hop>(flag, 'crossesNode', 'extra'),
      ...same<Hop>(text, 'kind', 'extraReason', 'class'),
      roundTrip: number(({ rtt }) => valueNs(rtt), NANOSECONDS),
      roundTripLow: number(({ rtt }) => rtt?.lowNs ?? null, NANOSECONDS),
      roundTripHigh: number(({ rtt }) => rtt?.highNs ?? null, NANOSECONDS),
      method: text(({ rtt }) => (rtt === null ? null : METHOD_SHORT[rtt.method])),
      requestCost: number((hop) => valueNs(hop.requestCost), NANOSECONDS),
      proxyTime: number((hop) => valueNs(hop.proxyTime), NANOSECONDS),
      syn: number(({ times }) => times.synNs, NANOSECONDS),
      established: number(({ times }) => times.establishedNs, NANOSECONDS),
      firstResponse: number(({ times }) => times.firstResponseNs, NANOSECONDS),
      end: number(({ times }) => times.endNs, NANOSECONDS),
      clock: text(({ times }) => times.clock),
      ...within(trafficOf, number, 'clientBytes', 'serverBytes'),
      ...within(trafficOf, number, 'clientRetransmits', 'serverRetransmits'),
      ...within(trafficOf, text, 'closed'),
      rewrite: text(({ rewrite }) => rewrite?.mechanism ?? null),
      sourceBefore: text(({ rewrite }) => rewrite?.before ?? null),
      sourceAfter: text(({ rewrite }) => rewrite?.after ?? null),
      rewriteCause: text(({ rewrite }) => rewrite?.cause ?? null),
      clientRecoverable: flag(({ rewrite }) => rewrite?.recoverable ?? null),
      gap: text((hop) => hop.gap?.text ?? null),
    }),
  };
}

const trafficOf = ({ traffic }: Hop) => traffic;
const valueNs = (time: { readonly valueNs: number } | null | undefined) => time?.valueNs ?? null;
