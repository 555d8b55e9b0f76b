/** What all routes share: their dependencies and the problems that any of them may answer. */
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { ApiMetrics } from '../metrics.ts';
import type { PathStore } from '../pathStore.ts';
import { PROBLEM_TYPE } from '../problem.ts';

export type ApiApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface RouteDeps {
  readonly store: PathStore;
  readonly nowUs: () => number;
  readonly metrics: ApiMetrics;
  readonly webRoot: string;
}

const problem = (description: string) => ({
  description,
  content: { [PROBLEM_TYPE]: { schema: problemSchema } },
});

/** A JSON answer with what it holds. */
export const ok = <T extends z.ZodType>(description: string, schema: T) => ({
  description,
  content: { 'application/json': { schema } },
});

export const PROBLEMS = {
  '4xx': problem('The request is at fault: `errors` names each field, and what to write instead'),
  '5xx': problem('The API or its store is at fault; the log has the cause under the request id'),
};
