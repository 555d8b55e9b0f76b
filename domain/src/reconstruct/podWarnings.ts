/** An address that two Pods may have had at the time: neither is named, and both are told. */
import type { Warning } from '../rest/path.ts';
import type { DraftHop } from './draftHop.ts';
import type { Context } from './evidence.ts';

export function podWarnings(drafts: readonly DraftHop[], { topology }: Context): Warning[] {
  const ips = new Set(drafts.flatMap(({ from, to }) => [from.ip, to.ip]));
  return [...ips].flatMap((ip): Warning[] => {
    const pod = topology.podByIp.get(ip);
    if (pod?.orElse === undefined) return [];
    const { namespace, name, orElse } = pod;
    const text = `${ip} was ${namespace}/${name}'s or already ${orElse}'s: the one ended about when the other began, and which of them it was is not known`;
    return [{ code: 'podAmbiguous', text, subject: ip }];
  });
}
