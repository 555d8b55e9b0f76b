/** Who a forwarding header names: `203.0.113.10:47011`, `[2001:db8::1]:443`, `_hidden`, `unknown` (RFC 7239 6). */
import { canonicalIp } from '../model/ip.ts';

export interface ForwardedNode {
  /** `obfuscated`: a name that only its proxy understands. `invalid`: follows no rule; nobody can be read from it. */
  readonly kind: 'address' | 'obfuscated' | 'unknown' | 'invalid';
  /** Canonical; null for all kinds but `address`. */
  readonly ip: string | null;
  readonly port: number | null;
  /** As it stood in the header. */
  readonly text: string;
}

const OBFUSCATED = /^_[A-Za-z0-9._-]+$/;

/** X-Forwarded-For has no grammar: an IPv6 address stands there with and without brackets, the latter without port. */
export function parseNode(text: string, isBareIpv6Known: boolean): ForwardedNode {
  const bare = isBareIpv6Known && text.includes(':') ? canonicalIp(text) : null;
  if (bare !== null) return { kind: 'address', ip: bare, port: null, text };
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([^:]+))?$/.exec(text);
  const [, name = '', portText] = match ?? [];
  const port = portOf(portText);
  if (match === null || port === undefined) return { kind: 'invalid', ip: null, port: null, text };
  if (name.toLowerCase() === 'unknown') return { kind: 'unknown', ip: null, port, text };
  if (OBFUSCATED.test(name)) return { kind: 'obfuscated', ip: null, port, text };
  const isBracketed = name.startsWith('[');
  const inner = isBracketed ? name.slice(1, -1) : name;
  const ip = inner.includes(':') === isBracketed ? canonicalIp(inner) : null;
  if (ip === null) return { kind: 'invalid', ip: null, port: null, text };
  return { kind: 'address', ip, port, text };
}

/** null: none, or an obfuscated one. undefined: no port at all. */
function portOf(text: string | undefined): number | null | undefined {
  if (text === undefined || OBFUSCATED.test(text)) return null;
  return /^\d{1,5}$/.test(text) && Number(text) <= 0xffff ? Number(text) : undefined;
}
