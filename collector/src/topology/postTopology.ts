/**
 * POST /api/v1/topology: the topology of a cluster, for places where the collector may not ask Kubernetes itself. The
 * body is what `kubectl get nodes,pods,services,endpointslices,ingresses -A -o json` prints, as in a topology file; what it does
 * not list is gone. `kinds` and `namespace` say that it is a part, and then only objects of that part are gone.
 */
import type { IncomingMessage } from 'node:http';
import { KNOWN_KINDS } from '@hoptrace/domain/wire/kubernetes.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError, type FieldProblem } from '../errors.ts';
import { forbidden } from '../http/auth.ts';
import { type BodyLimits, readBody } from '../http/readBody.ts';
import { parseTopology, REQUEST } from './parseTopology.ts';
import { takeSnapshot } from './takeSnapshot.ts';
import { ANY_CLUSTER, type TopologyBook } from './topologyBook.ts';

const querySchema = z.strictObject({
  cluster: z.string().max(64).default(ANY_CLUSTER),
  kinds: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(KNOWN_KINDS)))
    .optional(),
  namespace: z.string().min(1).max(253).optional(),
});

export interface PostTopologyOptions {
  readonly book: TopologyBook;
  readonly limits: BodyLimits;
  /** Kubernetes is watched, or there is a file: two who tell would contradict each other. */
  readonly isTold: () => boolean;
  readonly nowMs: () => number;
}

export function registerPostTopology(app: FastifyInstance, options: PostTopologyOptions): void {
  const { book, isTold, nowMs } = options;
  // A whole cluster is larger than a batch, plain or packed.
  const limits = { ...options.limits, maxBatchBytes: options.limits.maxInflatedBytes };
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      (request: FastifyRequest, payload: IncomingMessage) =>
        readBody(payload, request.headers['content-encoding'], limits),
    );
    scope.addContentTypeParser('*', async () => {
      throw new AppError('HOP_MEDIA_TYPE_UNSUPPORTED', '/api/v1/topology reads application/json');
    });
    const bodyLimit = limits.maxInflatedBytes;
    scope.post('/api/v1/topology', { bodyLimit }, async (request) => {
      if (isTold()) throw alreadyTold();
      const { cluster, kinds, namespace } = parseQuery(request.query);
      // A token of one node speaks for its records, not for its cluster.
      const refused = forbidden(request.identity, { cluster, node: 'topology' });
      if (refused !== null) throw refused;
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
      const objects = parseTopology(Buffer.from(body).toString('utf8'), REQUEST);
      const isCovered = (key: string) =>
        (kinds === undefined || kinds.some((kind) => key.startsWith(`${kind} `))) &&
        (namespace === undefined || key.split(' ')[1]?.startsWith(`${namespace}/`) === true);
      for (const { kind, metadata } of objects)
        if (!isCovered(`${kind} ${metadata.namespace}/${metadata.name}`))
          throw outside(`${kind} ${metadata.namespace}/${metadata.name}`);
      const atUs = nowMs() * 1000;
      const changes = takeSnapshot(book, { cluster, objects, atUs, source: 'post', isCovered });
      return { objects: objects.length, changes };
    });
  });
}

function parseQuery(query: unknown): z.infer<typeof querySchema> {
  const parsed = querySchema.safeParse(query);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue): FieldProblem => {
    const field = issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.join('.');
    return { field, text: issue.message, remedy: 'known are cluster, kinds and namespace' };
  });
  throw new AppError('HOP_REQUEST_INVALID', 'the query is not valid', { problems });
}

function outside(name: string): AppError {
  const remedy = 'leave it out, or widen kinds and namespace';
  return new AppError('HOP_REQUEST_INVALID', 'the body holds more than the query says', {
    problems: [{ field: 'items', text: `${name} is not of the named part`, remedy }],
  });
}

function alreadyTold(): AppError {
  const remedy = 'unset HOPTRACE_TOPOLOGY_FILE and set HOPTRACE_KUBERNETES=off to tell it by POST';
  return new AppError('HOP_TOPOLOGY_TOLD', 'this collector has its topology from elsewhere', {
    problems: [{ field: 'topology', text: 'comes from a watch or a file', remedy }],
  });
}
