/** Query parameters: what a person should write for each, and errors that say so. */
import { ALERT_STATES, SEVERITIES } from '@hoptrace/domain/rest/alerts.ts';
import { OUTCOMES } from '@hoptrace/domain/rest/path.ts';
import { REFUSAL_KINDS } from '@hoptrace/domain/wire/v1.ts';
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { AppError, type FieldError } from './errors.ts';

const INSTANT_HELP =
  'Write microseconds since the epoch (1767225600000000) or an instant with its offset (2026-01-01T00:00:00Z, 2026-01-01T01:00:00%2B01:00: in a URL a + is a blank).';

/** Per parameter: what to write, with an example that is right. */
export const PARAMETER_HELP: Readonly<Record<string, string>> = {
  from: INSTANT_HELP,
  to: INSTANT_HELP,
  service: 'Write namespace/name or namespace/name:port, such as shop/web or shop/web:http.',
  client: 'Write one IPv4 or IPv6 address, such as 192.0.2.7 or 2001:db8::7.',
  node: 'Write the name of a node, such as node1.',
  extraHops: 'Write the least number of extra hops, such as 1.',
  outcome: `Write one of ${OUTCOMES.join(', ')}.`,
  kind: `Write one of ${REFUSAL_KINDS.join(', ')}.`,
  class:
    'Write A (witnessed), B (strong), C (inferred), D (ambiguous) or M (missing): the worst edge of the path.',
  limit: 'Write a number from 1 to 1000 (100000 with format=ndjson or csv).',
  cluster: 'Write the name of a cluster, as its agents tell it.',
  cause: 'Write a cause code, such as noLocalEndpoints.',
  gapSeconds: 'Write seconds from 1 to 3600.',
  fields:
    'Write names of fields with commas between them, such as pathId,client.ip,hops.rtt.valueNs.',
  format: 'Write one of json, ndjson, csv.',
  step: 'Write seconds that divide an hour into whole minutes (60, 300, 900), or whole hours (3600, 86400).',
  port: 'Write the name of a port of the service, such as http.',
  entryNode: 'Write the name of a node, such as node1.',
  ingress: 'Write namespace/pod, such as ingress-nginx/controller-7d4f9.',
  state: `Write one of ${ALERT_STATES.join(', ')}.`,
  severity: `Write one of ${SEVERITIES.join(', ')}.`,
  rule: 'Write the id of a rule, such as refused-connections.',
  silenceId: 'Write the silenceId of a silence, as GET /api/v1/silences lists it.',
  match: 'Write labels and their values, such as {"rule": "refused-connections", "node": "node3"}.',
  startsAtUs: 'Write microseconds since the epoch, or leave it out for now.',
  endsAtUs: 'Write microseconds since the epoch (1767225600000000).',
  createdBy: 'Write who sets it.',
  comment: 'Write why.',
  at: INSTANT_HELP,
  namespace: 'Write the name of a namespace, such as shop.',
  name: 'Write the name of an object, such as web.',
  caller: 'Write the name of a token, such as on-call.',
  tenant: 'Write the name of a tenant, as the token file has it.',
  action: 'Write the operationId of an operation, such as createSilence.',
  subject: 'Write what was changed, such as the silenceId of a silence.',
  requestId: 'Write the X-Request-Id of an answer.',
  cursor: 'Write the nextCursor of the page before, unchanged, or leave it out for the first page.',
};
const MAX_SHOWN = 80;

type Issue = z.core.$ZodIssue;

/** Fastify's validator: parses with the route's zod schema; what fails becomes an AppError, answered with 400. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const isQuery = httpPart === 'querystring';
  return (data) => {
    const result = schema.safeParse(data);
    const issues = [...(result.error?.issues ?? []), ...emptyNumbers(data, result.error)];
    if (result.success && issues.length === 0) return { value: result.data };
    return { error: parameterError(issues, data, known, isQuery) };
  };
};

/** Number('') is 0, so that coercion would take `extraHops=` for a value that nobody wrote. */
function emptyNumbers(data: unknown, error: z.ZodError | undefined): Issue[] {
  if (typeof data !== 'object' || data === null) return [];
  const isTold = (key: string) => error?.issues.some((issue) => issue.path[0] === key) ?? false;
  return Object.entries(data)
    .filter(([key, value]) => typeof value === 'string' && value.trim() === '' && !isTold(key))
    .filter(([key]) => Object.hasOwn(PARAMETER_HELP, key))
    .map(([key, input]) => ({ code: 'custom', path: [key], message: 'is empty', input }));
}

/** A failed parse of `data` as one HOP_PARAMETER_UNKNOWN or HOP_PARAMETER_INVALID that names every field. */
export function parameterError(
  issues: readonly Issue[],
  data: unknown,
  known: readonly string[],
  isQuery = true,
) {
  const errors = issues.flatMap((issue) => fieldErrors(issue, { data, known, isQuery }));
  const onlyUnknown = issues.every((issue) => issue.code === 'unrecognized_keys');
  return new AppError(
    onlyUnknown ? 'HOP_PARAMETER_UNKNOWN' : 'HOP_PARAMETER_INVALID',
    errors.map((error) => `${error.text} ${error.remedy}`).join(' '),
    { errors },
  );
}

/** One bad value outside the schemas' reach, such as a window that ends before it starts. */
export function badParameter(field: string, text: string, remedy = PARAMETER_HELP[field] ?? '') {
  return new AppError('HOP_PARAMETER_INVALID', `${text} ${remedy}`, {
    errors: [{ field, text, remedy }],
  });
}

/** A cursor that this API did not make, or that was made for another question. */
export function badCursor(text: string) {
  const remedy = PARAMETER_HELP.cursor ?? '';
  return new AppError('HOP_CURSOR_INVALID', `${text} ${remedy}`, {
    errors: [{ field: 'cursor', text, remedy }],
  });
}

interface Given {
  readonly data: unknown;
  readonly known: readonly string[];
  /** In a query, a list is a parameter that was given more than once. */
  readonly isQuery: boolean;
}

function fieldErrors(issue: Issue, { data, known, isQuery }: Given): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: shown(key),
      text: `There is no parameter ${quoted(key)} here.`,
      remedy:
        known.length === 0
          ? 'This address takes no parameters.'
          : `Known parameters: ${known.join(', ')}.`,
    }));
  }
  const field = shown(issue.path.map(String).join('.'));
  const value = issue.path.reduce(valueAt, data);
  if (isQuery && Array.isArray(value)) {
    const text = `${field} is given ${value.length} times.`;
    return [{ field, text, remedy: `Give ${field} once.` }];
  }
  return [{ field, text: textOf(issue, field, value), remedy: remedyOf(issue, field) }];
}

function textOf({ code, message }: Issue, field: string, value: unknown): string {
  // Without a path it is the whole that is wrong.
  if (field === '') return code === 'invalid_type' ? 'The body is no JSON object.' : `${message}.`;
  return value === undefined ? `${field} is missing.` : `${field} cannot be ${quoted(value)}.`;
}

function remedyOf(issue: Issue, field: string): string {
  if (issue.code === 'invalid_value') return `Write one of ${issue.values.join(', ')}.`;
  return PARAMETER_HELP[field] ?? `${issue.message}.`;
}

function valueAt(holder: unknown, key: PropertyKey): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key)
    ? Reflect.get(holder, key)
    : undefined;
}

/** What a body holds may be anything: an object's own toString is not to be called. */
function quoted(value: unknown): string {
  if (value === '') return 'empty';
  const isNested = typeof value === 'object' && value !== null;
  return isNested ? nested(value) : JSON.stringify(shown(String(value)));
}

function nested(value: object): string {
  try {
    return shown(JSON.stringify(value));
  } catch {
    // Deeper than the stack.
    return Array.isArray(value) ? 'such a list' : 'such an object';
  }
}

function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
