/** The part of Jaeger's HTTP JSON that its UI and Grafana's data source read. Names are Jaeger's. */
import { z } from 'zod';

export const jaegerTagSchema = z.object({
  key: z.string(),
  type: z.enum(['string', 'bool', 'int64', 'float64']),
  value: z.union([z.string(), z.boolean(), z.number()]),
});

export const jaegerSpanSchema = z.object({
  traceID: z.string(),
  spanID: z.string(),
  operationName: z.string(),
  references: z.array(
    z.object({ refType: z.literal('CHILD_OF'), traceID: z.string(), spanID: z.string() }),
  ),
  startTime: z.int().describe('microseconds since the epoch'),
  duration: z.int().describe('microseconds'),
  tags: z.array(jaegerTagSchema),
  logs: z.array(z.object({ timestamp: z.int(), fields: z.array(jaegerTagSchema) })),
  processID: z.string(),
  warnings: z.array(z.string()).describe('what is not known'),
});

export const jaegerTraceSchema = z.object({
  traceID: z.string(),
  spans: z.array(jaegerSpanSchema),
  processes: z.record(
    z.string(),
    z.object({ serviceName: z.string(), tags: z.array(jaegerTagSchema) }),
  ),
  warnings: z.array(z.string()),
});

const envelope = <T extends z.ZodType>(data: T) =>
  z.object({
    data,
    total: z.int(),
    limit: z.int(),
    offset: z.int(),
    errors: z.null(),
  });

export const jaegerNamesSchema = envelope(z.array(z.string()));
export const jaegerTracesSchema = envelope(z.array(jaegerTraceSchema));
export const jaegerDependenciesSchema = envelope(
  z.array(z.object({ parent: z.string(), child: z.string(), callCount: z.int() })),
);

export type JaegerTag = z.infer<typeof jaegerTagSchema>;
export type JaegerSpan = z.infer<typeof jaegerSpanSchema>;
export type JaegerTrace = z.infer<typeof jaegerTraceSchema>;
