import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { NODES, nodeNamed, SERVICES, type ServicePlan } from '../plan.ts';
import { iptablesRules } from './iptables.ts';
import {
  iptablesChain,
  iptablesEndpointChain,
  nftablesChain,
  nftablesEndpointChain,
} from './names.ts';
import { nftablesRules } from './nftables.ts';

/** The Services that Kubernetes' own tests use; the expected names below are kube-proxy's. */
function upstream(name: string): ServicePlan {
  return {
    namespace: name.replace('svc', 'ns'),
    name,
    portName: 'p80',
    port: 80,
    clusterIp: '172.30.0.41',
    nodePort: 3001,
    policy: 'Cluster',
    endpoints: [],
  };
}
const endpoint = { pod: 'ns1/pod', node: 'node1', ip: '10.180.0.1', port: 80 };

function expectGolden(file: string, actual: string): void {
  const path = fileURLToPath(new URL(`golden/${file}`, import.meta.url));
  if (process.env.UPDATE === '1') writeFileSync(path, actual);
  if (!existsSync(path)) throw new Error(`${file} is missing: run this test once with UPDATE=1`);
  expect(actual).toBe(readFileSync(path, 'utf8'));
}

test('iptables chains carry the hashes that kube-proxy gives them', () => {
  expect(iptablesChain('SVC', upstream('svc4'))).toBe('KUBE-SVC-4SW47YFZTEDKD3PK');
  expect(iptablesChain('EXT', upstream('svc4'))).toBe('KUBE-EXT-4SW47YFZTEDKD3PK');
  expect(iptablesEndpointChain(upstream('svc4'), { ...endpoint, ip: '10.180.0.4' })).toBe(
    'KUBE-SEP-UKSFD7AGPMPPLUHC',
  );
});

test('nftables chains carry the hashes that kube-proxy gives them', () => {
  expect(nftablesChain('service', upstream('svc1'))).toBe('service-ULMVA6XW-ns1/svc1/tcp/p80');
  expect(nftablesEndpointChain(upstream('svc1'), endpoint)).toBe(
    'endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80',
  );
});

test.each(NODES.map((node) => node.name))('iptables rules of %s equal the golden file', (name) => {
  expectGolden(`${name}.iptables`, iptablesRules(name, SERVICES));
});

test.each(NODES.map((node) => node.name))('nftables rules of %s equal the golden file', (name) => {
  expectGolden(`${name}.nft`, nftablesRules(nodeNamed(name), SERVICES));
});

test('a Local Service is dropped on a node without its Pods and balanced over local ones elsewhere', () => {
  const drop = /controller-local:http has no local endpoints" .*--dport 30081 -j DROP/;
  expect(iptablesRules('node3', SERVICES)).toMatch(drop);
  expect(iptablesRules('node1', SERVICES)).not.toMatch(drop);
  expect(iptablesRules('node1', SERVICES)).toMatch(/-A KUBE-SVL-\w+ .*-> 10\.244\.1\.10:80"/);
  const nftDrop =
    'no-endpoint-nodeports { tcp . 30081 comment "ingress-nginx/controller-local:http" : drop }';
  expect(nftablesRules(nodeNamed('node3'), SERVICES)).toContain(nftDrop);
  expect(nftablesRules(nodeNamed('node1'), SERVICES)).not.toContain(nftDrop);
});

test('a Service without endpoints is rejected and gets no chain', () => {
  const orphan = SERVICES.filter((service) => service.name === 'orphan');
  const ipt = iptablesRules('node1', orphan);
  expect(ipt).toMatch(/has no endpoints" .*--dport 30085 -j REJECT/);
  expect(ipt).not.toContain('KUBE-SVC-');
  const nft = nftablesRules(nodeNamed('node1'), orphan);
  expect(nft).toContain('tcp . 30085 comment "shop/orphan:http" : goto reject-chain');
  expect(nft).not.toContain('service-nodeports { tcp');
});

test('three endpoints are taken with probability 1/3, 1/2 and the rest', () => {
  const app = SERVICES.filter((service) => service.name === 'app');
  const chances = iptablesRules('node1', app).match(/--probability [\d.]+/g);
  expect(chances).toEqual(['--probability 0.3333333333', '--probability 0.5000000000']);
});

test('an endpoint that terminates serves where no ready one does: on its own node with Local, anywhere else not', () => {
  const on = (node: string, isTerminating: boolean) => ({
    ...{ pod: `ns1/${node}`, node, ip: `10.180.${node.at(-1)}.1`, port: 80 },
    ...(isTerminating ? { isTerminating } : {}),
  });
  const plan = (policy: 'Cluster' | 'Local'): ServicePlan => ({
    ...upstream('svc1'),
    policy,
    endpoints: [on('node1', true), on('node2', false)],
  });
  const rules = (node: string, policy: 'Cluster' | 'Local') => [
    iptablesRules(node, [plan(policy)]),
    nftablesRules(nodeNamed(node), [plan(policy)]),
  ];
  for (const text of rules('node1', 'Local')) expect(text).toContain('10.180.1.1');
  for (const text of [...rules('node1', 'Cluster'), ...rules('node2', 'Local')]) {
    expect(text).not.toContain('10.180.1.1');
    expect(text).toContain('10.180.2.1');
  }
  for (const text of rules('node3', 'Local')) expect(text).toMatch(/-j DROP|: drop/);
});
