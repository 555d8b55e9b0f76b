/** What a PROXY protocol header says, whichever its version. */
import type { Tuple } from '../model/tuple.ts';
import type { HeaderProblem } from './problem.ts';
import type { ProxyTlv } from './proxyTlvs.ts';

export type ProxyFamily = 'inet' | 'inet6' | 'unix' | 'unspec';

export interface ProxyProtocolHeader {
  readonly version: 1 | 2;
  /** `local`: the sender's own connection (a health check); its socket address is the client's. */
  readonly command: 'local' | 'proxy';
  readonly family: ProxyFamily;
  /** src is the client, dst the address it dialled; null where no TCP addresses are named. */
  readonly claimed: Tuple | null;
  /** In the order of the header. Of a cut header, those that were read whole. */
  readonly tlvs: readonly ProxyTlv[];
  /** Length of the whole header: where the payload begins. */
  readonly headerBytes: number;
  /** false: `bytes` ended before the header did (extent `prefix` only), so no checksum was verified. */
  readonly isWhole: boolean;
}

export type ParsedProxyHeader =
  | { readonly ok: true; readonly header: ProxyProtocolHeader }
  | { readonly ok: false; readonly problem: HeaderProblem };

/**
 * `whole`: all of the header must be there, TLVs included, and a CRC32C TLV must be right. `prefix`: the first
 * bytes that a capture kept; addresses must be there, TLVs may be cut.
 */
export type HeaderExtent = 'whole' | 'prefix';

export function refused(problem: HeaderProblem): ParsedProxyHeader {
  return { ok: false, problem };
}
