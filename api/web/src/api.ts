/** Calls of the API. Every call has a time-out and ends in a value: a failure is something to show, not to throw. */
import type { Alert } from '../../../domain/src/rest/alerts.ts';
import type { Outcome, Path } from '../../../domain/src/rest/path.ts';
import type { PathList, Problem, RefusalList } from '../../../domain/src/rest/queries.ts';

/** ClickHouse queries may take seconds on a cold cache; after this long something else is wrong. */
const TIMEOUT_MS = 15_000;

export interface Failure {
  readonly kind: 'problem' | 'unreachable' | 'timeout' | 'malformed';
  readonly status: number | null;
  readonly title: string;
  readonly detail: string;
  readonly remedies: readonly string[];
}

export type Answer<T> =
  | { readonly ok: true; readonly data: T }
  | { readonly ok: false; readonly failure: Failure };

/** The part of GET /api/v1/overview that this page draws. */
export interface Overview {
  readonly paths: number;
  readonly outcomes: Partial<Record<Outcome, number>>;
  readonly withExtraHops: number;
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly port: string;
    readonly paths: number;
  }[];
  readonly agents: { readonly known: number; readonly silent: number };
}

type Parse<T> = (body: unknown) => T | null;

export function fetchPaths(query: URLSearchParams, signal: AbortSignal): Promise<Answer<PathList>> {
  return getJson(`/api/v1/paths?${query}`, signal, parsePathList);
}

export function fetchRefusals(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<RefusalList>> {
  return getJson(`/api/v1/refusals?${query}`, signal, parseRefusalList);
}

export function fetchPath(pathId: string, signal: AbortSignal): Promise<Answer<Path>> {
  return getJson(`/api/v1/paths/${encodeURIComponent(pathId)}`, signal, parsePath);
}

export function fetchOverview(
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Answer<Overview>> {
  return getJson(`/api/v1/overview?${query}`, signal, parseOverview);
}

/** The part of GET /api/v1/alerts that this page draws. */
export interface AlertList {
  readonly items: readonly Alert[];
  /** Microseconds since the epoch; null: never since the start, or alerts are off. */
  readonly evaluatedAtUs: number | null;
}

export function fetchAlerts(signal: AbortSignal): Promise<Answer<AlertList>> {
  return getJson('/api/v1/alerts', signal, parseAlertList);
}

export async function getJson<T>(
  url: string,
  signal: AbortSignal,
  parse: Parse<T>,
): Promise<Answer<T>> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.any([signal, timeout]),
    });
    const body: unknown = await response.json().catch(() => null);
    if (!response.ok) return failed(problemFailure(response, body));
    const data = parse(body);
    return data === null ? failed(malformed(response)) : { ok: true, data };
  } catch (error) {
    if (signal.aborted) throw error;
    return failed(timeout.aborted ? TIMED_OUT : UNREACHABLE);
  }
}

function failed(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

const TIMED_OUT: Failure = {
  kind: 'timeout',
  status: null,
  title: 'The API took too long',
  detail: `No answer within ${TIMEOUT_MS / 1000} s.`,
  remedies: ['Choose a shorter time range or a narrower filter.', 'Look at /readyz of the API.'],
};

const UNREACHABLE: Failure = {
  kind: 'unreachable',
  status: null,
  title: 'The API cannot be reached',
  detail: 'The connection failed before an answer came.',
  remedies: [
    'Is hoptrace still running? Start it with npm start.',
    'Look at the network between this browser and the API.',
  ],
};

function malformed(response: Response): Failure {
  return {
    kind: 'malformed',
    status: response.status,
    title: 'The answer was not understood',
    detail: `${response.url} answered ${response.status}, but not with the document that this page expects.`,
    remedies: [
      'Reload the page: it may be older than the API.',
      'If a proxy stands between, look whether it answers with a page of its own.',
    ],
  };
}

function problemFailure(response: Response, body: unknown): Failure {
  const problem = parseProblem(body);
  const fallback = `The API answered ${response.status} ${response.statusText}`.trim();
  const detail = problem?.detail ?? '';
  // The detail often is the first error, word for word; nobody needs to read it twice.
  const others = (problem?.errors ?? []).filter(
    ({ text, remedy }) => !(detail.includes(text) && detail.includes(remedy)),
  );
  return {
    kind: 'problem',
    status: response.status,
    title: problem?.title ?? fallback,
    detail,
    remedies: others.map(({ field, text, remedy }) => `${field}: ${text} ${remedy}`.trim()),
  };
}

/** The request itself is at fault: asking again changes nothing. 408 and 429 are about the moment. */
export function isLasting({ status }: Failure): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/*
 * Parsers look at what tells the document from another one; the API validates the rest before it answers.
 */
function parsePathList(body: unknown): PathList | null {
  return hasItems(body) ? (body as PathList) : null;
}

function parseRefusalList(body: unknown): RefusalList | null {
  return hasItems(body) ? (body as RefusalList) : null;
}

function parseAlertList(body: unknown): AlertList | null {
  return hasItems(body) ? (body as AlertList) : null;
}

function hasItems(body: unknown): boolean {
  return isObject(body) && Array.isArray(body.items) && 'nextCursor' in body;
}

function parsePath(body: unknown): Path | null {
  const isPath = isObject(body) && typeof body.pathId === 'string' && Array.isArray(body.hops);
  return isPath ? (body as unknown as Path) : null;
}

function parseOverview(body: unknown): Overview | null {
  const isOverview =
    isObject(body) &&
    typeof body.paths === 'number' &&
    isObject(body.outcomes) &&
    Array.isArray(body.services) &&
    isObject(body.agents);
  return isOverview ? (body as unknown as Overview) : null;
}

function parseProblem(body: unknown): Problem | null {
  return isObject(body) && typeof body.title === 'string' && typeof body.status === 'number'
    ? (body as unknown as Problem)
    : null;
}

export function isObject(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null;
}
