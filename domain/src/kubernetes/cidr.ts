/** Address ranges, IPv4 and IPv6. Canonical or not: ranges and addresses are parsed here. */
import { parseIp } from '../model/ip.ts';

/** Is the address inside `a.b.c.d/n` or `x::/n`? A text that is no range contains nothing; without `/n`, one address. */
export function isInRange(ip: string, range: string): boolean {
  const [base = '', lengthText] = range.split('/');
  const network = parseIp(base);
  const address = parseIp(ip);
  if (network === null || address === null || isIpv6(base) !== isIpv6(ip)) return false;
  const widest = isIpv6(base) ? 128 : 32;
  const length = lengthText === undefined ? widest : Number(lengthText);
  if (!Number.isInteger(length) || length < 0 || length > widest) return false;
  return isSamePrefix(network, address, length + 128 - widest);
}

export function isIpv6(ip: string): boolean {
  return ip.includes(':');
}

function isSamePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  return a.every((byte, index) => {
    const own = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff00 >> own) & 0xff;
    return (byte & mask) === ((b[index] ?? 0) & mask);
  });
}
