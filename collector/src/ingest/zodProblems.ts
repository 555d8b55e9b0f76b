/** zod issues as problems that name field, value and remedy. */
import type { z } from 'zod';
import type { FieldProblem } from '../errors.ts';

const MAX_VALUE_CHARS = 100;

/** One problem per issue, in zod's order. `input` is what was parsed: the refused values are read from it. */
export function problemsOf(error: z.ZodError, input: unknown): FieldProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, input));
}

function problemsOfIssue(issue: z.core.$ZodIssue, input: unknown): FieldProblem[] {
  const field = formatField(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: formatField([...issue.path, key]),
      text: 'is no field of schema version 1',
      remedy: 'remove it or correct its spelling',
      value: showValue(valueAt(input, [...issue.path, key])),
    }));
  }
  const value = valueAt(input, issue.path);
  const text = value === undefined ? 'is missing' : issue.message;
  return [{ field, text, remedy: remedyOf(issue), value: showValue(value) }];
}

function remedyOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `send ${withArticle(String(issue.expected))}`;
    case 'invalid_value':
      return `send one of ${issue.values.map((each) => JSON.stringify(each)).join(', ')}`;
    case 'invalid_union':
      return `send one of ${unionOptions(issue).join(', ')}`;
    case 'too_big':
      return `send at most ${issue.maximum}`;
    case 'too_small':
      return `send at least ${issue.minimum}`;
    default:
      return 'see the schema in domain/src/wire/v1.ts';
  }
}

function unionOptions(issue: z.core.$ZodIssueInvalidUnion): string[] {
  return 'options' in issue && Array.isArray(issue.options)
    ? issue.options.map((each) => JSON.stringify(each))
    : ['the alternatives of the schema'];
}

function withArticle(type: string): string {
  if (type === 'int') return 'an integer';
  return /^[aeio]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** `items[3].spec.ports[0].port`; the empty path is `record`. */
export function formatField(path: readonly PropertyKey[]): string {
  const text = path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return text === '' ? 'record' : text.replace(/^\./, '');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, part) ? Reflect.get(value, part) : undefined;
  }
  return value;
}

/** A value as JSON, cut to a length that a log line can bear. */
export function showValue(value: unknown): string {
  const text = jsonOf(value);
  return text.length <= MAX_VALUE_CHARS ? text : `${text.slice(0, MAX_VALUE_CHARS)}…`;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined';
  } catch {
    // What was nested deeply enough was read without the stack that writing it takes.
    return Array.isArray(value) ? '[[…' : '{{…';
  }
}
