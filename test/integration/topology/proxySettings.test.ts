/** From the ConfigMap of an ingress controller to the finding of REST: API server, collector, ClickHouse, API. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildApi } from '@hoptrace/api/app.ts';
import { clickhouseStore } from '@hoptrace/api/clickhouseStore.ts';
import { readConfig as readApiConfig } from '@hoptrace/api/config.ts';
import { buildCollector } from '@hoptrace/collector/app.ts';
import { readConfig } from '@hoptrace/collector/config.ts';
import { collectorStoreOf } from '@hoptrace/collector/storeAdapter.ts';
import { loadBalancerListSchema } from '@hoptrace/domain/rest/loadBalancers.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestStore, type TestStore } from '../embedded.ts';
import { type ApiObject, ApiServer } from './apiServer.ts';

const PATIENCE_MS = 60_000;
const NAMESPACE = 'ingress-nginx';
const CONFIG_MAP = { name: 'ingress-nginx-controller', namespace: NAMESPACE };

const server = new ApiServer();
const closing: (() => Promise<unknown>)[] = [];
let store: TestStore;
let api: Awaited<ReturnType<typeof buildApi>>;

beforeAll(async () => {
  store = await startTestStore();
  const apiServerUrl = await server.listen();
  const directory = await mkdtemp(path.join(os.tmpdir(), 'hoptrace-proxy-settings-'));
  const env = {
    HOPTRACE_COLLECTOR_PORT: '0',
    HOPTRACE_COLLECTOR_DATA_DIR: directory,
    HOPTRACE_KUBERNETES: apiServerUrl,
    HOPTRACE_KUBERNETES_CLUSTER: 'lab',
  };
  for (const object of cluster()) server.put(object);
  const config = readConfig(env, () => '');
  const collector = buildCollector({ config, store: collectorStoreOf(store.store) });
  await collector.start();
  api = await buildApi({
    config: readApiConfig({}, () => ''),
    store: clickhouseStore(store.store),
    nowUs: () => Date.now() * 1000,
  });
  closing.push(
    () => api.close(),
    () => collector.close(),
    () => rm(directory, { recursive: true }),
    () => server.close(),
    () => store.stop(),
  );
}, 2 * PATIENCE_MS);

afterAll(async () => {
  for (const close of closing) await close();
}, PATIENCE_MS);

function cluster(): ApiObject[] {
  const controller = { name: 'controller-1', namespace: NAMESPACE };
  return [
    {
      kind: 'Service',
      metadata: {
        ...{ name: 'controller', namespace: NAMESPACE },
        annotations: { 'hoptrace/load-balancer-sends-proxy-protocol': 'v2' },
      },
      spec: { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30_080 }] },
    },
    {
      kind: 'EndpointSlice',
      metadata: {
        ...{ name: 'controller-abc', namespace: NAMESPACE },
        labels: { 'kubernetes.io/service-name': 'controller' },
      },
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ['10.244.1.10'], nodeName: 'node1', conditions: { ready: true } }],
    },
    {
      kind: 'Pod',
      metadata: controller,
      spec: {
        nodeName: 'node1',
        containers: [
          {
            args: [
              '/nginx-ingress-controller',
              '--configmap=$(POD_NAMESPACE)/ingress-nginx-controller',
              '--publish-status-address=SECRET',
            ],
          },
        ],
      },
      status: { phase: 'Running', podIPs: [{ ip: '10.244.1.10' }] },
    },
    configMap('true'),
  ];
}

function configMap(value: string): ApiObject {
  return {
    kind: 'ConfigMap',
    metadata: CONFIG_MAP,
    data: { 'use-proxy-protocol': value, 'http-snippet': 'SECRET' },
  };
}

async function balancersAt(query = '') {
  const answer = await api.inject(`/api/v1/load-balancers${query}`);
  expect(answer.statusCode).toBe(200);
  return loadBalancerListSchema.parse(answer.json()).items;
}

async function untilAgreement(agreement: string) {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const [item] = await balancersAt();
    if (item?.proxyProtocol.agreement === agreement) return item.proxyProtocol;
    if (Date.now() > endMs) throw new Error(`not ${agreement}: ${JSON.stringify(item)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test(
  'a setting that changes is told, that of before is still told of before, and nothing else is kept',
  async () => {
    const place = `${CONFIG_MAP.namespace}/${CONFIG_MAP.name}`;
    expect(await untilAgreement('agree')).toMatchObject({
      ...{ sends: 'v2', expects: 'on', expectsBy: `ConfigMap ${place}` },
    });
    const beforeUs = Date.now() * 1000;
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.put(configMap('false'));
    const broken = await untilAgreement('sentNotExpected');
    expect(broken.remedy).toContain(`use-proxy-protocol: "true" in ConfigMap ${place}`);
    const [before] = await balancersAt(`?at=${beforeUs}`);
    expect(before?.proxyProtocol.agreement).toBe('agree');
    server.remove('ConfigMap', CONFIG_MAP.name, NAMESPACE);
    expect((await untilAgreement('unknown')).text).toContain(place);

    const stored = await store.store.select({
      name: 'test',
      sql: 'SELECT count() AS n, countIf(position(object, {word:String}) > 0) AS found FROM topology_v1',
      params: { word: 'SECRET' },
    });
    expect(stored).toEqual([{ n: expect.stringMatching(/^[1-9]/), found: '0' }]);
  },
  3 * PATIENCE_MS,
);
