/** What is written beside each hop of the drawing: the page's words, one fact a line. */
import { REWRITE_SHORT, roleLine } from '../../../grafana-plugin/src/view/diagramWords.ts';
import {
  formatAddress,
  formatBounds,
  formatNs,
  formatOffset,
  formatRtt,
} from '../../../grafana-plugin/src/view/format.ts';
import { partyName } from '../../../grafana-plugin/src/view/lanes.ts';
import type { Hop, Path } from '../../../grafana-plugin/src/view/model.ts';
import { trafficText } from '../../../grafana-plugin/src/view/trafficWords.ts';
import { KIND_WORDS, METHOD_SHORT } from '../../../grafana-plugin/src/view/words.ts';
import type { Style } from '../ask/terminal.ts';

export interface Note {
  readonly text: string;
  readonly style: Style | null;
}

export function hopNotes(hop: Hop): Note[] {
  const title = `${hop.index + 1}  ${partyName(hop.from)} → ${partyName(hop.to)}`;
  return [
    { text: title, style: 'bold' },
    { text: placeText(hop), style: 'dim' },
    timeNote(hop),
    ...costNotes(hop),
    ...trafficNotes(hop),
    ...changeNotes(hop),
  ];
}

function placeText({ to, kind, crossesNode }: Hop): string {
  const crossing = crossesNode === null ? ', whether it leaves the machine is not known' : '';
  return `${roleLine(to)} ${formatAddress(to.ip, to.port)} · ${KIND_WORDS[kind]}${crossing}`;
}

function timeNote({ rtt, times }: Hop): Note {
  const seen =
    times.synNs === null || times.clock === null
      ? ''
      : ` · SYN ${formatOffset(times.synNs)}, clock of ${times.clock}`;
  if (rtt === null) return { text: `round trip not measured${seen}`, style: 'dim' };
  const bounds = rtt.method === 'handshakeDifference' ? ` (${formatBounds(rtt)})` : '';
  return {
    text: `round trip ${formatRtt(rtt)}${bounds}, ${METHOD_SHORT[rtt.method]}${seen}`,
    style: null,
  };
}

/** What a request itself cost, where both sides timed it. */
function costNotes({ requestCost, proxyTime, from }: Hop): Note[] {
  const notes: Note[] = [];
  if (requestCost != null) {
    const scope = requestCost.scope === 'request' ? 'this request' : 'a request (median)';
    notes.push({ text: `${scope}: ${formatNs(requestCost.valueNs)} both ways`, style: null });
  }
  if (proxyTime != null) {
    const text = `${formatNs(proxyTime.valueNs)} inside ${partyName(from)}`;
    notes.push({ text, style: null });
  }
  return notes;
}

function trafficNotes(hop: Hop): Note[] {
  const text = trafficText(hop);
  return text === null ? [] : [{ text: `carried ${text}`, style: 'dim' }];
}

function changeNotes({ rewrite, extra, extraReason, gap }: Hop): Note[] {
  const notes: Note[] = [];
  if (rewrite !== null) {
    const how = REWRITE_SHORT[rewrite.mechanism];
    notes.push({ text: `${how}: source ${rewrite.before} → ${rewrite.after}`, style: 'cyan' });
  }
  if (extra === true) {
    const why = extraReason ?? 'an allowed choice would have avoided this crossing';
    notes.push({ text: `+1 extra hop: ${why}`, style: 'yellow' });
  }
  if (gap != null) notes.push({ text: `not seen: ${gap.text}`, style: 'magenta' });
  return notes;
}

/** The hop at which the path was refused: its last one. */
export function isRefusedAt(path: Pick<Path, 'hops' | 'refusal'>, hop: Hop): boolean {
  return path.refusal !== null && hop === path.hops.at(-1);
}
