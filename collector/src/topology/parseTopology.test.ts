import { expect, test } from '@jest/globals';
import { AppError } from '../errors.ts';
import { parseTopology } from './parseTopology.ts';

const node = { kind: 'Node', metadata: { name: 'node1' }, status: { addresses: [] } };
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] },
};
const list = (...items: unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

function errorOf(text: string): AppError {
  try {
    parseTopology(text, 'topology.json');
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('was accepted');
}

test('a List, a typed list, an array and a single object are read', () => {
  const kinds = (text: string) => parseTopology(text, 'f').map((each) => each.kind);
  expect(kinds(list(node, service))).toEqual(['Node', 'Service']);
  expect(kinds(JSON.stringify({ kind: 'NodeList', items: [node] }))).toEqual(['Node']);
  expect(kinds(JSON.stringify([node, service]))).toEqual(['Node', 'Service']);
  expect(kinds(JSON.stringify(node))).toEqual(['Node']);
  expect(kinds(list())).toEqual([]);
});

test('objects of other kinds are ignored', () => {
  expect(parseTopology(list({ kind: 'Secret' }, node), 'f')).toHaveLength(1);
});

test('a bad field is named with file, item, object, value and remedy', () => {
  const bad = { ...service, spec: { ...service.spec, ports: [{ port: 'http' }] } };
  const error = errorOf(list(node, bad));
  expect(error.code).toBe('HOP_TOPOLOGY_INVALID');
  expect(error.message).toBe('topology file topology.json is not valid');
  expect(error.problems).toEqual([
    {
      field: 'items[1] (Service shop/web).spec.ports[0].port',
      text: 'Invalid input: expected number, received string',
      remedy: 'send a number',
      value: '"http"',
    },
  ]);
});

test('text that is no JSON, or of another shape, is refused with the command that makes it right', () => {
  expect(errorOf('kind: List').problems[0]?.remedy).toContain('kubectl get');
  expect(errorOf('{"items": []}').problems[0]?.field).toBe('kind');
  expect(errorOf('{"kind": "List"}').problems[0]?.field).toBe('items');
  expect(errorOf('[{"metadata": {}}]').problems[0]?.field).toBe('items[0].kind');
  expect(errorOf('[null, 3]').problems).toHaveLength(2);
});

test('of many problems the first ten are shown', () => {
  expect(errorOf(JSON.stringify(Array.from({ length: 50 }, () => ({})))).problems).toHaveLength(10);
});

test('Ingresses, Gateways and routes are read, with what Kubernetes leaves out', () => {
  const ingress = { kind: 'Ingress', metadata: { name: 'cart', namespace: 'shop' }, spec: {} };
  const gateway = {
    kind: 'Gateway',
    metadata: { name: 'edge', namespace: 'shop' },
    spec: { gatewayClassName: 'x', listeners: [{ name: 'web', port: 80, protocol: 'HTTP' }] },
  };
  const route = {
    kind: 'HTTPRoute',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: { hostnames: null, rules: [{ backendRefs: [{ name: 'cart', port: 80 }] }] },
  };
  const kinds = parseTopology(list(ingress, gateway, route), 'f').map((each) => each.kind);
  expect(kinds).toEqual(['Ingress', 'Gateway', 'HTTPRoute']);
  const bad = {
    ...gateway,
    spec: { listeners: [{ name: 'web', port: 'http', protocol: 'HTTP' }] },
  };
  expect(errorOf(list(bad)).problems[0]?.field).toContain('Gateway shop/edge');
});
