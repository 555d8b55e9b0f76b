/** What a hop's connection carried and how it was closed, in one line; nothing where nobody counted. */
import { plural } from './format.ts';
import type { Hop } from './model.ts';

type Traffic = NonNullable<Hop['traffic']>;

const CLOSED_WORDS: Record<Traffic['closed'], string> = {
  open: 'open when it was told',
  finByClient: 'closed by the client (FIN)',
  finByServer: 'closed by the server (FIN)',
  resetByClient: 'reset by the client (RST)',
  resetByServer: 'reset by the server (RST)',
  timedOut: 'end not seen, followed no longer',
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Decimal units, three digits: `950 B`, `1.50 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let place = 0;
  while (value >= (place === 0 ? 1000 : 999.5) && place < UNITS.length - 1) {
    value /= 1000;
    place++;
  }
  return `${place === 0 ? value : value.toPrecision(3)} ${UNITS[place]}`;
}

export function trafficText({ traffic }: Hop): string | null {
  if (traffic == null) return null;
  const { clientBytes, serverBytes, closed } = traffic;
  const back =
    serverBytes === null ? 'what came back is not known' : `${formatBytes(serverBytes)} back`;
  const parts = [`${formatBytes(clientBytes)} there, ${back}`, ...retransmitsText(traffic)];
  return [...parts, CLOSED_WORDS[closed]].join(' · ');
}

function retransmitsText({ clientRetransmits, serverRetransmits }: Traffic): string[] {
  const count = clientRetransmits + serverRetransmits;
  if (count === 0) return [];
  const whose =
    serverRetransmits === 0
      ? 'all of the client'
      : clientRetransmits === 0
        ? 'all of the server'
        : `${clientRetransmits} of the client, ${serverRetransmits} of the server`;
  return [`${plural(count, 'segment')} sent again or late (${whose})`];
}
