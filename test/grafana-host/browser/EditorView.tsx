import type { DataSourceApi } from '@grafana/data';
import { type ComponentType, useState } from 'react';
import type { Scene } from '../scene.ts';
import type { AnyPlugin } from './source.ts';

interface EditorViewProps {
  readonly scene: Scene;
  readonly plugin: AnyPlugin;
  readonly source: DataSourceApi;
}

type Editor = ComponentType<Record<string, unknown>>;

/** The settings of the data source, or its query editor, with what they hand back shown below. */
export function EditorView({ scene, plugin, source }: EditorViewProps) {
  const [query, setQuery] = useState<unknown>({ refId: 'A', ...scene.queries?.[0] });
  const [options, setOptions] = useState<unknown>({
    jsonData: { apiUrl: scene.apiUrl ?? '' },
    secureJsonFields: {},
  });
  const Config = plugin.components.ConfigEditor as Editor | undefined;
  const Query = plugin.components.QueryEditor as Editor | undefined;
  return (
    <>
      {scene.show === 'config' && Config && (
        <Config options={options} onOptionsChange={setOptions} />
      )}
      {scene.show === 'query' && Query && (
        <Query datasource={source} query={query} onChange={setQuery} onRunQuery={() => {}} />
      )}
      <pre data-testid="edited">{JSON.stringify(scene.show === 'config' ? options : query)}</pre>
    </>
  );
}
