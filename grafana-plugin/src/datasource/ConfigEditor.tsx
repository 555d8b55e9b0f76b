import type { DataSourcePluginOptionsEditorProps } from '@grafana/data';
import { InlineField, Input, SecretInput } from '@grafana/ui';
import type { HoptraceOptions, HoptraceSecrets } from './query.ts';

type Props = DataSourcePluginOptionsEditorProps<HoptraceOptions, HoptraceSecrets>;

const LABEL_WIDTH = 14;
const FIELD_WIDTH = 50;

/** Address of the API, and its token. Grafana keeps the token on the server; the browser never gets it back. */
export function ConfigEditor({ options, onOptionsChange }: Props) {
  /** Not the kept one any more. */
  const setToken = (token: string) =>
    onOptionsChange({
      ...options,
      secureJsonData: { ...options.secureJsonData, token },
      secureJsonFields: { ...options.secureJsonFields, token: false },
    });
  return (
    <>
      <InlineField
        label="API URL"
        labelWidth={LABEL_WIDTH}
        tooltip="As the Grafana server reaches it, not the browser"
      >
        <Input
          id="hoptrace-api-url"
          width={FIELD_WIDTH}
          placeholder="http://hoptrace-api:7040"
          value={options.jsonData.apiUrl ?? ''}
          onChange={({ currentTarget }) => {
            const apiUrl = currentTarget.value.trim().replace(/\/+$/, '');
            onOptionsChange({ ...options, jsonData: { ...options.jsonData, apiUrl } });
          }}
        />
      </InlineField>
      <InlineField
        label="Token"
        labelWidth={LABEL_WIDTH}
        tooltip="HOPTRACE_API_TOKEN of the API; leave it empty where the API asks for none"
      >
        <SecretInput
          id="hoptrace-token"
          width={FIELD_WIDTH}
          isConfigured={options.secureJsonFields?.token === true}
          value={options.secureJsonData?.token ?? ''}
          onReset={() => setToken('')}
          onChange={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </InlineField>
    </>
  );
}
