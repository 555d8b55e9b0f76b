/** A panel plugin in Grafana's own panel frame, with the props that a dashboard would hand it. */
import {
  applyFieldOverrides,
  createTheme,
  type DataFrame,
  EventBusSrv,
  LoadingState,
  type PanelPlugin,
  type PanelProps,
} from '@grafana/data';
import { PanelChrome } from '@grafana/ui';
import { recentRange } from './source.ts';

interface PanelFrameProps {
  readonly plugin: PanelPlugin;
  readonly title: string;
  readonly frames: readonly DataFrame[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly width: number;
  readonly height: number;
  readonly isDark: boolean;
  readonly errors: readonly string[];
}

const nothing = () => {};

export function PanelFrame({
  plugin,
  title,
  frames,
  options,
  width,
  height,
  isDark,
  errors,
}: PanelFrameProps) {
  const theme = createTheme({ colors: { mode: isDark ? 'dark' : 'light' } });
  const fieldConfig = { defaults: {}, overrides: [] };
  const series = applyFieldOverrides({
    data: [...frames],
    fieldConfig,
    theme,
    replaceVariables: (text) => text,
    fieldConfigRegistry: plugin.fieldConfigRegistry,
    timeZone: 'utc',
  });
  const timeRange = recentRange();
  const Panel = plugin.panel;
  if (Panel === null) return null;
  const props = {
    id: 1,
    title,
    data: {
      series,
      state: errors.length === 0 ? LoadingState.Done : LoadingState.Error,
      timeRange,
      errors: errors.map((message) => ({ message })),
    },
    timeRange,
    timeZone: 'utc',
    options: { ...plugin.defaults, ...options },
    fieldConfig,
    transparent: false,
    renderCounter: 0,
    eventBus: new EventBusSrv(),
    onOptionsChange: nothing,
    onFieldConfigChange: nothing,
    replaceVariables: (text: string) => text,
    onChangeTimeRange: nothing,
  } satisfies Omit<PanelProps, 'width' | 'height'>;
  return (
    <PanelChrome
      title={title}
      width={width}
      height={height}
      padding={plugin.noPadding === true ? 'none' : 'md'}
    >
      {(innerWidth, innerHeight) => <Panel {...props} width={innerWidth} height={innerHeight} />}
    </PanelChrome>
  );
}
