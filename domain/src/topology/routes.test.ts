import { expect, test } from '@jest/globals';
import { kubernetesObjectSchema } from '../wire/kubernetes.ts';
import { rulesTo, servicesWithEndpoint } from './routes.ts';

const CART = { namespace: 'shop', name: 'cart' };
const object = (kind: string, name: string, spec: object) =>
  kubernetesObjectSchema.parse({ kind, metadata: { name, namespace: 'shop' }, spec });
const backend = (name: string) => ({ service: { name, port: { number: 80 } } });

test('an Ingress leads to a Service by host and path, or by its default', () => {
  const ingress = object('Ingress', 'edge', {
    defaultBackend: backend('cart'),
    rules: [
      {
        host: 'a.example',
        http: {
          paths: [
            { path: '/cart', pathType: 'Prefix', backend: backend('cart') },
            { path: '/pay', pathType: 'Prefix', backend: backend('pay') },
          ],
        },
      },
      { http: null },
    ],
  });
  const found = rulesTo([ingress], [CART]);
  expect(found.map(({ host, path, port }) => [host, path, port])).toEqual([
    ['a.example', '/cart', '80'],
    [null, null, '80'],
  ]);
});

test('an HTTPRoute leads there for each of its hosts and paths, but not with weight 0', () => {
  const route = object('HTTPRoute', 'cart', {
    hostnames: ['a.example', 'b.example'],
    rules: [
      {
        matches: [{ path: { type: 'Exact', value: '/cart' } }, { method: 'GET' }],
        backendRefs: [
          { name: 'cart', port: 8080 },
          { name: 'cart', port: 8081, weight: 0 },
          { name: 'bucket', kind: 'Bucket' },
        ],
      },
      { backendRefs: [{ name: 'cart', namespace: 'other' }] },
    ],
  });
  expect(
    rulesTo([route], [CART]).map(({ host, path, pathType, port }) => [host, path, pathType, port]),
  ).toEqual([
    ['a.example', '/cart', 'Exact', '8080'],
    ['a.example', null, '', '8080'],
    ['b.example', '/cart', 'Exact', '8080'],
    ['b.example', null, '', '8080'],
  ]);
  expect(rulesTo([route], [{ namespace: 'other', name: 'cart' }])).toHaveLength(2);
});

test('Services are found by the addresses of their endpoints', () => {
  const slice = kubernetesObjectSchema.parse({
    kind: 'EndpointSlice',
    metadata: {
      ...{ name: 'cart-x', namespace: 'shop' },
      labels: { 'kubernetes.io/service-name': 'cart' },
    },
    endpoints: [{ addresses: ['10.0.0.7'] }],
  });
  expect(servicesWithEndpoint([slice], '10.0.0.7')).toEqual([CART]);
  expect(servicesWithEndpoint([slice], '10.0.0.8')).toEqual([]);
});
