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
import { failureText } from '../rest/failure.ts';
import { type HealthWord, healthOf, missingText, NO_URL, NOT_HOPTRACE } from '../rest/health.ts';
import { AD_HOC_KEYS, FilterError, withAdHocFilters } from './adHoc.ts';
import { answerOf } from './answer.ts';
import { filledQuery } from './filled.ts';
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

  /** A failed query is told beside its panel; the others of the request are answered. */
  async query(request: DataQueryRequest<HoptraceQuery>): Promise<DataQueryResponse> {
    const answers = await Promise.all(
      request.targets
        .filter((query) => this.filterQuery(query))
        .map((query) => this.answer(query, request)),
    );
    const errors = answers.flatMap((answer) => answer.errors ?? []);
    const data = answers.flatMap((answer) => answer.data);
    return errors.length === 0 ? { data } : { data, errors, state: LoadingState.Error };
  }

  private async answer(
    query: HoptraceQuery,
    { scopedVars, range, maxDataPoints, app, filters }: DataQueryRequest<HoptraceQuery>,
  ): Promise<DataQueryResponse> {
    const { refId } = query;
    try {
      const filled = filledQuery(query, (text) =>
        getTemplateSrv().replace(text, scopedVars, 'csv'),
      );
      if (filled.kind === 'path' && filled.pathId === undefined && filled.sample !== true)
        return { data: [] };
      const frames = await answerOf({
        reader: this.readerOf(query),
        query: withAdHocFilters(filled, filters ?? []),
        range: { fromMs: range.from.valueOf(), toMs: range.to.valueOf() },
        maxSteps: maxDataPoints ?? 100,
        isExplore: app === CoreApp.Explore,
      });
      return { data: frames.map((frame): DataFrame => toDataFrame({ ...frame, refId })) };
    } catch (error) {
      const isOurs = error instanceof FilterError;
      const message = isOurs ? error.message : failureText(error instanceof Object ? error : {});
      return { data: [], errors: [{ refId, message }] };
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
