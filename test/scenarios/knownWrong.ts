/**
 * Scenarios that the engine still gets wrong, each with why. They run like all others; `npm run scenarios` shows
 * them as wrong. A test fails when another one goes wrong, and also when one of these comes right: then it leaves
 * this list.
 */
export const KNOWN_WRONG: Readonly<Record<string, string>> = {
  '06-isn-randomising-firewall':
    'a break in the sequence numbers is neither joined by its tuple nor reported',
  '09-agent-restart': 'a leg known from conntrack alone becomes a second path',
  '10-isn-collision':
    'an ambiguous set is split but not announced; with half the records it is taken for a SYNPROXY',
  '11-syn-lost-between-nodes': 'the loss is named, but not between which nodes',
  '16-nginx-hard-cases':
    'a sub-request of one client request is taken for a contradiction and left open; so are local answers, as the proxy has too few links to be called regular',
  '20-retries-and-equal-ids':
    'a retry on a second upstream is taken for a contradiction and left open',
  '23-tcp-lb-unobserved': 'PROXY LOCAL is treated as a lost client',
};
