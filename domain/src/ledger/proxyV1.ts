/** Version 1: one line of text, `PROXY TCP4 203.0.113.10 203.0.113.2 51234 443\r\n`. */
import { formatIp, parseIp } from '../model/ip.ts';
import { type HeaderProblem, problem } from './problem.ts';
import { type ParsedProxyHeader, type ProxyFamily, refused } from './proxyHeader.ts';

/** CR LF included: room for UNKNOWN and two full IPv6 addresses. */
const V1_MAX_BYTES = 107;
const FAMILIES: Readonly<Record<string, ProxyFamily>> = { TCP4: 'inet', TCP6: 'inet6' };

export function parseV1(bytes: Uint8Array): ParsedProxyHeader {
  const text = String.fromCharCode(...bytes.subarray(0, V1_MAX_BYTES));
  const end = text.indexOf('\r\n');
  if (end < 0)
    return refused(problem('line', text, `No CR LF within the first ${V1_MAX_BYTES} bytes.`));
  const fields = text.slice(0, end).split(' ').slice(1);
  const [protocol = ''] = fields;
  const header = { version: 1, command: 'proxy', tlvs: [], isWhole: true } as const;
  const headerBytes = end + 2;
  // Whatever follows UNKNOWN up to the CR LF must be ignored.
  if (protocol === 'UNKNOWN')
    return { ok: true, header: { ...header, family: 'unspec', claimed: null, headerBytes } };
  const family = Object.hasOwn(FAMILIES, protocol) ? FAMILIES[protocol] : undefined;
  if (family === undefined)
    return refused(problem('protocol', protocol, 'Must be TCP4, TCP6 or UNKNOWN.'));
  if (fields.length !== 5)
    return refused(
      problem(
        'line',
        text.slice(0, end),
        'Must be two addresses and two ports, one space between.',
      ),
    );
  const claimed = claimedTuple(fields.slice(1), family);
  if ('field' in claimed) return refused(claimed);
  return { ok: true, header: { ...header, family, claimed, headerBytes } };
}

type Claim = { src: { ip: string; port: number }; dst: { ip: string; port: number } };

function claimedTuple(fields: readonly string[], family: ProxyFamily): Claim | HeaderProblem {
  const [srcIp = '', dstIp = '', srcPort = '', dstPort = ''] = fields;
  const [src, dst] = [addressOf(srcIp, family), addressOf(dstIp, family)];
  const wanted = family === 'inet' ? 'Must be an IPv4 address.' : 'Must be an IPv6 address.';
  if (src === null) return problem('source address', srcIp, wanted);
  if (dst === null) return problem('destination address', dstIp, wanted);
  const range = 'Must be 0 to 65535 without leading zeros.';
  if (!isPort(srcPort)) return problem('source port', srcPort, range);
  if (!isPort(dstPort)) return problem('destination port', dstPort, range);
  return { src: { ip: src, port: Number(srcPort) }, dst: { ip: dst, port: Number(dstPort) } };
}

function addressOf(text: string, family: ProxyFamily): string | null {
  const bytes = text.includes(':') === (family === 'inet6') ? parseIp(text) : null;
  return bytes === null ? null : formatIp(bytes);
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 0xffff;
}
