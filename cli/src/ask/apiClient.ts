/** Asks the REST API. Every way in which it can fail becomes a CliError with its exit code and what to do. */
import { problemSchema } from '@hoptrace/domain/rest/queries.ts';
import type { z } from 'zod';
import { CliError, EXIT } from './exitCodes.ts';
import type { ApiSettings } from './settings.ts';

/** Above the API's own time-out for queries (10 s). */
const TIMEOUT_MS = 30_000;

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface ApiClient {
  readonly settings: ApiSettings;
  /** GET of JSON, checked. Throws CliError. */
  get<S extends z.ZodType>(schema: S, path: string, query?: Query): Promise<z.output<S>>;
  /** Asks for a change; the answer is checked as that of `get`. Throws CliError. */
  change<S extends z.ZodType>(
    schema: S,
    method: 'POST' | 'DELETE',
    path: string,
    body?: object,
  ): Promise<z.output<S>>;
}

export function apiClient(settings: ApiSettings): ApiClient {
  const ask = async <S extends z.ZodType>(schema: S, path: string, init: RequestInit) => {
    const response = await send(`${settings.url}${path}`, settings, init);
    const body = await bodyOf(response, settings);
    if (!response.ok) throw refusal(response.status, body);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new CliError(
      EXIT.software,
      `The API answered what this version does not understand: ${issue?.path.join('.')}: ${issue?.message}.`,
      'Use the hoptrace command of the same version as the API.',
    );
  };
  return {
    settings,
    get: (schema, path, query = {}) => ask(schema, `${path}${searchOf(query)}`, {}),
    change: (schema, method, path, body) =>
      ask(schema, path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
  };
}

export function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

async function send(url: string, settings: ApiSettings, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('accept', 'application/json');
  if (settings.token !== null) headers.set('authorization', `Bearer ${settings.token}`);
  try {
    return await fetch(url, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw unreachable(settings.url, error);
  }
}

async function bodyOf(response: Response, settings: ApiSettings): Promise<unknown> {
  const text = await response.text().catch((error: unknown) => {
    throw unreachable(settings.url, error);
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError(
      EXIT.unavailable,
      `${settings.url} answered ${response.status} without JSON: this is no hoptrace API.`,
      'Check HOPTRACE_API_URL (or --url).',
    );
  }
}

export function unreachable(url: string, error: unknown): CliError {
  return new CliError(
    EXIT.unavailable,
    `No answer from ${url}: ${reasonOf(error)}.`,
    'Start it (npm start, or npm start -- --demo), or name another with HOPTRACE_API_URL.',
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message === '' ? String(Reflect.get(cause, 'code') ?? cause.name) : cause.message;
}

/** What the API refused, in its own words. */
export function refusal(status: number, body: unknown): CliError {
  const problem = problemSchema.safeParse(body).data;
  const detail = problem?.detail ?? `The API answered ${status}.`;
  if (status === 401 || status === 403) {
    return new CliError(EXIT.noPermission, detail, 'Set HOPTRACE_API_TOKEN.');
  }
  if (problem?.code.endsWith('_NOT_FOUND') === true && problem.code !== 'HOP_NOT_FOUND') {
    return new CliError(EXIT.nothing, detail);
  }
  if (status === 404) {
    return new CliError(
      EXIT.software,
      detail,
      'This API may be older than the command: use the same version of both.',
    );
  }
  if (status >= 400 && status < 500 && status !== 429) return new CliError(EXIT.usage, detail);
  return new CliError(EXIT.unavailable, detail);
}
