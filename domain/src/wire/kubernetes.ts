/**
 * The parts of `kubectl get nodes,pods,services,endpointslices,ingresses -A -o json` that hoptrace reads.
 * Objects of other kinds, and fields that are not named here, are ignored.
 */
import { z } from 'zod';
import { proxyArguments, proxySettingData } from './proxySettings.ts';

const labels = z.record(z.string(), z.string()).default({});
const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  labels,
  annotations: labels,
  uid: z.string().optional(),
  /** RFC 3339, whole seconds. */
  creationTimestamp: z.string().nullable().optional(),
  /** Set: the object is being deleted; a Pod still serves until it is gone. */
  deletionTimestamp: z.string().nullable().optional(),
  ownerReferences: z
    .array(z.object({ kind: z.string(), name: z.string(), controller: z.boolean().optional() }))
    .optional(),
});
const policy = z.enum(['Cluster', 'Local']);

export const nodeSchema = z.object({
  kind: z.literal('Node'),
  metadata,
  spec: z.object({ podCIDRs: z.array(z.string()).default([]) }).prefault({}),
  status: z.object({
    addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
  }),
});
export const podSchema = z.object({
  kind: z.literal('Pod'),
  metadata,
  spec: z.object({
    nodeName: z.string().optional(),
    hostNetwork: z.boolean().default(false),
    containers: z
      .array(
        z.object({
          ports: z
            .array(
              z.object({
                containerPort: z.int(),
                protocol: z.string().default('TCP'),
                hostPort: z.int().optional(),
                hostIP: z.string().optional(),
              }),
            )
            .nullable()
            .default([]),
          args: proxyArguments,
          command: proxyArguments,
        }),
      )
      .default([]),
  }),
  status: z.object({
    /** Of a Pod that Succeeded or Failed the addresses are free for others. */
    phase: z.string().optional(),
    /** When the kubelet took the Pod on, before it has an address. RFC 3339, whole seconds. */
    startTime: z.string().nullable().optional(),
    conditions: z
      .array(z.object({ type: z.string(), status: z.string() }))
      .nullable()
      .optional(),
    podIPs: z.array(z.object({ ip: z.string() })).default([]),
    /** `containerd://<id>` and the image it runs, by digest. */
    containerStatuses: z
      .array(
        z.object({
          containerID: z.string().default(''),
          image: z.string().default(''),
          imageID: z.string().default(''),
        }),
      )
      .nullable()
      .default([]),
  }),
});
export const serviceSchema = z.object({
  kind: z.literal('Service'),
  metadata,
  spec: z.object({
    type: z.string().default('ClusterIP'),
    clusterIPs: z.array(z.string()).default([]),
    externalTrafficPolicy: policy.optional(),
    internalTrafficPolicy: policy.optional(),
    healthCheckNodePort: z.int().optional(),
    externalIPs: z.array(z.string()).nullable().default([]),
    loadBalancerSourceRanges: z.array(z.string()).nullable().default([]),
    ports: z
      .array(
        z.object({
          name: z.string().default(''),
          protocol: z.string().default('TCP'),
          port: z.int(),
          nodePort: z.int().optional(),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      loadBalancer: z
        .object({
          ingress: z
            .array(
              z.object({
                ip: z.string().optional(),
                ipMode: z.string().optional(),
                hostname: z.string().optional(),
              }),
            )
            .nullable()
            .default([]),
        })
        .prefault({}),
    })
    .prefault({}),
});
export const endpointSliceSchema = z.object({
  kind: z.literal('EndpointSlice'),
  metadata,
  ports: z
    .array(z.object({ name: z.string().nullable().default(''), port: z.int() }))
    .nullable()
    .default([]),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        nodeName: z.string().nullable().optional(),
        zone: z.string().nullable().optional(),
        hints: z
          .object({
            forNodes: z
              .array(z.object({ name: z.string() }))
              .nullable()
              .default([]),
            forZones: z
              .array(z.object({ name: z.string() }))
              .nullable()
              .default([]),
          })
          .nullable()
          .optional(),
        conditions: z
          .object({
            ready: z.boolean().nullable().default(true),
            serving: z.boolean().nullable().default(true),
            terminating: z.boolean().nullable().default(false),
          })
          .prefault({}),
      }),
    )
    .nullable()
    .default([]),
});

const loadBalancerStatus = z
  .object({
    loadBalancer: z
      .object({
        ingress: z
          .array(z.object({ ip: z.string().optional(), hostname: z.string().optional() }))
          .nullable()
          .default([]),
      })
      .prefault({}),
  })
  .prefault({});
const ingressBackend = z.object({
  service: z
    .object({
      name: z.string(),
      port: z.object({ name: z.string().optional(), number: z.int().optional() }).prefault({}),
    })
    .optional(),
});
export const ingressSchema = z.object({
  kind: z.literal('Ingress'),
  metadata,
  spec: z
    .object({
      ingressClassName: z.string().nullable().optional(),
      defaultBackend: ingressBackend.nullable().optional(),
      tls: z
        .array(z.object({ hosts: z.array(z.string()).nullable().default([]) }))
        .nullable()
        .default([]),
      rules: z
        .array(
          z.object({
            /** Absent: any host. */
            host: z.string().optional(),
            http: z
              .object({
                paths: z
                  .array(
                    z.object({
                      path: z.string().default(''),
                      pathType: z.string().default('ImplementationSpecific'),
                      backend: ingressBackend,
                    }),
                  )
                  .nullable()
                  .default([]),
              })
              .nullable()
              .optional(),
          }),
        )
        .nullable()
        .default([]),
    })
    .prefault({}),
  status: loadBalancerStatus,
});
export const gatewaySchema = z.object({
  kind: z.literal('Gateway'),
  metadata,
  spec: z.object({
    gatewayClassName: z.string().default(''),
    listeners: z
      .array(
        z.object({
          name: z.string(),
          hostname: z.string().nullable().optional(),
          port: z.int(),
          protocol: z.string(),
        }),
      )
      .default([]),
  }),
  status: z
    .object({
      addresses: z
        .array(z.object({ type: z.string().nullable().optional(), value: z.string().default('') }))
        .nullable()
        .default([]),
    })
    .prefault({}),
});
export const httpRouteSchema = z.object({
  kind: z.literal('HTTPRoute'),
  metadata,
  spec: z
    .object({
      parentRefs: z
        .array(
          z.object({
            kind: z.string().default('Gateway'),
            namespace: z.string().nullable().optional(),
            name: z.string(),
            sectionName: z.string().nullable().optional(),
          }),
        )
        .nullable()
        .default([]),
      hostnames: z.array(z.string()).nullable().default([]),
      rules: z
        .array(
          z.object({
            matches: z
              .array(
                z.object({
                  path: z
                    .object({
                      type: z.string().default('PathPrefix'),
                      value: z.string().default('/'),
                    })
                    .nullable()
                    .optional(),
                  method: z.string().nullable().optional(),
                }),
              )
              .nullable()
              .default([]),
            backendRefs: z
              .array(
                z.object({
                  kind: z.string().default('Service'),
                  namespace: z.string().nullable().optional(),
                  name: z.string(),
                  port: z.int().nullable().optional(),
                  weight: z.int().nullable().optional(),
                }),
              )
              .nullable()
              .default([]),
          }),
        )
        .nullable()
        .default([]),
    })
    .prefault({}),
});

export const configMapSchema = z.object({
  kind: z.literal('ConfigMap'),
  metadata,
  data: proxySettingData,
});

export const KNOWN_KINDS = [
  'Node',
  'Pod',
  'Service',
  'EndpointSlice',
  'Ingress',
  'Gateway',
  'HTTPRoute',
  'ConfigMap',
] as const;
export const kubernetesObjectSchema = z.discriminatedUnion('kind', [
  nodeSchema,
  podSchema,
  serviceSchema,
  endpointSliceSchema,
  ingressSchema,
  gatewaySchema,
  httpRouteSchema,
  configMapSchema,
]);
/** What `kubectl get … -o json` prints: a List, or a single object. */
export const kubernetesListSchema = z.object({
  kind: z.literal('List'),
  items: z.array(z.object({ kind: z.string() }).loose()),
});

export type KubernetesObject = z.infer<typeof kubernetesObjectSchema>;
export type NodeObject = z.infer<typeof nodeSchema>;
export type PodObject = z.infer<typeof podSchema>;
export type ServiceObject = z.infer<typeof serviceSchema>;
export type EndpointSliceObject = z.infer<typeof endpointSliceSchema>;
export type IngressObject = z.infer<typeof ingressSchema>;
export type GatewayObject = z.infer<typeof gatewaySchema>;
export type HttpRouteObject = z.infer<typeof httpRouteSchema>;
export type ConfigMapObject = z.infer<typeof configMapSchema>;
