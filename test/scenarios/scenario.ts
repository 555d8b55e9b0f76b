/** The files of one row of the decision table: scenario.json (topology, entry, observation) and expected.json. */
import { DATA_PLANES } from '@hoptrace/domain/kubernetes/dataPlanes.ts';
import { kubernetesObjectSchema } from '@hoptrace/domain/wire/kubernetes.ts';
import {
  nodeAddressSchema,
  REFUSAL_EVIDENCE,
  REFUSAL_KINDS,
  TAP_DIRECTIONS,
  TAP_ROLES,
} from '@hoptrace/domain/wire/v1.ts';
import { z } from 'zod';

/** `10.0.0.1:80`. */
const endpointText = z.string().regex(/^[\d.]+:\d+$/);
const flowText = z.string().regex(/^[\d.]+:\d+ > [\d.]+:\d+$/);

const tap = z.strictObject({
  node: z.string(),
  role: z.enum(TAP_ROLES),
  direction: z.enum(TAP_DIRECTIONS),
  tuple: flowText,
  nat: z.tuple([flowText, flowText]).optional(),
});

export const scenarioSchema = z.strictObject({
  row: z.string(),
  title: z.string(),
  evidence: z.enum(['measured', 'emulated', 'source']).describe('how the row itself is known'),
  dataPlanes: z.array(z.enum(DATA_PLANES)).min(1).describe('the row holds for each of these'),
  topology: z.strictObject({
    kind: z.literal('List'),
    items: z.array(kubernetesObjectSchema),
  }),
  nodeAddresses: z.record(z.string(), z.array(nodeAddressSchema)),
  entry: z.strictObject({
    src: endpointText,
    srcMachine: z.string().nullable(),
    dst: endpointText,
    entryNode: z.string().nullable(),
    balancer: z
      .strictObject({
        kind: z.enum(['route', 'dnat', 'snat', 'proxy']),
        machine: z.string(),
        ip: z.string(),
        to: endpointText,
      })
      .nullable(),
    chosenIp: z.string().nullable(),
    server: z.enum(['listening', 'closedPort', 'gone', 'wantsProxyHeader']),
    cniMasquerades: z.boolean(),
  }),
  observation: z
    .strictObject({
      taps: z.array(tap).min(1),
      isAnswered: z.boolean(),
      refusal: z
        .strictObject({
          tap: z.int().min(0),
          refusal: z.enum(REFUSAL_KINDS),
          evidence: z.enum(REFUSAL_EVIDENCE),
          icmpType: z.int().optional(),
          icmpCode: z.int().optional(),
          reason: z.string().optional(),
        })
        .nullable(),
      proxyHeader: flowText.nullable(),
    })
    .nullable()
    .describe(
      'what agents on the nodes report; null: the row has nothing that the path engine sees',
    ),
});

export const expectedSchema = z.strictObject({
  machines: z.array(z.string()),
  crossings: z.int(),
  isExtra: z.boolean(),
  sees: z.record(z.string(), z.string()).describe('party → the source address that it sees'),
  result: z.enum([
    'served',
    'timeout',
    'icmpRefused',
    'rstRefused',
    'stalled',
    'closedWithoutData',
    'unknown',
  ]),
  cause: z.string().nullable(),
  alsoPossible: z.array(z.string()).optional(),
  returnsThroughEntry: z.boolean().optional(),
  conntrack: z
    .record(z.string(), z.array(z.string()))
    .nullable()
    .describe('machine → `original | reply | state`; machines that are not named are not judged'),
  isInferred: z.boolean().describe('the answer has to say that it rests on more than measurements'),
  path: z
    .strictObject({
      outcome: z.string(),
      cause: z.string().nullable(),
      extraHops: z.int(),
      crossings: z.int().optional(),
      client: z.string().nullable().optional(),
    })
    .nullable(),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Expected = z.infer<typeof expectedSchema>;
