/** One scenario's files, read and checked. A file that does not parse is an error that names it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import { buildTopology } from '@hoptrace/domain/topology/topology.ts';
import { kubernetesListSchema, kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import { recordSchema } from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';
import { type Expectation, expectationSchema, truthSchema } from './expectation.ts';
import type { SceneRecord } from './scenes/scene.ts';
import type { Truth } from './scenes/truth.ts';

export interface ScenarioFolder {
  readonly id: string;
  readonly records: readonly SceneRecord[];
  readonly truth: readonly Truth[];
  readonly expected: Expectation;
  readonly context: Context;
}

const ROOT = import.meta.dirname;
const sourceSchema = z.object({
  cluster: z.string().min(1),
  node: z.string().min(1),
  bootId: z.string().min(8),
});
const topologySchema = z.strictObject({
  agents: z.record(z.string(), z.array(z.string())),
  list: kubernetesListSchema,
});

export function readFolder(id: string): ScenarioFolder {
  const folder = join(ROOT, id);
  if (!existsSync(join(folder, 'drawing.txt'))) throw new Error(`${id}: drawing.txt is missing`);
  const expected = parse(join(folder, 'expected.json'), (text) =>
    expectationSchema.parse(JSON.parse(text)),
  );
  const own = join(folder, 'topology.json');
  return {
    id,
    expected,
    records: parse(join(folder, 'events.ndjson'), (text) => linesOf(text).map(parseRecord)),
    truth: parse(join(folder, 'truth.ndjson'), (text) =>
      linesOf(text).map((value) => truthSchema.parse(value)),
    ),
    context: parse(existsSync(own) ? own : join(ROOT, 'topology.json'), (text) =>
      contextOf(text, expected),
    ),
  };
}

function parse<T>(file: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

function parseRecord(value: unknown): SceneRecord {
  const { cluster, node, bootId, ...record } = z.looseObject(sourceSchema.shape).parse(value);
  return { ...recordSchema.parse(record), cluster, node, bootId };
}

function contextOf(text: string, { agentsDown, learned }: Expectation): Context {
  const { agents, list } = topologySchema.parse(JSON.parse(text));
  const up = Object.entries(agents).filter(([node]) => !agentsDown.includes(node));
  return {
    cluster: 'test',
    topology: buildTopology(list.items.map((item) => kubernetesObjectSchema.parse(item))),
    proxyHistory: new Map(Object.entries(learned)),
    addressesByNode: new Map(
      up.map(([node, ips]) => [node, ips.map((ip) => ({ ip, ifname: 'eth0' }))]),
    ),
  };
}
