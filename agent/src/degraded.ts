/** What an agent does not see, said the same way in its log, on its page and to the collector. */
import type { FactsSource } from '@hoptrace/domain/wire/nodeFacts.ts';
import { type Hello, missingFeatures } from './frames/hello.ts';

const MAX_NOTE = 256;
const MAX_MISSING = 16;

/** What goes unseen without each feature, as users know it. */
const UNSEEN: Readonly<Record<string, string>> = {
  packets: 'when packets passed; connections are joined by addresses only, not by sequence numbers',
  drops: 'why SYNs were dropped or rejected',
  proxyHeader: 'PROXY headers',
  proxyLinks: 'which request a proxy made for which client request',
  payload: 'single requests of a connection',
  conntrack: 'rewritten addresses, but for what the netlink interface of conntrack tells',
  conntrackNetlink: 'connections that began before the agent',
  interfaces: 'the interfaces of other network namespaces',
};

/** For the collector: printable ASCII, bounded. */
export function sourceOf(hello: Hello): FactsSource {
  const missing = missingFeatures(hello).map(({ feature, note }) => ({
    feature: ascii(feature, 32),
    note: ascii(`not seen: ${UNSEEN[feature] ?? feature}. ${note}`, MAX_NOTE),
  }));
  return { name: hello.source, missing: missing.slice(0, MAX_MISSING) };
}

/** One line for each thing that is not seen; none where all is. */
export function degradedLines(hello: Hello | null): string[] {
  if (hello === null) return [];
  const { name, missing } = sourceOf(hello);
  return [
    ...(name === 'conntrack' ? ['degraded: conntrack is the only source'] : []),
    ...missing.map(({ feature, note }) => `${feature}: ${note}`),
  ];
}

function ascii(text: string, max: number): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, max);
}
