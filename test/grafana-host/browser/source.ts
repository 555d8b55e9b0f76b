/** The data source as Grafana would make it: from its built module and its stored settings. */
import {
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  type DataSourcePlugin,
  dateTime,
  type PluginMeta,
  type TimeRange,
} from '@grafana/data';
import {
  filter,
  firstValueFrom,
  from,
  isObservable,
  lastValueFrom,
  type Observable,
  share,
  tap,
} from 'rxjs';
import type { Scene } from '../scene.ts';
import { loadModule } from './amd.ts';

export const SOURCE_ID = 'hoptrace-hoptrace-datasource';
const SOURCE_UID = 'hoptrace';
const QUARTER_HOUR_MS = 15 * 60 * 1000;

export type AnyPlugin = DataSourcePlugin<DataSourceApi>;

export async function metaOf(id: string): Promise<PluginMeta> {
  const response = await fetch(`/public/plugins/${id}/plugin.json`);
  return { ...(await response.json()), baseUrl: `public/plugins/${id}` };
}

export async function loadSource(
  scene: Scene,
): Promise<{ plugin: AnyPlugin; source: DataSourceApi }> {
  const { plugin } = (await loadModule(`/public/plugins/${SOURCE_ID}/module.js`)) as {
    plugin: AnyPlugin;
  };
  const settings = {
    id: 1,
    uid: SOURCE_UID,
    name: 'hoptrace',
    type: SOURCE_ID,
    url: `/api/datasources/proxy/uid/${SOURCE_UID}`,
    access: 'proxy',
    readOnly: false,
    jsonData: { apiUrl: scene.apiUrl ?? 'http://hoptrace-api:7040' },
    meta: await metaOf(SOURCE_ID),
  };
  const source = new plugin.DataSourceClass(settings as unknown as DataSourceInstanceSettings);
  return { plugin, source };
}

export function recentRange(): TimeRange {
  const to = dateTime();
  const range = { from: dateTime(to.valueOf() - QUARTER_HOUR_MS), to };
  return { ...range, raw: range };
}

export interface Answer {
  readonly frames: DataFrame[];
  readonly errors: string[];
}

export async function ask(
  source: DataSourceApi,
  targets: readonly object[],
  scene: Scene,
): Promise<Answer> {
  const request = {
    requestId: 'Q1',
    app: scene.app ?? 'dashboard',
    interval: '1s',
    intervalMs: 1000,
    maxDataPoints: 100,
    range: recentRange(),
    scopedVars: {},
    filters: scene.filters ?? [],
    targets: targets.map((target, index) => ({
      refId: String.fromCharCode(65 + index),
      ...target,
    })),
    timezone: 'utc',
    startTime: Date.now(),
  };
  const answered = source.query(request as unknown as DataQueryRequest);
  const answers = isObservable(answered) ? answered : from(answered);
  const { data, errors } = targets.some((target) => Reflect.get(target, 'live') === true)
    ? await followed(answers)
    : await lastValueFrom(answers);
  return {
    frames: data as DataFrame[],
    errors: (errors ?? []).map(({ message }) => message ?? 'no message'),
  };
}

/** The first answer of a stream; the newest is always at `window.hostStream`, until the page goes. */
function followed(answers: Observable<DataQueryResponse>): Promise<DataQueryResponse> {
  return firstValueFrom(
    answers.pipe(
      // What is asked once is answered first, and a stream under its own key.
      filter(({ key, errors }) => key !== undefined || errors !== undefined),
      tap(({ data, state, key }) => {
        Reflect.set(window, 'hostStream', { frames: data, state, key });
      }),
      share({ resetOnRefCountZero: false }),
    ),
  );
}
