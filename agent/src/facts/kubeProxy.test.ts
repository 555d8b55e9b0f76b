import { expect, test } from '@jest/globals';
import { type KubeProxyTraces, lookForKubeProxy, modeOf, type RunHere } from './kubeProxy.ts';

const NOTHING: KubeProxyTraces = { answer: null, nftables: false, iptables: false, ipvs: false };

test('its own answer counts before what is left of an earlier mode', () => {
  const { mode, note } = modeOf({ ...NOTHING, answer: 'nftables', iptables: true });
  expect(mode).toBe('nftables');
  expect(note).toContain('kube-proxy answers nftables');
});

test.each(['iptables', 'nftables', 'ipvs'] as const)('rules of %s alone tell the mode', (mode) => {
  expect(modeOf({ ...NOTHING, [mode]: true }).mode).toBe(mode);
});

test('rules of two modes tell nothing, and the note names them', () => {
  const { mode, note } = modeOf({ ...NOTHING, iptables: true, nftables: true });
  expect(mode).toBeNull();
  expect(note).toContain('KUBE-NODEPORTS');
  expect(note).toContain('table kube-proxy');
});

test('an answer that is no mode of kube-proxy is not believed', () => {
  expect(modeOf({ ...NOTHING, answer: '<html>' }).mode).toBeNull();
  expect(modeOf({ ...NOTHING, answer: '<html>', ipvs: true }).mode).toBe('ipvs');
});

test('what could not be looked at is said', () => {
  expect(modeOf({ ...NOTHING, iptables: null }).note).toContain('could not look for iptables');
  expect(modeOf(NOTHING).note).not.toContain('could not');
});

/** Commands that a node answers, by their words; the others fail. */
function node(answers: Record<string, string>, missing: readonly string[] = []): RunHere {
  return async (command, args) =>
    missing.includes(command) ? undefined : (answers[[command, ...args].join(' ')] ?? null);
}

test('legacy iptables is not asked where it has no nat table: asking would make one', async () => {
  const asked: string[] = [];
  const run: RunHere = async (command, args) => {
    asked.push(command);
    return node({ 'cat /proc/self/net/ip_tables_names': 'filter\n' })(command, args);
  };
  expect((await lookForKubeProxy(run, false)).iptables).toBe(false);
  expect(asked).not.toContain('iptables-legacy');
});

test('legacy iptables is asked where it has one', async () => {
  const run = node({
    'cat /proc/self/net/ip_tables_names': 'nat\nfilter\n',
    'iptables-legacy -w -t nat -n -L KUBE-NODEPORTS': 'Chain KUBE-NODEPORTS (1 references)\n',
  });
  expect((await lookForKubeProxy(run, false)).iptables).toBe(true);
});

test('without nft nobody knows of nftables, nor of iptables on top of it', async () => {
  const traces = await lookForKubeProxy(node({}, ['nft']), false);
  expect(traces.nftables).toBeNull();
  expect(traces.iptables).toBeNull();
});
