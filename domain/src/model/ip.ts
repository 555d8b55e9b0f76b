/** Addresses are IPv6 on the wire and in ClickHouse (IPv4 mapped inside, RFC 4291 2.5.5.2); text is short. */

const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/** Parses dotted IPv4 or RFC 4291 IPv6 text to 16 bytes (IPv4 is mapped). Returns null on anything else. */
export function parseIp(text: string): Uint8Array | null {
  if (!text.includes(':')) return parseIpv4Mapped(text);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted === null) return parseIpv6Groups(text);
  const tail = parseIpv4Mapped(dotted[2] ?? '');
  if (tail === null) return null;
  const high = ((tail[12] ?? 0) << 8) | (tail[13] ?? 0);
  const low = ((tail[14] ?? 0) << 8) | (tail[15] ?? 0);
  return parseIpv6Groups(`${dotted[1]}${high.toString(16)}:${low.toString(16)}`);
}

function parseIpv4Mapped(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(16);
  bytes.set(MAPPED_PREFIX);
  for (const [index, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[12 + index] = Number(part);
  }
  return bytes;
}

function parseIpv6Groups(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [index, group] of groups.entries()) {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  }
  return bytes;
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

/** Formats 16 bytes: mapped IPv4 as dotted, IPv6 as RFC 5952 (lower case, longest zero run shortened). */
export function formatIp(bytes: Uint8Array): string {
  if (MAPPED_PREFIX.every((byte, index) => bytes[index] === byte)) {
    return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  }
  const groups = Array.from(
    { length: 8 },
    (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0),
  );
  const run = longestZeroRun(groups);
  const text = (slice: number[]) => slice.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return text(groups);
  return `${text(groups.slice(0, run.start))}::${text(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index - start + 1 > best.length) best = { start, length: index - start + 1 };
  }
  return best;
}

/** The one spelling under which an address is compared; null when the text is no address. */
export function canonicalIp(text: string): string | null {
  const bytes = parseIp(text);
  return bytes === null ? null : formatIp(bytes);
}
