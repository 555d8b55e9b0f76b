import {
  CoreApp,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  DataSourceApi,
  type DataSourceGetTagValuesOptions,
  type DataSourceInstanceSettings,
  LoadingState,
  type MetricFindValue,
  type TestDataSourceResponse,
  toDataFrame,
} from '@grafana/data';
import { getTemplateSrv } from '@grafana/runtime';
import { catchError, concatMap, defer, from, map, merge, type Observable, of } from 'rxjs';
import { pathListFrame } from '../frames/pathList.ts';
import { failureText } from '../rest/failure.ts';
import { type HealthWord, healthOf, missingText, NO_URL, NOT_HOPTRACE } from '../rest/health.ts';
import { AD_HOC_KEYS, FilterError, withAdHocFilters } from './adHoc.ts';
import { type Asked, answerOf, limitOf, pathFilters, pathsOf, windowOf } from './answer.ts';
import { filledQuery } from './filled.ts';
import { livePaths } from './livePaths.ts';
import type { HoptraceOptions, HoptraceQuery } from './query.ts';
import { ApiReader, type Reader } from './reader.ts';
import { SampleReader } from './sampleReader.ts';
import { HoptraceVariables, type Lister, valuesOf } from './variables.tsx';

const QUARTER_HOUR_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 3600 * 1000;

export class HoptraceDataSource
  extends DataSourceApi<HoptraceQuery, HoptraceOptions>
  implements Lister
{
  private readonly api: ApiReader;
  private readonly hasUrl: boolean;
  private readonly samples: SampleReader;

  constructor(settings: DataSourceInstanceSettings<HoptraceOptions>) {
    super(settings);
    this.api = new ApiReader(settings.url ?? '');
    this.hasUrl = (settings.jsonData.apiUrl ?? '') !== '';
    const samplesUrl = `${settings.meta.baseUrl}/samples.json`;
    this.samples = new SampleReader(async () => (await fetch(samplesUrl)).json());
    this.annotations = { getDefaultQuery: () => ({ kind: 'refusalMarks' }) };
    this.variables = new HoptraceVariables(this);
  }

  override getDefaultQuery(): Partial<HoptraceQuery> {
    return { kind: 'paths' };
  }

  override filterQuery(query: HoptraceQuery): boolean {
    if (query.hide === true) return false;
    return query.kind !== 'path' || query.sample === true || (query.pathId ?? '') !== '';
  }

  query(request: DataQueryRequest<HoptraceQuery>): Observable<DataQueryResponse> {
    const wanted = request.targets.filter((query) => this.filterQuery(query));
    const once = wanted.filter((query) => !isLive(query));
    return merge(
      this.all(once, request),
      ...wanted.filter(isLive).map((query) => this.stream(query, request)),
    );
  }

  /** A failed query is told beside its panel; the others of the request are answered. */
  private async all(
    queries: readonly HoptraceQuery[],
    request: DataQueryRequest<HoptraceQuery>,
  ): Promise<DataQueryResponse> {
    const answers = await Promise.all(queries.map((query) => this.answer(query, request)));
    const errors = answers.flatMap((answer) => answer.errors ?? []);
    const data = answers.flatMap((answer) => answer.data);
    return errors.length === 0 ? { data } : { data, errors, state: LoadingState.Error };
  }

  /** The list, and from then on what is found; a list that fails is told, and nothing streams. */
  private stream(
    query: HoptraceQuery,
    request: DataQueryRequest<HoptraceQuery>,
  ): Observable<DataQueryResponse> {
    const { refId } = query;
    return defer(() => {
      const asked = this.asked(query, request);
      const limit = limitOf(asked.query);
      const filters = pathFilters(asked.query);
      return from(pathsOf(asked)).pipe(
        concatMap(({ items }) =>
          livePaths(this.api.liveAddress(filters), items, limit, () =>
            this.api.paths({ ...filters, from: windowOf(asked).from }, limit),
          ),
        ),
      );
    }).pipe(
      map(({ paths, missing }) => ({
        data: [toDataFrame({ ...pathListFrame(paths, { missing }), refId })],
        ...{ key: refId, state: LoadingState.Streaming },
      })),
      catchError((error) => of(failed(refId, error))),
    );
  }

  private asked(
    query: HoptraceQuery,
    { scopedVars, range, maxDataPoints, app, filters }: DataQueryRequest<HoptraceQuery>,
  ): Asked {
    const filled = filledQuery(query, (text) => getTemplateSrv().replace(text, scopedVars, 'csv'));
    return {
      reader: this.readerOf(query),
      query: withAdHocFilters(filled, filters ?? []),
      range: { fromMs: range.from.valueOf(), toMs: range.to.valueOf() },
      maxSteps: maxDataPoints ?? 100,
      isExplore: app === CoreApp.Explore,
    };
  }

  private async answer(
    query: HoptraceQuery,
    request: DataQueryRequest<HoptraceQuery>,
  ): Promise<DataQueryResponse> {
    const { refId } = query;
    try {
      const asked = this.asked(query, request);
      const { kind, pathId, sample } = asked.query;
      if (kind === 'path' && pathId === undefined && sample !== true) return { data: [] };
      const frames = await answerOf(asked);
      return { data: frames.map((frame): DataFrame => toDataFrame({ ...frame, refId })) };
    } catch (error) {
      return failed(refId, error);
    }
  }

  private readerOf({ sample }: Pick<HoptraceQuery, 'sample'>): Reader {
    return sample === true ? this.samples : this.api;
  }

  /** Names for variables and filters, of the last 24 hours unless a range is given. */
  async list(what: string, range?: { fromMs: number; toMs: number }): Promise<MetricFindValue[]> {
    const { fromMs, toMs } = range ?? { fromMs: Date.now() - DAY_MS, toMs: Date.now() };
    const values = await valuesOf(this.api, what, { from: `${fromMs}000`, to: `${toMs}000` });
    return values.map((text) => ({ text, value: text }));
  }

  override getTagKeys(): Promise<MetricFindValue[]> {
    return Promise.resolve(AD_HOC_KEYS.map((text) => ({ text })));
  }

  override getTagValues({ key }: DataSourceGetTagValuesOptions): Promise<MetricFindValue[]> {
    return this.list(key);
  }

  /** Says which of the things between Grafana and a shown path is missing first. */
  override async testDatasource(): Promise<TestDataSourceResponse> {
    return this.hasUrl ? this.health() : NO_URL;
  }

  private async health(): Promise<HealthWord> {
    const nowMs = Date.now();
    try {
      const overview = await this.api.overview({
        from: `${nowMs - QUARTER_HOUR_MS}000`,
        to: `${nowMs}000`,
      });
      return typeof overview?.agents?.known === 'number' ? healthOf(overview) : NOT_HOPTRACE;
    } catch (error) {
      const failure = error instanceof Object ? error : {};
      const missing = await this.missing();
      return { status: 'error', message: missing ?? failureText(failure) };
    }
  }

  /** What the API itself says that it lacks; null if it does not say. */
  private async missing(): Promise<string | null> {
    try {
      return missingText(await this.api.readiness());
    } catch (error) {
      const body = error instanceof Object ? Reflect.get(error, 'data') : null;
      return Array.isArray(body?.checks) ? missingText(body) : null;
    }
  }
}

function isLive({ kind, live, sample }: HoptraceQuery): boolean {
  return live === true && kind === 'paths' && sample !== true;
}

function failed(refId: string, error: unknown): DataQueryResponse {
  const isOurs = error instanceof FilterError;
  const message = isOurs ? error.message : failureText(error instanceof Object ? error : {});
  return { data: [], errors: [{ refId, message }], state: LoadingState.Error };
}
