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
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema }) => {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return (data) => {
    const result = schema.safeParse(data);
    const issues = [...(result.error?.issues ?? []), ...emptyNumbers(data, result.error)];
    if (result.success && issues.length === 0) return { value: result.data };
    return { error: parameterError(issues, data, known) };
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
export function parameterError(issues: readonly Issue[], data: unknown, known: readonly string[]) {
  const errors = issues.flatMap((issue) => fieldErrors(issue, data, known));
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

function fieldErrors(issue: Issue, data: unknown, known: readonly string[]): FieldError[] {
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
  const field = issue.path.map(String).join('.');
  const value = givenValue(data, field);
  if (Array.isArray(value)) {
    const text = `${field} is given ${value.length} times.`;
    return [{ field, text, remedy: `Give ${field} once.` }];
  }
  return [{ field, text: `${field} cannot be ${quoted(value)}.`, remedy: remedyOf(issue, field) }];
}

function remedyOf(issue: Issue, field: string): string {
  if (issue.code === 'invalid_value') return `Write one of ${issue.values.join(', ')}.`;
  return PARAMETER_HELP[field] ?? `${issue.message}.`;
}

function givenValue(data: unknown, field: string): unknown {
  if (typeof data !== 'object' || data === null) return undefined;
  return Object.entries(data).find(([key]) => key === field)?.[1];
}

function quoted(value: unknown): string {
  return value === '' ? 'empty' : JSON.stringify(shown(String(value)));
}

function shown(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
