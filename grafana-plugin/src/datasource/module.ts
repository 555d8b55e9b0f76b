import { DataSourcePlugin } from '@grafana/data';
import { ConfigEditor } from './ConfigEditor.tsx';
import { HoptraceDataSource } from './HoptraceDataSource.ts';
import { QueryEditor } from './QueryEditor.tsx';
import type { HoptraceOptions, HoptraceQuery, HoptraceSecrets } from './query.ts';

export const plugin = new DataSourcePlugin<
  HoptraceDataSource,
  HoptraceQuery,
  HoptraceOptions,
  HoptraceSecrets
>(HoptraceDataSource)
  .setConfigEditor(ConfigEditor)
  .setQueryEditor(QueryEditor);
