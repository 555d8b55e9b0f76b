/** The parts of Kubernetes objects that are compared for changes; what is missing is not compared. */
import { z } from 'zod';

const policy = z.string().default('');
const comparedPortSchema = z.object({
  name: z.string().default(''),
  port: z.int(),
  nodePort: z.int().optional(),
});
export const comparedServiceSchema = z.object({
  spec: z.object({
    type: z.string().default('ClusterIP'),
    externalTrafficPolicy: policy,
    internalTrafficPolicy: policy,
    healthCheckNodePort: z.int().default(0),
    loadBalancerSourceRanges: z.array(z.string()).nullable().default([]),
    ports: z.array(comparedPortSchema).default([]),
  }),
});
export const comparedSliceSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        nodeName: z.string().nullable().optional(),
        conditions: z
          .object({
            ready: z.boolean().nullable().default(true),
            terminating: z.boolean().nullable().default(false),
          })
          .prefault({}),
      }),
    )
    .nullable()
    .default([]),
});

export type ComparedPort = z.infer<typeof comparedPortSchema>;
