/** The decision table: each row's folder through the outcome function and, where agents see it, through reconstruct(). */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataPlane } from '@hoptrace/domain/kubernetes/dataPlanes.ts';
import { EMPTY_HISTORY, topologyAsOf, withSnapshot } from '@hoptrace/domain/kubernetes/history.ts';
import { expectedJourney, type Journey } from '@hoptrace/domain/kubernetes/journey.ts';
import {
  at,
  evidenceOf,
  headerOf,
  legsOf,
  refusalOf,
  type TapSpec,
} from '@hoptrace/domain/reconstruct/builders.ts';
import type { Context } from '@hoptrace/domain/reconstruct/evidence.ts';
import { reconstruct } from '@hoptrace/domain/reconstruct/reconstruct.ts';
import type { Path } from '@hoptrace/domain/rest/path.ts';
import { DATA_PLANE_ANNOTATION } from '@hoptrace/domain/topology/nodes.ts';
import type { Topology } from '@hoptrace/domain/topology/topology.ts';
import type { KubernetesObject } from '@hoptrace/domain/wire/kubernetes.ts';
import type { ScenarioResult } from './result.ts';
import { type Expected, expectedSchema, type Scenario, scenarioSchema } from './scenario.ts';

const FOLDER = path.join(path.dirname(fileURLToPath(import.meta.url)), 'table');
/** The topology was read an hour before the connection, so nothing is in transition. */
const SNAPSHOT_US = 1_789_996_400_000_000;
const CONNECTION_US = 1_790_000_000_000_000;

export interface TableRow {
  readonly id: string;
  readonly drawing: string;
  readonly scenario: Scenario;
  readonly expected: Expected;
}

export async function readTable(): Promise<TableRow[]> {
  const ids = (await readdir(FOLDER)).sort();
  return Promise.all(
    ids.map(async (id): Promise<TableRow> => {
      const read = (name: string) => readFile(path.join(FOLDER, id, name), 'utf8');
      return {
        id,
        drawing: await read('drawing.txt'),
        scenario: scenarioSchema.parse(JSON.parse(await read('scenario.json'))),
        expected: expectedSchema.parse(JSON.parse(await read('expected.json'))),
      };
    }),
  );
}

export async function runTable(): Promise<ScenarioResult[]> {
  return (await readTable()).map(judgeRow);
}

export function judgeRow({ id, scenario, expected }: TableRow): ScenarioResult {
  const reasons = scenario.dataPlanes.flatMap((plane) => {
    const topology = topologyOf(scenario.topology.items, plane);
    const journey = journeyOf(scenario, topology);
    return [
      ...journeyDifferences(journey, expected),
      ...pathDifferences(scenario, expected, topology),
    ].map((reason) => `${plane}: ${reason}`);
  });
  return { id, suite: 'table', right: reasons.length === 0, reasons };
}

/** Through the history, as the collector does it: one snapshot, looked up at the connection's start. */
function topologyOf(items: readonly KubernetesObject[], plane: DataPlane): Topology {
  const objects = items.map((object): KubernetesObject => {
    if (object.kind !== 'Node') return object;
    const annotations = { ...object.metadata.annotations, [DATA_PLANE_ANNOTATION]: plane };
    return { ...object, metadata: { ...object.metadata, annotations } };
  });
  return topologyAsOf(withSnapshot(EMPTY_HISTORY, objects, SNAPSHOT_US), CONNECTION_US);
}

function journeyOf({ entry, nodeAddresses }: Scenario, topology: Topology): Journey {
  const { balancer } = entry;
  return expectedJourney(topology, {
    ...entry,
    src: at(entry.src),
    dst: at(entry.dst),
    balancer: balancer === null ? null : { ...balancer, to: at(balancer.to) },
    addressesByNode: new Map(Object.entries(nodeAddresses)),
  });
}

function journeyDifferences(journey: Journey, expected: Expected): string[] {
  const { outcome } = journey;
  return [
    ...differs('machines', journey.machines.join(' | '), expected.machines.join(' | ')),
    ...differs('crossings', journey.crossings, expected.crossings),
    ...differs('extra', journey.crossings > journey.minCrossings, expected.isExtra),
    ...Object.entries(expected.sees).flatMap(([party, source]) =>
      differs(`source seen by ${party}`, journey.sees[party]?.[0] ?? 'nothing', source),
    ),
    ...differs('result', journey.result, expected.result),
    ...differs('cause', journey.cause, expected.cause),
    ...differs('inferred', (outcome?.inferred ?? []).length > 0, expected.isInferred),
    ...(expected.alsoPossible === undefined
      ? []
      : differs('also possible', outcome?.alsoPossible.join(), expected.alsoPossible.join())),
    ...(expected.returnsThroughEntry === undefined
      ? []
      : differs(
          'returns through the entry node',
          journey.returnsThroughEntry,
          expected.returnsThroughEntry,
        )),
    ...conntrackDifferences(journey, expected),
  ];
}

function conntrackDifferences({ conntrack }: Journey, expected: Expected): string[] {
  if (expected.conntrack === null || conntrack === null) {
    return differs(
      'conntrack',
      conntrack === null ? 'none' : 'kept',
      expected.conntrack === null ? 'none' : 'kept',
    );
  }
  return Object.entries(expected.conntrack).flatMap(([machine, entries]) => {
    const said = conntrack
      .filter((entry) => entry.machine === machine)
      .map((entry) => `${entry.original} | ${entry.reply} | ${entry.state}`);
    return differs(
      `conntrack of ${machine}`,
      said.sort().join('; '),
      [...entries].sort().join('; '),
    );
  });
}

function pathDifferences(scenario: Scenario, expected: Expected, topology: Topology): string[] {
  const { observation } = scenario;
  if (observation === null) {
    return expected.path === null ? [] : ['a path is expected of no observation'];
  }
  if (expected.path === null) return ['what the observation should give is not said'];
  const [found, second] = pathsOf(observation, topology, scenario);
  if (found === undefined) return ['no path'];
  if (second !== undefined) return ['more than one path'];
  const { outcome, cause, extraHops, crossings, client } = expected.path;
  return [
    ...differs('path outcome', found.outcome, outcome),
    ...differs('path cause', found.refusal?.cause ?? null, cause),
    ...differs('path extra hops', found.extraHops, extraHops),
    ...(crossings === undefined ? [] : differs('path crossings', found.crossings, crossings)),
    ...(client === undefined ? [] : differs('path client', found.client.ip, client)),
  ];
}

function pathsOf(
  observation: NonNullable<Scenario['observation']>,
  topology: Topology,
  { nodeAddresses }: Scenario,
): Path[] {
  const taps = observation.taps.map((tap): TapSpec => {
    const { nat, ...rest } = tap;
    return nat === undefined ? rest : { ...rest, nat };
  });
  const refusal = observation.refusal;
  const refused = refusal === null ? undefined : taps[refusal.tap];
  const context: Context = {
    cluster: 'test',
    topology,
    addressesByNode: new Map(Object.entries(nodeAddresses)),
  };
  const { tap: _tap, ...fields } = refusal ?? { tap: 0 };
  const defined = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  const header = observation.proxyHeader;
  const evidence = evidenceOf(
    ...legsOf({ id: 1, taps, startUs: CONNECTION_US, isAnswered: observation.isAnswered }),
    ...(refused === undefined ? [] : [refusalOf(1, refused, defined)]),
    ...(header === null ? [] : [headerOf(1, header)]),
  );
  return reconstruct(evidence, context);
}

function differs(what: string, said: unknown, wanted: unknown): string[] {
  return said === wanted ? [] : [`${what}: said ${String(said)}, expected ${String(wanted)}`];
}
